"""Feeds prepared in the store: one open feed per lane, dry ones, what a crash leaves behind."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.errors import NotYet
from domain.feeds import FULFILLMENT, LISTINGS, FeedMember, FeedOutcome, FeedState
from store.database import Store, connect
from tests.fakes.feed_values import FILE, MEMBER, NOON, new_feed
from tests.fakes.mongo import TEST_KEY
from tests.fakes.stored_feeds import claimed, submitted


def test_a_feed_is_prepared_with_its_content_and_members(store: Store) -> None:
    feed = store.feeds.prepare(new_feed())

    assert feed.state is FeedState.PREPARED
    assert feed.is_to_be_sent
    assert (feed.rows, feed.content_bytes) == (1, len(FILE))
    assert feed.created_at is not None
    assert store.feeds.get(feed.feed_id) == feed
    assert store.feeds.content(feed.feed_id) == FILE
    assert store.feeds.members(feed.feed_id) == (MEMBER,)
    assert store.feeds.result(feed.feed_id) is None


def test_members_come_back_in_the_order_of_the_file_whatever_they_leave_out(store: Store) -> None:
    members = (FeedMember(record=2, sku="B"), FeedMember(record=1, quantity=3), MEMBER)

    feed = store.feeds.prepare(new_feed(members=members))

    assert store.feeds.members(feed.feed_id) == members


def test_a_lane_has_one_open_feed(store: Store) -> None:
    first = store.feeds.prepare(new_feed("12:00"))

    assert store.feeds.prepare(new_feed("12:20", content=b"other")) == first
    assert store.feeds.content(first.feed_id) == FILE
    assert store.feeds.lane("demo", FULFILLMENT).open_feed == first


def test_another_account_or_type_has_a_lane_of_its_own(store: Store) -> None:
    store.feeds.prepare(new_feed())

    other = store.feeds.prepare(new_feed(account="other"))
    listings = store.feeds.prepare(new_feed("listings", feed_type=LISTINGS))

    assert other.account == "other"
    assert store.feeds.lane("demo", LISTINGS).open_feed == listings


def test_the_same_tick_gets_its_feed_again_even_after_it_closed(store: Store) -> None:
    feed = store.feeds.withdraw(claimed(store), "no reason")
    store.feeds.close(feed.feed_id, FeedOutcome.WITHDRAWN)

    again = store.feeds.prepare(new_feed(content=b"made of newer facts"))

    assert (again.feed_id, again.state) == (feed.feed_id, FeedState.WITHDRAWN)
    assert store.feeds.content(feed.feed_id) == FILE


def test_many_ticks_at_once_open_one_feed(store: Store, url: str) -> None:
    start = threading.Barrier(8)

    def tick(n: int) -> tuple[str, bytes]:
        with connect(url, store.database.name, cipher=TEST_KEY) as own:
            start.wait()
            feed = own.feeds.prepare(new_feed(f"{n % 4}", content=b"%d" % n))
            return feed.feed_id, own.feeds.content(feed.feed_id)

    with ThreadPoolExecutor(8) as pool:
        seen = set(pool.map(tick, range(8)))

    assert len(seen) == 1
    assert store.database["feeds"].count_documents({"state": {"$exists": True}}) == 1


def test_a_dry_feed_is_replaced_by_a_newer_one(store: Store) -> None:
    dry = store.feeds.prepare(new_feed("12:00", dry=True))

    newer = store.feeds.prepare(new_feed("12:20", dry=True, content=b"newer"))
    wet = store.feeds.prepare(new_feed("12:40"))

    replaced = store.feeds.get(dry.feed_id)
    assert replaced is not None
    assert replaced.state is FeedState.WITHDRAWN
    assert replaced.reason == "replaced by a newer one: writing to Amazon was switched off"
    assert replaced.owed is None
    assert (newer.dry, wet.dry) == (True, False)
    assert store.feeds.lane("demo", FULFILLMENT).open_feed == wet


def test_a_dry_feed_that_says_the_same_stays(store: Store) -> None:
    dry = store.feeds.prepare(new_feed("12:00", dry=True))

    assert store.feeds.prepare(new_feed("12:20", dry=True)) == dry


def test_a_dry_feed_is_never_claimed(store: Store) -> None:
    dry = store.feeds.prepare(new_feed(dry=True))

    assert store.feeds.claim(dry.feed_id) == dry
    assert not dry.is_to_be_sent


def test_a_draft_left_by_a_crash_is_no_feed_and_stops_nobody(store: Store) -> None:
    new = new_feed()
    store.database["feeds"].insert_one({"_id": new.feed_id, "drafted_at": NOON})

    assert store.feeds.get(new.feed_id) is None
    assert store.feeds.prepare(new).state is FeedState.PREPARED


def test_what_a_worker_kept_before_it_died_is_not_mixed_with_what_the_next_one_made(
    store: Store,
) -> None:
    store.feed_contents.keep(new_feed(content=b"of the dead"))
    store.feed_contents.keep(new_feed(members=()))

    feed = store.feeds.prepare(new_feed())

    assert store.feeds.content(feed.feed_id) == FILE
    assert store.feeds.members(feed.feed_id) == (MEMBER,)


def test_a_withdrawn_feed_leaves_its_lane_to_the_next(store: Store) -> None:
    withdrawn = store.feeds.withdraw(claimed(store), "switched off")

    assert (withdrawn.state, withdrawn.owed) == (FeedState.WITHDRAWN, FeedOutcome.WITHDRAWN)
    assert (withdrawn.reason, withdrawn.closed_at is None) == ("switched off", False)
    assert store.feeds.prepare(new_feed("12:20")).state is FeedState.PREPARED


def test_a_held_feed_is_left_alone_and_keeps_its_lane(store: Store) -> None:
    held = store.feeds.hold(claimed(store), "a person must look")

    assert store.feeds.claim(held.feed_id) == held
    assert store.feeds.prepare(new_feed("12:20")) == held


def test_the_next_feed_is_prepared_twenty_minutes_after_the_last_was_sent(store: Store) -> None:
    first = submitted(store)
    store.feeds.release(first.feed_id, who="a person", why="a test")

    with pytest.raises(NotYet) as wait:
        store.feeds.prepare(new_feed("12:20"))
    store.feeds.prepare(new_feed("12:20", account="other"))

    assert 1190 < wait.value.retry_after_s <= 1200
    assert 1190 < store.feeds.lane("demo", FULFILLMENT).ready_in_s <= 1200


def test_a_dry_feed_may_be_shown_at_any_time(store: Store) -> None:
    first = submitted(store)
    store.feeds.release(first.feed_id, who="a person", why="a test")

    assert store.feeds.prepare(new_feed("12:20", dry=True)).dry
