"""Feeds in the store: polls, verdicts, closing; what the sweepers see of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import NotYet
from domain.feeds import FULFILLMENT, POLLED_STATES, Feed, FeedOutcome, FeedState
from store.database import Store
from tests.fakes.feed_values import NOON, ORDER_ID, new_feed
from tests.fakes.stored_feeds import DONE, RESULT, at_amazon, now


def test_a_poll_is_taken_once(store: Store) -> None:
    feed = at_amazon(store)

    assert store.feeds.take_poll(feed.feed_id, 0, holder="a") == feed
    with pytest.raises(NotYet) as wait:
        store.feeds.take_poll(feed.feed_id, 0, holder="b")

    assert 100 < wait.value.retry_after_s <= 150
    assert store.feeds.take_poll(feed.feed_id, 2, holder="b") is None


def test_a_poll_that_is_announced_before_the_one_before_it_is_over_waits(store: Store) -> None:
    feed = at_amazon(store)
    store.feeds.take_poll(feed.feed_id, 0, holder="a")

    with pytest.raises(NotYet):
        store.feeds.take_poll(feed.feed_id, 1, holder="b")

    store.feeds.poll_done(feed.feed_id, 0)
    assert store.feeds.take_poll(feed.feed_id, 1, holder="b") == replace(feed, poll_attempt=1)


def test_a_poll_that_was_done_leads_to_the_next(store: Store) -> None:
    feed = at_amazon(store)
    store.feeds.take_poll(feed.feed_id, 0, holder="a")

    store.feeds.poll_done(feed.feed_id, 0)
    store.feeds.poll_done(feed.feed_id, 0)

    assert store.feeds.take_poll(feed.feed_id, 0, holder="a") is None
    assert store.feeds.take_poll(feed.feed_id, 1, holder="a") == replace(feed, poll_attempt=1)


def test_a_poll_given_back_is_free(store: Store) -> None:
    feed = at_amazon(store)
    store.feeds.take_poll(feed.feed_id, 0, holder="a")

    store.feeds.give_poll_back(feed)

    assert store.feeds.take_poll(feed.feed_id, 0, holder="b") == feed


def test_a_feed_that_is_not_at_amazon_is_not_polled(store: Store) -> None:
    feed = store.feeds.prepare(new_feed())

    assert store.feeds.take_poll(feed.feed_id, 0, holder="a") is None


def test_a_verdict_is_kept_with_the_result_and_owed_to_the_members(store: Store) -> None:
    feed = at_amazon(store)

    store.feeds.processed(feed, DONE, RESULT)

    after = now(store, feed.feed_id)
    assert (after.state, after.owed) == (FeedState.DONE, FeedOutcome.DONE)
    assert (after.processing_status, after.held) == ("DONE", "")
    assert after.processed_at is not None
    assert store.feeds.result(feed.feed_id) == RESULT
    assert store.feeds.take_poll(feed.feed_id, 0, holder="a") == after
    assert store.feeds.lane("demo", FULFILLMENT).open_feed == after


def test_an_outcome_that_was_taken_closes_the_feed_and_frees_its_lane(store: Store) -> None:
    feed = at_amazon(store, sent_at=NOON)
    store.feeds.processed(feed, DONE, RESULT)

    store.feeds.close(feed.feed_id, FeedOutcome.DONE)
    closed = now(store, feed.feed_id)
    store.feeds.close(feed.feed_id, FeedOutcome.DONE, verified=False, reason="once more")

    assert (closed.state, closed.owed) == (FeedState.APPLIED, None)
    assert closed.closed_at is not None
    assert now(store, feed.feed_id) == closed
    assert store.feeds.take_poll(feed.feed_id, 0, holder="a") is None
    assert store.feeds.prepare(new_feed("12:20")).state is FeedState.PREPARED


def test_another_outcome_than_the_owed_one_closes_nothing(store: Store) -> None:
    feed = at_amazon(store)
    store.feeds.processed(feed, DONE, RESULT)

    store.feeds.close(feed.feed_id, FeedOutcome.RELEASED)

    assert now(store, feed.feed_id).owed is FeedOutcome.DONE


def test_an_unverified_feed_frees_its_lane_and_is_settled_later(store: Store) -> None:
    feed = at_amazon(store, sent_at=NOON)
    store.feeds.processed(feed, DONE, None)

    store.feeds.close(feed.feed_id, FeedOutcome.DONE, verified=False, reason="no result")
    unverified = now(store, feed.feed_id)
    store.feeds.verified(feed.feed_id)

    assert (unverified.state, unverified.reason) == (FeedState.UNVERIFIED, "no result")
    assert unverified.closed_at is not None
    assert store.feeds.lane("demo", FULFILLMENT).open_feed is None
    assert now(store, feed.feed_id).state is FeedState.APPLIED


def test_the_age_of_a_feed_is_news_once(store: Store) -> None:
    feed = at_amazon(store)

    assert store.feeds.note_age(feed.feed_id, stuck=False)
    assert not store.feeds.note_age(feed.feed_id, stuck=False)
    assert store.feeds.note_age(feed.feed_id, stuck=True)

    after = now(store, feed.feed_id)
    assert after.slow_at is not None
    assert after.stuck_at is not None


def test_the_feeds_sent_before_in_the_lane_come_newest_first(store: Store) -> None:
    ids = []
    for n, key in enumerate(("a", "b", "c")):
        feed = at_amazon(store, key, NOON + timedelta(minutes=n))
        ids.append(store.feeds.release(feed.feed_id, who="a person", why="a test").feed_id)
    last = at_amazon(store, "d")

    before = [each.feed_id for each in store.feeds.submitted_before(last, limit=2)]

    assert before == [ids[2], ids[1]]


def test_the_feeds_of_an_order_are_found(store: Store) -> None:
    feed = store.feeds.prepare(new_feed())

    assert store.feed_contents.feed_ids_of("demo", ORDER_ID) == [feed.feed_id]
    assert store.feed_contents.feed_ids_of("demo", "another") == []
    assert store.feed_contents.feed_ids_of("other", ORDER_ID) == []


def test_a_content_is_of_a_feed_that_exists(store: Store) -> None:
    with pytest.raises(LookupError):
        store.feeds.content("no-such-feed")
    with pytest.raises(LookupError):
        store.feeds.members("no-such-feed")


def test_the_sweepers_see_what_somebody_should_be_working_on(store: Store) -> None:
    prepared = store.feeds.prepare(new_feed("p"))
    dry = store.feeds.prepare(new_feed("d", account="dry", dry=True))
    submitted = at_amazon_of(store, "s", "one")
    owing = at_amazon_of(store, "o", "two")
    store.feeds.processed(owing, DONE, RESULT)

    everything = list(FeedState)
    assert store.sweeps.feeds_in(everything, limit=9) == [prepared, submitted]
    assert store.sweeps.feeds_in(everything, limit=1) == [prepared]
    assert store.sweeps.feeds_in(POLLED_STATES, limit=9) == [submitted]
    assert [each.feed_id for each in store.sweeps.feeds_owing(limit=9)] == [owing.feed_id]
    assert now(store, dry.feed_id).state is FeedState.PREPARED


def test_the_sweepers_leave_alone_what_waits_for_a_person_or_cannot_be_asked_for(
    store: Store,
) -> None:
    held = store.feeds.claim(store.feeds.prepare(new_feed("h")).feed_id)
    store.feeds.hold(held, "a person must look")
    nameless = store.feeds.claim(store.feeds.prepare(new_feed("n", account="one")).feed_id)
    nameless = store.feeds.uploaded(store.feeds.documented(nameless, "doc", NOON))
    store.feeds.creating(nameless)
    store.feeds.release(nameless.feed_id, who="a person", why="a test")
    store.feeds.close(nameless.feed_id, FeedOutcome.RELEASED)

    assert store.sweeps.feeds_in(list(FeedState), limit=9) == []
    assert store.sweeps.feeds_owing(limit=9) == []


def at_amazon_of(store: Store, key: str, account: str) -> Feed:
    feed = store.feeds.claim(store.feeds.prepare(new_feed(key, account=account)).feed_id)
    feed = store.feeds.uploaded(store.feeds.documented(feed, "doc", NOON))
    return store.feeds.created(store.feeds.creating(feed).feed_id, f"A-{key}")
