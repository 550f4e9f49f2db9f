"""What a poll of a feed leads to.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.amazon_feeds import AmazonFeed
from domain.feeds import Feed, FeedOutcome, FeedState, FeedTiming

LONGEST_DELAY_S = 600.0
_LAST_DOUBLING = 10
"""Keeps the power small; the delay has long reached its maximum."""
FATAL = "FATAL"
FATALS_IN_A_ROW = 3
VERDICTS = {
    "DONE": (FeedState.DONE, FeedOutcome.DONE),
    "CANCELLED": (FeedState.CANCELLED, FeedOutcome.CANCELLED),
    FATAL: (FeedState.FATAL, FeedOutcome.FATAL),
}
"""Source: Feeds API 2021-06-30, processingStatus."""


@dataclass(frozen=True, slots=True)
class PollAgain:
    """Not finished: look again in ``delay_s`` seconds."""

    delay_s: float
    slow: bool = False
    stuck: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Amazon is through with the feed.  FATAL may come with a document, too."""

    state: FeedState
    outcome: FeedOutcome
    processing_status: str
    document_id: str


@dataclass(frozen=True, slots=True)
class Moot:
    """A released feed whose members have nothing more to learn from it."""

    reason: str


def after_poll(
    feed: Feed, answer: AmazonFeed, now: datetime, timing: FeedTiming
) -> PollAgain | Verdict | Moot:
    """Return what follows from Amazon's answer; unknown statuses are asked again."""
    status, released = answer.processing_status, feed.state is FeedState.RELEASED
    age = now - (feed.submitted_at or now)
    if released and status == "CANCELLED":
        return Moot("Amazon cancelled it after its release")
    if status in VERDICTS:
        state, outcome = VERDICTS[status]
        if released:
            state, outcome = FeedState.LATE, FeedOutcome.LATE
        return Verdict(state, outcome, status, answer.result_document_id)
    if released and age >= timing.late:
        return Moot(f"no verdict within {timing.late.days} days of its submission")
    delay_s = timing.first_poll.total_seconds() * 2 ** min(feed.poll_attempt, _LAST_DOUBLING)
    return PollAgain(
        min(LONGEST_DELAY_S, delay_s), slow=age >= timing.slow, stuck=age >= timing.stuck
    )


def why_hold(feed: Feed, verdict: Verdict, before: Sequence[Feed]) -> str:
    """Return why the lane must wait for a person after this verdict; empty: it need not.

    ``before`` are the feeds submitted in the lane before this one, newest first.
    """
    if verdict.processing_status != FATAL:
        return ""
    failed = [each for each in before if each.processing_status == FATAL]
    if any(each.content_hash == feed.content_hash for each in failed):
        return "Amazon ended the same content FATAL twice"
    row = before[: FATALS_IN_A_ROW - 1]
    if len(row) == FATALS_IN_A_ROW - 1 and all(each in failed for each in row):
        return f"Amazon ended {FATALS_IN_A_ROW} feeds in a row FATAL"
    return ""
