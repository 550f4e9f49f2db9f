"""Feeds in the store: lanes, claims, steps."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import Contended, NotYet
from domain.feeds import (
    FULFILLMENT,
    LISTINGS,
    Feed,
    FeedMember,
    FeedOutcome,
    FeedState,
)
from store.database import Store, connect
from tests.fakes.feed_values import FILE, MEMBER, NOON, new_feed
from tests.fakes.mongo import TEST_KEY


def let_pass(store: Store, feed_id: str, name: str = "sending_until") -> None:
    """Let a claim run out."""
    store.database["feeds"].update_one({"_id": feed_id}, {"$set": {name: NOON}})


def claimed(store: Store, key: str = "12:00") -> Feed:
    return store.feeds.claim(store.feeds.prepare(new_feed(key)).feed_id)


def uploaded(store: Store, key: str = "12:00") -> Feed:
    return store.feeds.uploaded(store.feeds.documented(claimed(store, key), "doc-1", NOON))


def submitted(store: Store, key: str = "12:00", amazon_id: str = "A-1") -> Feed:
    feed = store.feeds.creating(uploaded(store, key))
    return store.feeds.created(feed.feed_id, amazon_id)


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


def test_sending_is_claimed_by_one_worker(store: Store) -> None:
    feed = claimed(store)

    with pytest.raises(NotYet) as wait:
        store.feeds.claim(feed.feed_id)

    assert 100 < wait.value.retry_after_s <= 150
    assert feed.revision == 1


def test_a_claim_given_back_is_free(store: Store) -> None:
    feed = claimed(store)
    store.feeds.give_back(feed)

    assert store.feeds.claim(feed.feed_id).revision == 2


def test_a_worker_that_was_overtaken_does_not_free_the_claim_of_another(store: Store) -> None:
    slow = claimed(store)
    let_pass(store, slow.feed_id)
    store.feeds.claim(slow.feed_id)

    store.feeds.give_back(slow)

    with pytest.raises(NotYet):
        store.feeds.claim(slow.feed_id)


def test_a_withdrawn_feed_leaves_its_lane_to_the_next(store: Store) -> None:
    withdrawn = store.feeds.withdraw(claimed(store), "switched off")

    assert (withdrawn.state, withdrawn.owed) == (FeedState.WITHDRAWN, FeedOutcome.WITHDRAWN)
    assert (withdrawn.reason, withdrawn.closed_at is None) == ("switched off", False)
    assert store.feeds.prepare(new_feed("12:20")).state is FeedState.PREPARED


def test_a_worker_that_was_overtaken_writes_nothing(store: Store) -> None:
    slow = store.feeds.documented(claimed(store), "doc-1", NOON)
    let_pass(store, slow.feed_id)
    store.feeds.documented(store.feeds.claim(slow.feed_id), "doc-2", NOON)

    with pytest.raises(NotYet, match="took this feed over"):
        store.feeds.uploaded(slow)

    feed = store.feeds.get(slow.feed_id)
    assert feed is not None
    assert (feed.state, feed.document_id) == (FeedState.DOCUMENTED, "doc-2")


def test_the_steps_lead_to_a_feed_at_amazon(store: Store) -> None:
    feed = submitted(store)

    assert feed.state is FeedState.SUBMITTED
    assert (feed.amazon_feed_id, feed.adopted, feed.attempts) == ("A-1", False, 1)
    assert (feed.document_id, feed.amazon_at) == ("doc-1", NOON)
    assert feed.submitted_at is not None
    assert store.feeds.claim(feed.feed_id) == feed


def test_an_attempt_is_not_looked_into_before_amazon_shows_it(store: Store) -> None:
    feed = store.feeds.creating(uploaded(store))

    with pytest.raises(NotYet) as wait:
        store.feeds.claim(feed.feed_id)

    assert 120 < wait.value.retry_after_s <= 150


def test_after_a_look_in_vain_the_next_is_ten_minutes_later(store: Store) -> None:
    feed = store.feeds.creating(uploaded(store))
    let_pass(store, feed.feed_id)

    looked = store.feeds.looked(store.feeds.claim(feed.feed_id))
    with pytest.raises(NotYet) as wait:
        store.feeds.claim(feed.feed_id)

    assert looked.looks == 1
    assert 590 < wait.value.retry_after_s <= 600


def test_an_attempt_amazon_did_not_take_leaves_no_trace(store: Store) -> None:
    before = uploaded(store)

    after = store.feeds.not_created(store.feeds.creating(before))

    assert after == before
    assert store.feeds.lane("demo", FULFILLMENT).ready_in_s == 0


def test_a_second_attempt_amazon_did_not_take_keeps_what_is_known_of_the_first(
    store: Store,
) -> None:
    first = store.feeds.creating(uploaded(store))
    let_pass(store, first.feed_id)
    looked = store.feeds.looked(store.feeds.claim(first.feed_id))

    after = store.feeds.not_created(store.feeds.creating(looked))

    assert (after.state, after.attempts, after.looks) == (FeedState.CREATING, 1, 1)
    assert store.feeds.claim(first.feed_id).revision == 3


def test_the_first_feed_id_that_is_told_stays(store: Store) -> None:
    feed = submitted(store)

    assert store.feeds.created(feed.feed_id, "A-2", adopted=True) == feed
    assert store.feeds.known_at_amazon("demo", ["A-1", "A-2", "A-3"]) == {"A-1"}
    assert store.feeds.known_at_amazon("other", ["A-1"]) == set()


def test_two_feeds_are_never_the_same_at_amazon(store: Store) -> None:
    first = submitted(store)
    store.feeds.release(first.feed_id, who="a person", why="a test")
    store.database["feeds"].update_one({"_id": first.feed_id}, {"$set": {"attempt_at": NOON}})
    second = store.feeds.creating(uploaded(store, "12:20"))

    with pytest.raises(Contended):
        store.feeds.created(second.feed_id, "A-1", adopted=True)


def test_amazons_clock_of_the_first_attempt_stays(store: Store) -> None:
    feed = store.feeds.creating(uploaded(store))
    let_pass(store, feed.feed_id)
    again = store.feeds.start_over(store.feeds.claim(feed.feed_id))

    later = store.feeds.documented(again, "doc-2", NOON + timedelta(days=2))

    assert (later.document_id, later.amazon_at) == ("doc-2", NOON)


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


def test_a_feed_knows_who_sent_it_last_by_its_revision_only(store: Store) -> None:
    feed = uploaded(store)

    with pytest.raises(NotYet):
        store.feeds.creating(replace(feed, revision=feed.revision - 1))
