from __future__ import annotations

from domain.feeds import FeedState
from store.database import Store
from tests.fakes.feed_values import new_feed


def test_feeds_are_listed_newest_first_by_account_and_state(store: Store) -> None:
    east = store.feeds.prepare(new_feed(account="east"))
    west = store.feeds.prepare(new_feed(account="west"))
    gone = store.feeds.release(west.feed_id, who="a person", why="a test")
    views = store.feed_views

    assert views.list_feeds() == [gone, east]
    assert views.list_feeds(limit=1) == [gone]
    assert views.list_feeds(account="east") == [east]
    assert views.list_feeds(states=[FeedState.WITHDRAWN]) == [gone]
    assert views.list_feeds(states=[FeedState.DONE]) == []


def test_feeds_are_found_by_their_ids_oldest_first(store: Store) -> None:
    east = store.feeds.prepare(new_feed(account="east"))
    west = store.feeds.prepare(new_feed(account="west"))

    assert store.feed_views.feeds([west.feed_id, "none", east.feed_id]) == [east, west]
    assert store.feed_views.feeds([]) == []
