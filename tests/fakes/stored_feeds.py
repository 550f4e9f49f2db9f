"""Feeds brought so far in a store, and what Amazon made of them."""

from __future__ import annotations

from datetime import datetime

from domain.amazon_feeds import FeedResult
from domain.feed_polling import Verdict
from domain.feeds import Feed, FeedOutcome, FeedState
from store.database import Store
from tests.fakes.feed_values import NOON, new_feed

DONE = Verdict(FeedState.DONE, FeedOutcome.DONE, "DONE", "result-1")
RESULT = FeedResult("Zusammenfassung\nDatensätze\t1\n", "cp1252", truncated=False)


def claimed(store: Store, key: str = "12:00") -> Feed:
    """Prepare a feed, and claim it for sending."""
    return store.feeds.claim(store.feeds.prepare(new_feed(key)).feed_id)


def uploaded(store: Store, key: str = "12:00") -> Feed:
    """Bring a feed so far that only createFeed is left."""
    return store.feeds.uploaded(store.feeds.documented(claimed(store, key), "doc-1", NOON))


def submitted(store: Store, key: str = "12:00", amazon_id: str = "A-1") -> Feed:
    """Bring a feed to Amazon, which gives it this id."""
    feed = store.feeds.creating(uploaded(store, key))
    return store.feeds.created(feed.feed_id, amazon_id)


def now(store: Store, feed_id: str) -> Feed:
    """Return the feed as the store has it now."""
    feed = store.feeds.get(feed_id)
    assert feed is not None
    return feed


def at_amazon(store: Store, key: str = "12:00", sent_at: datetime | None = None) -> Feed:
    """Bring a feed to Amazon; its lane's spacing is over when ``sent_at`` is long ago."""
    feed = submitted(store, key, f"A-{key}")
    if sent_at is not None:
        change = {"$set": {"attempt_at": sent_at}}
        store.database["feeds"].update_one({"_id": feed.feed_id}, change)
    return now(store, feed.feed_id)
