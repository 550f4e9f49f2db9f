"""Stage poll_feed: numbered looks, Amazon's verdict, what is said of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actors.feeds.poll_feed import poll_feed
from actors.runtime.publisher import Delayed
from domain.errors import Contended, Malformed, NotYet, Refused, Throttled, Unavailable
from domain.feeds import FULFILLMENT, Feed, FeedOutcome, FeedState
from domain.messages import FeedProcessed, FeedSubmitted
from tests.fakes.clock import FakeClock
from tests.fakes.feed_amazon import RESULT, MemoryFeedAmazon
from tests.fakes.feed_flow import POLICY
from tests.fakes.feed_values import batched, new_feed
from tests.fakes.memory_feeds import MemoryFeeds

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


class Desk:
    """Feeds at Amazon, and a worker who asks about them."""

    def __init__(self, *, ready_after: int = 1) -> None:
        self.clock = FakeClock()
        self.amazon = MemoryFeedAmazon(self.clock, ready_after=ready_after)
        self.feeds = MemoryFeeds(self.clock)
        self.feed_id = self.submitted()

    def submitted(self, key: str = "12:00", content: bytes = b"content") -> str:
        """Bring a feed to Amazon."""
        feed = self.feeds.claim(self.feeds.prepare(new_feed(key, content=content)).feed_id)
        feed = self.feeds.documented(feed, "doc", self.clock.now())
        feed = self.feeds.creating(self.feeds.uploaded(feed))
        amazon_id = self.amazon.add(FULFILLMENT)
        return self.feeds.created(feed.feed_id, amazon_id).feed_id

    @property
    def feed(self) -> Feed:
        return self.feeds.all[self.feed_id]

    def poll(self, attempt: int = 0, key: str = "12:00") -> list[Any]:
        feed = self.feeds.all[self.feed_id]
        submitted = FeedSubmitted.following(
            batched(key), feed=feed.feed_id, amazon_feed_id=feed.amazon_feed_id, attempt=attempt
        )
        ports = {"feeds": self.feeds, "amazon_feeds": self.amazon, "policy": POLICY}
        return list(poll_feed(submitted, **ports))

    def outcome(self, attempt: int = 0) -> str:
        """Poll; the answer must be an outcome."""
        [processed] = self.poll(attempt)
        assert isinstance(processed, FeedProcessed)
        assert (processed.feed, processed.feed_type) == (self.feed_id, FULFILLMENT)
        return processed.outcome


def test_an_unfinished_feed_is_polled_again_a_minute_later() -> None:
    desk = Desk(ready_after=2)

    [again] = desk.poll()

    assert isinstance(again, Delayed)
    assert isinstance(again.event, FeedSubmitted)
    assert (again.delay_s, again.event.attempt) == (60.0, 1)
    assert again.event.amazon_feed_id == "amazon-1"
    assert desk.feed.poll_attempt == 1


def test_a_poll_whose_message_overtakes_the_note_that_the_last_is_over_is_not_dropped() -> None:
    desk = Desk(ready_after=2)

    with pytest.raises(NotYet):
        desk.poll(attempt=1)

    desk.poll()
    assert desk.outcome(attempt=1) == "done"


def test_a_poll_that_was_made_is_not_made_again() -> None:
    desk = Desk(ready_after=3)
    desk.poll()

    assert desk.poll() == []
    assert desk.amazon.calls == ["feed"]


def test_a_finished_feed_has_its_verdict_and_its_result() -> None:
    desk = Desk()

    assert desk.outcome() == "done"
    assert (desk.feed.state, desk.feed.owed) == (FeedState.DONE, FeedOutcome.DONE)
    assert desk.feed.processing_status == "DONE"
    assert desk.feeds.result(desk.feed_id) == RESULT
    assert desk.feeds.lane("demo", FULFILLMENT).open_feed == desk.feed


@pytest.mark.parametrize(
    ("status", "outcome"), [("DONE", "done"), ("CANCELLED", "cancelled"), ("FATAL", "fatal")]
)
def test_a_feed_may_end_without_a_result(status: str, outcome: str) -> None:
    desk = Desk()
    desk.amazon.status, desk.amazon.result_document_id = status, ""

    assert desk.outcome() == outcome
    assert desk.feeds.result(desk.feed_id) is None


def test_the_result_of_a_fatal_feed_is_kept_too() -> None:
    desk = Desk()
    desk.amazon.status = "FATAL"

    assert desk.outcome() == "fatal"
    assert desk.feeds.result(desk.feed_id) == RESULT
    assert desk.feed.held == ""


@pytest.mark.parametrize(
    "error", [Malformed("too large"), Refused("getFeedDocument", code="NotFound", status=404)]
)
def test_a_result_that_cannot_be_read_does_not_keep_the_verdict(error: Exception) -> None:
    desk = Desk()
    desk.amazon.raises["result"] = [error]  # type: ignore[list-item]

    assert desk.outcome() == "done"
    assert desk.feeds.result(desk.feed_id) is None


@pytest.mark.parametrize("operation", ["feed", "result"])
@pytest.mark.parametrize("error", [Throttled("x", retry_after_s=5), Unavailable("503")])
def test_a_poll_without_answer_is_made_again(operation: str, error: Any) -> None:
    desk = Desk()
    desk.amazon.raises[operation] = [error]

    with pytest.raises(type(error)):
        desk.poll()

    assert desk.feed.state is FeedState.SUBMITTED
    assert desk.outcome() == "done"


def test_another_worker_on_the_same_poll_is_waited_for() -> None:
    desk = Desk()
    desk.feeds.take_poll(desk.feed_id, 0, holder="another")

    with pytest.raises(NotYet):
        desk.poll()

    assert desk.amazon.calls == []


def test_a_verdict_that_was_kept_and_not_told_is_told() -> None:
    desk = Desk()
    told = desk.poll()
    # The worker died before it could count the poll.
    desk.feeds.all[desk.feed_id] = replace(desk.feed, poll_attempt=0)

    assert desk.poll() == told
    assert desk.amazon.calls == ["feed", "result"]


def test_a_verdict_that_was_taken_is_not_told_again() -> None:
    desk = Desk()
    desk.poll()
    desk.feeds.close(desk.feed_id, FeedOutcome.DONE)

    assert desk.poll() == []
    assert desk.poll(1) == []


def test_amazon_being_slow_and_stuck_is_noted_once() -> None:
    desk = Desk(ready_after=99)
    seen = []
    for attempt, after in enumerate((19 * MINUTE, MINUTE, MINUTE, 8 * HOUR, MINUTE)):
        desk.clock.advance(after.total_seconds())
        desk.poll(attempt)
        seen.append((desk.feed.slow_at, desk.feed.stuck_at))

    assert seen[0] == (None, None)
    assert seen[1] == seen[2] == (desk.feed.slow_at, None)
    assert seen[3] == seen[4] == (desk.feed.slow_at, desk.feed.stuck_at)
    assert desk.feed.slow_at is not None
    assert desk.feed.stuck_at is not None
    assert desk.feed.state is FeedState.SUBMITTED


def test_the_same_content_fatal_twice_holds_the_lane() -> None:
    desk = Desk()
    desk.amazon.status = "FATAL"
    desk.outcome()
    desk.feeds.close(desk.feed_id, FeedOutcome.FATAL)
    desk.clock.advance(1200)
    desk.feed_id = desk.submitted("12:20")

    assert desk.outcome() == "fatal"
    desk.feeds.close(desk.feed_id, FeedOutcome.FATAL)

    assert desk.feed.held == "Amazon ended the same content FATAL twice"
    assert desk.feed.state is FeedState.APPLIED
    assert desk.feeds.lane("demo", FULFILLMENT).open_feed == desk.feed
    desk.feeds.release(desk.feed_id, who="a person", why="looked at it")
    assert desk.feeds.lane("demo", FULFILLMENT).open_feed is None


def test_a_late_verdict_holds_nothing() -> None:
    desk = Desk()
    desk.amazon.status = "FATAL"
    desk.outcome()
    desk.feeds.close(desk.feed_id, FeedOutcome.FATAL)
    desk.clock.advance(1200)
    desk.feed_id = desk.submitted("12:20")
    released(desk)

    assert desk.outcome() == "late"
    assert desk.feed.held == ""


def released(desk: Desk) -> None:
    desk.feeds.release(desk.feed_id, who="a person", why="it is stuck")
    desk.feeds.close(desk.feed_id, FeedOutcome.RELEASED)


@pytest.mark.parametrize("status", ["DONE", "FATAL"])
def test_the_verdict_of_a_released_feed_is_fetched_and_told_as_late(status: str) -> None:
    desk = Desk()
    released(desk)
    desk.amazon.status = status

    assert desk.outcome() == "late"
    assert (desk.feed.state, desk.feed.owed) == (FeedState.LATE, FeedOutcome.LATE)
    assert desk.feed.processing_status == status
    assert desk.feeds.result(desk.feed_id) == RESULT
    assert desk.feed.held == ""


def test_a_released_feed_is_polled_on_without_a_word_to_its_members() -> None:
    desk = Desk(ready_after=2)
    desk.feeds.release(desk.feed_id, who="a person", why="it is stuck")

    [again] = desk.poll()

    assert isinstance(again, Delayed)
    assert desk.feed.owed is FeedOutcome.RELEASED


def test_a_released_feed_that_was_cancelled_is_over() -> None:
    desk = Desk()
    released(desk)
    desk.amazon.status = "CANCELLED"

    assert desk.poll() == []
    assert desk.feed.state is FeedState.APPLIED
    assert desk.feed.reason == "Amazon cancelled it after its release"


def test_a_feed_released_while_its_verdict_was_fetched_is_polled_once_more() -> None:
    desk = Desk()
    desk.amazon.meanwhile["feed"] = lambda: desk.feeds.release(
        desk.feed_id, who="a person", why="in a hurry"
    )

    with pytest.raises(Contended):
        desk.poll()
    assert desk.outcome() == "late"
