"""The steps that bring a feed to Amazon, each of which may be the last this worker makes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from actors.feed_ports import AmazonFeeds, Feeds
from domain.errors import Malformed, NotYet, Refused, Transient, Unavailable, Waiting
from domain.feed_sending import (
    Adopt,
    Hold,
    LookAgain,
    SendAgain,
    after_look,
    candidates,
    created_since,
    document_is_good,
)
from domain.feeds import Feed, FeedState, FeedTiming

log = structlog.get_logger(__name__)

WRITES_OFF = "writing to Amazon is switched off for this account"
WRITES_OFF_WAIT_S = 600.0


class Sending:
    """Brings claimed feeds to Amazon.

    Every step may raise what the ports raise.  A call without effect gives the claim back, so
    that the message need not wait for it; after an attempt of createFeed the claim stays, because
    Amazon's list takes a while to show the feed.
    """

    def __init__(self, feeds: Feeds, amazon_feeds: AmazonFeeds, timing: FeedTiming) -> None:
        self._feeds, self._amazon_feeds, self._timing = feeds, amazon_feeds, timing

    def go_on(self, feed: Feed, *, may_write: bool) -> Feed:
        """Make the next step and return the feed as it is then."""
        try:
            if feed.state is FeedState.CREATING:
                return self._find(feed, may_write=may_write)
            if not may_write:
                return self._feeds.withdraw(feed, WRITES_OFF)
            if feed.state is FeedState.UPLOADED:
                return self._send(feed)
            return self._upload(feed)
        except Refused as refused:
            # Amazon would refuse it again; to drop it is for a person to decide.
            return self._hold(feed, str(refused))

    def _upload(self, feed: Feed) -> Feed:
        """Put the content into a fresh document; the URL of an earlier one is known to nobody."""
        with self._without_effect(feed):
            document = self._amazon_feeds.create_document(feed.account, feed.content_type)
        feed = self._feeds.documented(feed, document.document_id, document.served_at)
        content = self._feeds.content(feed.feed_id)
        with self._without_effect(feed):
            self._amazon_feeds.upload(feed.account, document.url, feed.content_type, content)
        return self._feeds.uploaded(feed)

    def _send(self, feed: Feed) -> Feed:
        """Ask Amazon to process the document."""
        if not document_is_good(feed, self._feeds.now(), self._timing):
            return self._feeds.start_over(feed)
        feed = self._feeds.creating(feed)
        try:
            amazon_feed_id = self._amazon_feeds.create_feed(
                feed.account, feed.feed_type, feed.marketplaces, feed.document_id
            )
        except Waiting:
            self._feeds.not_created(feed)
            raise
        except Refused as refused:
            _say_held(feed, str(refused))
            return self._feeds.not_created(feed, held=str(refused))
        except Malformed as unreadable:
            raise Unavailable(f"an attempt that nobody can tell of: {unreadable}") from None
        return self._feeds.created(feed.feed_id, amazon_feed_id)

    def _find(self, feed: Feed, *, may_write: bool) -> Feed:
        """Find out what became of an attempt whose answer nobody knows."""
        with self._without_effect(feed):
            found = self._amazon_feeds.feeds(
                feed.account, feed.feed_type, created_since(feed), feed.marketplaces
            )
        possible = candidates(feed, found)
        known = self._feeds.known_at_amazon(feed.account, [each.feed_id for each in possible])
        match after_look(feed, possible, known):
            case Adopt(amazon_feed_id):
                log.warning("feed_adopted", feed=feed.feed_id, amazon_feed_id=amazon_feed_id)
                return self._feeds.created(feed.feed_id, amazon_feed_id, adopted=True)
            case LookAgain():
                self._feeds.looked(feed)
                wait_s = self._timing.look_again.total_seconds()
                raise NotYet("Amazon does not show this feed yet", retry_after_s=wait_s)
            case SendAgain():
                return self._send_again(feed, may_write=may_write)
            case Hold(why):
                return self._hold(feed, why)

    def _send_again(self, feed: Feed, *, may_write: bool) -> Feed:
        if not may_write:
            self._feeds.give_back(feed)
            raise NotYet(WRITES_OFF, retry_after_s=WRITES_OFF_WAIT_S)
        log.warning("feed_sent_again", feed=feed.feed_id, attempts=feed.attempts)
        return self._send(feed)

    def _hold(self, feed: Feed, why: str) -> Feed:
        _say_held(feed, why)
        return self._feeds.hold(feed, why)

    @contextmanager
    def _without_effect(self, feed: Feed) -> Iterator[None]:
        """Give the claim back when a call fails that may be repeated at any time."""
        try:
            yield
        except (Waiting, Transient):
            self._feeds.give_back(feed)
            raise


def _say_held(feed: Feed, why: str) -> None:
    log.error("feed_held", feed=feed.feed_id, why=why)
