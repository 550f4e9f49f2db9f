"""Amazon's word on a feed: asked for, and kept when it is the last."""

from __future__ import annotations

import structlog

from actors.feed_ports import AmazonFeeds, Feeds
from domain.amazon_feeds import AmazonFeed, FeedResult
from domain.errors import Malformed, Refused, Transient, Waiting
from domain.feed_polling import FATAL, PollAgain, Verdict, why_hold
from domain.feeds import Feed, FeedState

log = structlog.get_logger(__name__)

FEEDS_REMEMBERED = 10
"""So far back a feed is compared with those before it."""


def ask(feed: Feed, feeds: Feeds, amazon_feeds: AmazonFeeds) -> AmazonFeed:
    """Ask Amazon about a feed; without an answer the poll is given back.

    Raises:
        Waiting, Unavailable, Refused: Amazon's answer.
    """
    try:
        return amazon_feeds.feed(feed.account, feed.amazon_feed_id)
    except (Waiting, Transient):
        feeds.give_poll_back(feed)
        raise


def keep_verdict(feed: Feed, verdict: Verdict, feeds: Feeds, amazon_feeds: AmazonFeeds) -> None:
    """Fetch the result, keep it with the verdict, and hold the lane if it should not go on.

    Raises:
        Waiting, Unavailable: the result cannot be had now.
        Contended: the feed was released in the meantime.
    """
    try:
        result = _result(feed, verdict, amazon_feeds)
    except (Waiting, Transient):
        feeds.give_poll_back(feed)
        raise
    held = ""
    if verdict.processing_status == FATAL and feed.state is FeedState.SUBMITTED:
        held = why_hold(feed, verdict, feeds.submitted_before(feed, limit=FEEDS_REMEMBERED))
    if held:
        log.error("feed_held", feed=feed.feed_id, why=held)
    feeds.processed(feed, verdict, result, held=held)


def note_age(feed: Feed, again: PollAgain, feeds: Feeds) -> None:
    """Say once when Amazon takes longer than usual, and once when a person should look."""
    if again.slow and feeds.note_age(feed.feed_id, stuck=False):
        log.warning("feed_slow", feed=feed.feed_id, amazon_feed_id=feed.amazon_feed_id)
    if again.stuck and feeds.note_age(feed.feed_id, stuck=True):
        log.error("feed_stuck", feed=feed.feed_id, amazon_feed_id=feed.amazon_feed_id)


def _result(feed: Feed, verdict: Verdict, amazon_feeds: AmazonFeeds) -> FeedResult | None:
    """Return the result document; None: there is none, or none that can be read."""
    if not verdict.document_id:
        return None
    try:
        return amazon_feeds.result(feed.account, verdict.document_id)
    except (Malformed, Refused) as exc:
        # Without a result the rows are settled by reading the orders; the verdict must not wait.
        log.warning("feed_result_unreadable", feed=feed.feed_id, why=str(exc))
        return None
