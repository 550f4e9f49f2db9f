"""Feeds in the store on their way to Amazon: claims, steps, attempts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import Contended, NotYet
from domain.feeds import FULFILLMENT, FeedState
from store.database import Store
from tests.fakes.feed_values import NOON
from tests.fakes.stored_feeds import claimed, submitted, uploaded


def let_pass(store: Store, feed_id: str, name: str = "sending_until") -> None:
    """Let a claim run out."""
    store.database["feeds"].update_one({"_id": feed_id}, {"$set": {name: NOON}})


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


def test_a_feed_knows_who_sent_it_last_by_its_revision_only(store: Store) -> None:
    feed = uploaded(store)

    with pytest.raises(NotYet):
        store.feeds.creating(replace(feed, revision=feed.revision - 1))
