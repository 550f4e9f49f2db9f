"""Sending a feed once: what to do about a createFeed whose answer nobody knows.  Pure.

createFeed has no idempotency key and Amazon's list of feeds does not show the document a feed was
made from.  So a feed of the same type and marketplaces that appeared since, and that is none of
those we know, is taken for ours if it is the only one; its result will tell.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.amazon_feeds import AmazonFeed, AmazonFeeds
from domain.feeds import Feed, FeedTiming

MARGIN = timedelta(minutes=5)
"""Amazon's servers need not agree on the time."""
WITHOUT_CLOCK = timedelta(hours=1)
"""The margin when Amazon told no time of its own, and ours has to do."""
IDS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Adopt:
    """This feed at Amazon is ours."""

    amazon_feed_id: str


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Amazon does not have it, or does not show it yet."""


@dataclass(frozen=True, slots=True)
class SendAgain:
    """Amazon does not have it: the same document can be sent."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A person has to decide."""

    why: str


def created_since(feed: Feed) -> datetime:
    """Return since when Amazon may have the feed, by Amazon's clock."""
    if feed.amazon_at is not None:
        return feed.amazon_at - MARGIN
    return (feed.documented_at or feed.created_at or feed.flow_started_at) - WITHOUT_CLOCK


def candidates(feed: Feed, found: AmazonFeeds) -> tuple[AmazonFeed, ...]:
    """Return the feeds at Amazon that this one may have become."""
    since = created_since(feed)
    return tuple(
        each
        for each in found.feeds
        if each.feed_type == feed.feed_type
        and set(each.marketplaces) == set(feed.marketplaces)
        and each.created_at >= since
    )


def after_look(
    feed: Feed, possible: Collection[AmazonFeed], known: Collection[str]
) -> Adopt | LookAgain | SendAgain | Hold:
    """Return what follows from Amazon's list; ``known`` are Amazon's ids of feeds we know."""
    strangers = sorted({each.feed_id for each in possible} - set(known))
    match strangers:
        case [only]:
            return Adopt(only)
        case []:
            return SendAgain() if feed.looks else LookAgain()
    shown = ", ".join(strangers[:IDS_SHOWN])
    return Hold(f"{len(strangers)} feeds at Amazon may be this one: {shown}")


def document_is_good(feed: Feed, now: datetime, timing: FeedTiming) -> bool:
    """Whether the uploaded document can be sent; otherwise it is uploaded anew."""
    if feed.documented_at is None:
        return False
    life = timing.document_life if feed.attempts else timing.document_fresh
    return now < feed.documented_at + life
