"""Feeds in the store: polls, verdicts, closing, releasing; what the sweepers see of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.amazon_feeds import FeedResult
from domain.errors import Contended, NotYet
from domain.feed_polling import Verdict
from domain.feeds import FULFILLMENT, POLLED_STATES, Feed, FeedOutcome, FeedState
from store.database import Store
from tests.fakes.feed_values import NOON, ORDER_ID, new_feed

DONE = Verdict(FeedState.DONE, FeedOutcome.DONE, "DONE", "result-1")
FATAL = Verdict(FeedState.FATAL, FeedOutcome.FATAL, "FATAL", "")
LATE = Verdict(FeedState.LATE, FeedOutcome.LATE, "DONE", "result-1")
RESULT = FeedResult("Zusammenfassung\nDatensätze\t1\n", "cp1252", truncated=False)


def now(store: Store, feed_id: str) -> Feed:
    feed = store.feeds.get(feed_id)
    assert feed is not None
    return feed


def at_amazon(store: Store, key: str = "12:00", sent_at: datetime | None = None) -> Feed:
    """Bring a feed to Amazon; its lane's spacing is over when ``sent_at`` is long ago."""
    feed = store.feeds.claim(store.feeds.prepare(new_feed(key)).feed_id)
    feed = store.feeds.uploaded(store.feeds.documented(feed, "doc", NOON))
    feed = store.feeds.created(store.feeds.creating(feed).feed_id, f"A-{key}")
    if sent_at is not None:
        change = {"$set": {"attempt_at": sent_at}}
        store.database["feeds"].update_one({"_id": feed.feed_id}, change)
    return now(store, feed.feed_id)


def released(store: Store, key: str = "12:00") -> Feed:
    return store.feeds.release(at_amazon(store, key, NOON).feed_id, who="a person", why="stuck")


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
