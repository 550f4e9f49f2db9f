"""Feeds as Amazon tells of them.  Pure values.

Source: Feeds API 2021-06-30, createFeedDocument, getFeed, getFeeds, getFeedDocument.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """A place for the content of a feed.  ``url`` is good for five minutes, and a secret.

    ``served_at`` is Amazon's own clock (Date header), by which a feed whose creation got no
    answer is looked for; None if Amazon did not tell.
    """

    document_id: str
    url: str = field(repr=False)
    served_at: datetime | None


@dataclass(frozen=True, slots=True)
class AmazonFeed:
    """Amazon's word on a feed.  It does not tell the document the feed was made from."""

    feed_id: str
    processing_status: str
    """IN_QUEUE, IN_PROGRESS, DONE, CANCELLED or FATAL."""
    feed_type: str
    created_at: datetime
    marketplaces: tuple[str, ...] = ()
    processing_started_at: datetime | None = None
    processing_ended_at: datetime | None = None
    result_document_id: str = ""


@dataclass(frozen=True, slots=True)
class AmazonFeeds:
    """The feeds found, and Amazon's clock when it answered (the first page)."""

    feeds: tuple[AmazonFeed, ...]
    served_at: datetime | None


@dataclass(frozen=True, slots=True)
class FeedResult:
    """What Amazon says about the rows of a feed; a truncated one means nothing."""

    text: str = field(repr=False)
    charset: str
    truncated: bool
