"""What a poll of a feed leads to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.amazon_feeds import AmazonFeed
from domain.feed_polling import Moot, PollAgain, Verdict, after_poll, why_hold
from domain.feeds import FULFILLMENT, Feed, FeedOutcome, FeedState, FeedTiming
from tests.fakes.feed_values import NOON, US, new_feed

TIMING = FeedTiming()
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
FATAL = Verdict(FeedState.FATAL, FeedOutcome.FATAL, "FATAL", "")


def submitted(**facts: Any) -> Feed:
    new = new_feed()
    known: dict[str, Any] = {
        "feed_id": new.feed_id,
        "account": new.account,
        "feed_type": new.feed_type,
        "marketplaces": new.marketplaces,
        "state": FeedState.SUBMITTED,
        "content_type": new.content_type,
        "content_hash": "c1",
        "content_bytes": 1,
        "rows": 1,
        "flow_id": new.flow_id,
        "flow_started_at": NOON,
        "amazon_feed_id": "A-1",
        "submitted_at": NOON,
    }
    return Feed(**known | facts)


def says(status: str, document_id: str = "") -> AmazonFeed:
    return AmazonFeed("A-1", status, FULFILLMENT, NOON, (US,), result_document_id=document_id)


@pytest.mark.parametrize("status", ["IN_QUEUE", "IN_PROGRESS", "SOMETHING_NEW"])
def test_a_feed_that_is_not_finished_is_looked_at_again(status: str) -> None:
    assert after_poll(submitted(), says(status), NOON, TIMING) == PollAgain(60.0)


def test_the_looks_are_from_a_minute_to_ten_minutes_apart() -> None:
    delays = [
        after_poll(submitted(poll_attempt=n), says("IN_QUEUE"), NOON, TIMING)
        for n in (0, 1, 2, 3, 4, 1000)
    ]

    assert delays == [PollAgain(s) for s in (60.0, 120.0, 240.0, 480.0, 600.0, 600.0)]


def test_the_first_look_may_come_sooner() -> None:
    soon = FeedTiming(first_poll=timedelta(seconds=2))
    delays = [
        after_poll(submitted(poll_attempt=n), says("IN_QUEUE"), NOON, soon) for n in (0, 1, 1000)
    ]

    assert delays == [PollAgain(2.0), PollAgain(4.0), PollAgain(600.0)]


@pytest.mark.parametrize(
    ("age", "slow", "stuck"),
    [
        (20 * MINUTE - MINUTE, False, False),
        (20 * MINUTE, True, False),
        (8 * HOUR - MINUTE, True, False),
        (8 * HOUR, True, True),
    ],
)
def test_amazon_is_slow_after_twenty_minutes_and_stuck_after_eight_hours(
    *, age: timedelta, slow: bool, stuck: bool
) -> None:
    again = after_poll(submitted(), says("IN_PROGRESS"), NOON + age, TIMING)

    assert again == PollAgain(60.0, slow=slow, stuck=stuck)


@pytest.mark.parametrize(
    ("status", "state", "outcome"),
    [
        ("DONE", FeedState.DONE, FeedOutcome.DONE),
        ("CANCELLED", FeedState.CANCELLED, FeedOutcome.CANCELLED),
        ("FATAL", FeedState.FATAL, FeedOutcome.FATAL),
    ],
)
def test_amazons_last_word_is_the_verdict(
    status: str, state: FeedState, outcome: FeedOutcome
) -> None:
    assert after_poll(submitted(), says(status, "doc"), NOON, TIMING) == Verdict(
        state, outcome, status, "doc"
    )


@pytest.mark.parametrize("status", ["DONE", "FATAL"])
def test_the_verdict_of_a_released_feed_is_late(status: str) -> None:
    released = submitted(state=FeedState.RELEASED)

    assert after_poll(released, says(status, "doc"), NOON, TIMING) == Verdict(
        FeedState.LATE, FeedOutcome.LATE, status, "doc"
    )


def test_a_released_feed_that_was_cancelled_changes_nothing() -> None:
    released = submitted(state=FeedState.RELEASED)

    assert after_poll(released, says("CANCELLED"), NOON, TIMING) == Moot(
        "Amazon cancelled it after its release"
    )


def test_a_released_feed_is_waited_for_for_28_days() -> None:
    released = submitted(state=FeedState.RELEASED)
    end = NOON + timedelta(days=28)

    early = after_poll(released, says("IN_PROGRESS"), end - MINUTE, TIMING)
    assert isinstance(early, PollAgain)
    assert after_poll(released, says("IN_PROGRESS"), end, TIMING) == Moot(
        "no verdict within 28 days of its submission"
    )
    later = after_poll(submitted(), says("IN_PROGRESS"), end, TIMING)
    assert isinstance(later, PollAgain)


def fatal(content: str = "c0") -> Feed:
    return submitted(content_hash=content, processing_status="FATAL")


DONE = submitted(content_hash="c1", processing_status="DONE")


@pytest.mark.parametrize(
    ("before", "why"),
    [
        ([], ""),
        ([DONE], ""),
        ([fatal("c0")], ""),
        ([fatal("c1")], "Amazon ended the same content FATAL twice"),
        ([DONE, fatal("c1")], "Amazon ended the same content FATAL twice"),
        ([fatal("c0"), DONE], ""),
        ([fatal("c2"), fatal("c0")], "Amazon ended 3 feeds in a row FATAL"),
        ([fatal("c2"), DONE, fatal("c0")], ""),
    ],
)
def test_a_lane_that_only_gets_fatal_verdicts_waits_for_a_person(
    before: list[Feed], why: str
) -> None:
    assert why_hold(submitted(), FATAL, before) == why


def test_another_verdict_holds_nothing() -> None:
    done = Verdict(FeedState.DONE, FeedOutcome.DONE, "DONE", "")

    assert why_hold(submitted(), done, [fatal("c1"), fatal("c1")]) == ""
