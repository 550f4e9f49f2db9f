"""Stage: look whether Amazon is through with the feed.

    FeedSubmitted  ->  FeedSubmitted (later), or FeedProcessed

Waiting is not failing: the next look is a new message with a delay, never a sleeping worker.
Polls are numbered.  The number moves on only after the next message is published, so a crash
loses no poll, and a second chain of polls dies at the first number already taken.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.feed_ports import AmazonFeeds, Feeds
from actors.feeds.verdicts import ask, keep_verdict, note_age
from actors.ports import Policy
from actors.runtime.publisher import Delayed
from actors.runtime.stage import Produced, stage
from domain.feed_polling import Moot, PollAgain, Verdict, after_poll
from domain.feeds import POLLED_STATES, Feed, FeedOutcome
from domain.messages import FeedProcessed, FeedSubmitted


@stage(consumes=(FeedSubmitted,), emits=(FeedSubmitted, FeedProcessed), owed="feed")
def poll_feed(
    submitted: FeedSubmitted, *, feeds: Feeds, amazon_feeds: AmazonFeeds, policy: Policy
) -> Iterator[Produced]:
    """Ask Amazon how the feed is doing, keep its verdict, and say so.

    Raises:
        Waiting: another worker is on this very poll, or Amazon is throttled or suspended.
        Unavailable, Refused: Amazon's answer.
    """
    feed = feeds.take_poll(submitted.feed, submitted.attempt, holder=submitted.event_id)
    if feed is None:
        return
    outcome = feed.owed
    if feed.state in POLLED_STATES:
        outcome, answer = None, ask(feed, feeds, amazon_feeds)
        match after_poll(feed, answer, feeds.now(), policy.feeds):
            case PollAgain(delay_s) as again:
                note_age(feed, again, feeds)
                yield Delayed(_next_poll(submitted), delay_s)
            case Moot(reason):
                feeds.moot(feed, reason)
            case Verdict() as verdict:
                keep_verdict(feed, verdict, feeds, amazon_feeds)
                outcome = verdict.outcome
    if outcome is not None:
        yield _processed(submitted, feed, outcome)
    feeds.poll_done(feed.feed_id, submitted.attempt)


def _next_poll(submitted: FeedSubmitted) -> FeedSubmitted:
    same = {"feed": submitted.feed, "amazon_feed_id": submitted.amazon_feed_id}
    return FeedSubmitted.following(submitted, **same, attempt=submitted.attempt + 1)


def _processed(submitted: FeedSubmitted, feed: Feed, outcome: FeedOutcome) -> FeedProcessed:
    return FeedProcessed.following(
        submitted, feed=feed.feed_id, feed_type=feed.feed_type, outcome=outcome.value
    )
