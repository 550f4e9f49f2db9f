"""Feeds a person releases in the store: their lane, their members, a verdict that comes late."""

from __future__ import annotations

import pytest

from domain.errors import Contended, NotYet
from domain.feed_polling import Verdict
from domain.feeds import FULFILLMENT, Feed, FeedOutcome, FeedState
from store.database import Store
from tests.fakes.feed_values import NOON, new_feed
from tests.fakes.stored_feeds import DONE, RESULT, at_amazon, now

FATAL = Verdict(FeedState.FATAL, FeedOutcome.FATAL, "FATAL", "")
LATE = Verdict(FeedState.LATE, FeedOutcome.LATE, "DONE", "result-1")


def released(store: Store, key: str = "12:00") -> Feed:
    return store.feeds.release(at_amazon(store, key, NOON).feed_id, who="a person", why="stuck")


def test_a_held_lane_stays_taken_until_a_person_releases_it(store: Store) -> None:
    feed = at_amazon(store, sent_at=NOON)
    store.feeds.processed(feed, FATAL, None, held="FATAL twice")
    store.feeds.close(feed.feed_id, FeedOutcome.FATAL)

    held = store.feeds.prepare(new_feed("12:20"))
    store.feeds.release(feed.feed_id, who="a person", why="looked at it")
    after = now(store, feed.feed_id)

    assert (held.feed_id, held.state, held.held) == (feed.feed_id, FeedState.APPLIED, "FATAL twice")
    assert (after.state, after.held, after.owed) == (FeedState.APPLIED, "", None)
    assert after.released_by == "a person"
    assert store.feeds.prepare(new_feed("12:20")).feed_id != feed.feed_id


def test_a_stuck_feed_that_is_released_is_owed_to_its_members_and_polled_on(store: Store) -> None:
    feed = released(store)

    assert (feed.state, feed.owed) == (FeedState.RELEASED, FeedOutcome.RELEASED)
    assert (feed.released_by, feed.released_why) == ("a person", "stuck")
    assert feed.released_at is not None
    assert feed.closed_at is not None
    assert store.feeds.lane("demo", FULFILLMENT).open_feed is None
    assert store.feeds.take_poll(feed.feed_id, 0, holder="a") == feed


def test_a_release_is_made_once(store: Store) -> None:
    feed = released(store)

    assert store.feeds.release(feed.feed_id, who="another", why="again") == feed


def test_a_late_verdict_takes_the_place_of_what_was_owed(store: Store) -> None:
    feed = released(store)

    store.feeds.processed(feed, LATE, RESULT)
    store.feeds.close(feed.feed_id, FeedOutcome.RELEASED)
    late = now(store, feed.feed_id)
    store.feeds.close(feed.feed_id, FeedOutcome.LATE)

    assert (late.state, late.owed) == (FeedState.LATE, FeedOutcome.LATE)
    assert now(store, feed.feed_id).state is FeedState.APPLIED


def test_a_released_feed_whose_members_were_told_still_waits_for_its_verdict(store: Store) -> None:
    feed = released(store)

    store.feeds.close(feed.feed_id, FeedOutcome.RELEASED)

    after = now(store, feed.feed_id)
    assert (after.state, after.owed) == (FeedState.RELEASED, None)
    assert store.feeds.take_poll(feed.feed_id, 0, holder="a") == after


def test_a_verdict_of_a_feed_released_meanwhile_is_asked_for_again(store: Store) -> None:
    feed = at_amazon(store)
    taken = store.feeds.take_poll(feed.feed_id, 0, holder="a")
    assert taken is not None
    store.feeds.release(feed.feed_id, who="a person", why="stuck")

    with pytest.raises(Contended):
        store.feeds.processed(taken, DONE, RESULT)

    assert store.feeds.take_poll(feed.feed_id, 0, holder="a") is not None


def test_a_released_feed_can_be_over_without_a_verdict(store: Store) -> None:
    feed = released(store)

    store.feeds.moot(feed, "Amazon cancelled it")

    after = now(store, feed.feed_id)
    assert (after.state, after.reason) == (FeedState.APPLIED, "Amazon cancelled it")


def test_a_release_before_anything_was_sent_withdraws_the_feed(store: Store) -> None:
    feed = store.feeds.claim(store.feeds.prepare(new_feed()).feed_id)

    after = store.feeds.release(feed.feed_id, who="a person", why="not wanted")

    assert (after.state, after.owed) == (FeedState.WITHDRAWN, FeedOutcome.WITHDRAWN)
    with pytest.raises(NotYet):
        store.feeds.documented(feed, "doc", NOON)
    assert store.feeds.claim(feed.feed_id) == after


def test_a_release_during_an_attempt_lets_amazons_id_come_later(store: Store) -> None:
    feed = store.feeds.claim(store.feeds.prepare(new_feed()).feed_id)
    feed = store.feeds.creating(store.feeds.uploaded(store.feeds.documented(feed, "doc", NOON)))
    store.feeds.release(feed.feed_id, who="a person", why="in a hurry")

    after = store.feeds.created(feed.feed_id, "A-1")

    assert store.feeds.created(feed.feed_id, "A-2") == after
    assert (after.state, after.amazon_feed_id) == (FeedState.RELEASED, "A-1")
    assert after.owed is FeedOutcome.RELEASED


def test_a_release_of_a_feed_with_a_verdict_leaves_the_verdict_to_its_members(
    store: Store,
) -> None:
    feed = at_amazon(store)
    store.feeds.processed(feed, DONE, RESULT)

    after = store.feeds.release(feed.feed_id, who="a person", why="a test")

    assert (after.state, after.owed) == (FeedState.DONE, FeedOutcome.DONE)
    assert store.feeds.lane("demo", FULFILLMENT).open_feed is None


def test_a_release_of_nothing_is_told(store: Store) -> None:
    with pytest.raises(LookupError):
        store.feeds.release("no-such-feed", who="a person", why="a slip")
