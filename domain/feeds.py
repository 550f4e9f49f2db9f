"""Feeds: what we send Amazon in bulk, and the life of one feed.  Pure.

    prepared -> documented -> uploaded -> creating -> submitted -> done | cancelled | fatal
       └────────────┴────────────┤           └──────┬─────┘                 |
                                 v                  v                       ├-> applied
                             withdrawn           released -> late           └-> unverified
                                                               └-> applied        └-> applied

- *creating*: createFeed may have been sent; whoever finds it later asks Amazon first.
- *done*, *cancelled*, *fatal*, *late*: Amazon's verdict is here and its members have not taken it.
- *withdrawn*: never sent.  *released*: a person gave up waiting; Amazon may still process it.
- *unverified*: the verdict says nothing about the rows; they are settled by reading the orders.

A *lane* is (account, feed type).  One feed is open in a lane at a time, because Amazon does not
process feeds of one type in order and a stuck one blocks those behind it.  ``held`` keeps the
lane taken until a person releases the feed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import uuid5

from domain.messages import NAMESPACE, Event

FULFILLMENT = "POST_FLAT_FILE_FULFILLMENT_DATA"
LISTINGS = "JSON_LISTINGS_FEED"
FEED_NAMES = {FULFILLMENT: "fulfillment", LISTINGS: "listings"}
"""Our word for a type: in feed ids, labels of metrics, tables."""
FULFILLMENT_CONTENT_TYPE = "text/tab-separated-values; charset=UTF-8"
"""Source: Feeds API 2021-06-30, createFeedDocument, the model's own example."""


class FeedState(StrEnum):
    """Where a feed stands."""

    PREPARED = "prepared"
    DOCUMENTED = "documented"
    UPLOADED = "uploaded"
    CREATING = "creating"
    SUBMITTED = "submitted"
    DONE = "done"
    CANCELLED = "cancelled"
    FATAL = "fatal"
    LATE = "late"
    UNVERIFIED = "unverified"
    APPLIED = "applied"
    WITHDRAWN = "withdrawn"
    RELEASED = "released"


UNSENT_STATES = frozenset({FeedState.PREPARED, FeedState.DOCUMENTED, FeedState.UPLOADED})
"""Amazon has not been asked to process it."""
SENDABLE_STATES = UNSENT_STATES | {FeedState.CREATING}
"""A worker has something to do to bring it to Amazon."""
POLLED_STATES = frozenset({FeedState.SUBMITTED, FeedState.RELEASED})
"""Amazon's verdict is still to come."""


class FeedOutcome(StrEnum):
    """What the members of a feed are told; each one is owed to them until it was applied."""

    DONE = "done"
    """Processed; the result tells about each row."""
    CANCELLED = "cancelled"
    """Cancelled at Amazon before it was processed: nothing of it took effect."""
    FATAL = "fatal"
    """Some, none or all of its rows may have taken effect."""
    WITHDRAWN = "withdrawn"
    """Never sent: the members are as before."""
    RELEASED = "released"
    """A person gave up waiting: what Amazon holds of the members is unknown, send them again."""
    LATE = "late"
    """A released feed has its verdict after all: it may have overtaken a newer one, so what Amazon
    holds of the members is unknown, send them again."""


@dataclass(frozen=True, slots=True)
class FeedMember:
    """One row of a feed and what it stands for.  Plain data: the machine never looks inside."""

    record: int
    """Amazon's number of the row in its verdict: data rows from 1, or the message id."""
    order_id: str = ""
    shipment_id: str = ""
    order_item_id: str = ""
    sku: str = ""
    quantity: int = 0
    content_hash: str = ""
    """Of what the row says of the shipment or listing; the verdict applies to this content."""


@dataclass(frozen=True, slots=True)
class NewFeed:
    """A feed to be prepared: the exact bytes, and what each row stands for."""

    feed_id: str
    """Ours, see ``feed_id_of``."""
    account: str
    feed_type: str
    marketplaces: tuple[str, ...]
    content_type: str
    content: bytes = field(repr=False)
    members: tuple[FeedMember, ...]
    flow_id: str
    flow_started_at: datetime
    dry: bool = False
    """Writing to Amazon is switched off for the account: shown, never sent, replaced by a newer."""

    @property
    def content_hash(self) -> str:
        """The hex SHA-256 of the content."""
        return sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Feed:
    """One feed.  ``feed_id`` is ours; Amazon's own is ``amazon_feed_id``.

    Times without "Amazon" in their description are the store's.
    """

    feed_id: str
    account: str
    feed_type: str
    marketplaces: tuple[str, ...]
    state: FeedState
    content_type: str
    content_hash: str
    content_bytes: int
    rows: int
    flow_id: str
    flow_started_at: datetime
    dry: bool = False
    revision: int = 0
    """Counts the claims on sending it: who was overtaken finds another number and stops."""
    document_id: str = ""
    documented_at: datetime | None = None
    amazon_at: datetime | None = None
    """Amazon's clock when it made the document: feeds created since may be this one."""
    attempts: int = 0
    """How often createFeed was sent, each time but the last proven without effect."""
    attempt_at: datetime | None = None
    looks: int = 0
    """How often Amazon was asked for the feed since the last attempt, and had none."""
    amazon_feed_id: str = ""
    adopted: bool = False
    """Found in Amazon's list after a crash, not told by createFeed; its result verifies it."""
    submitted_at: datetime | None = None
    poll_attempt: int = 0
    slow_at: datetime | None = None
    """When Amazon had been at it for longer than usual."""
    stuck_at: datetime | None = None
    """When Amazon had been at it for so long that a person should look."""
    processing_status: str = ""
    """Amazon's last word: DONE, CANCELLED or FATAL."""
    processed_at: datetime | None = None
    owed: FeedOutcome | None = None
    """What the members have not taken yet."""
    held: str = ""
    """Why the lane stays taken until a person releases the feed."""
    released_at: datetime | None = None
    released_by: str = ""
    released_why: str = ""
    reason: str = ""
    """Why it was withdrawn, or is unverified."""
    created_at: datetime | None = None
    closed_at: datetime | None = None
    """When it left its lane."""

    @property
    def is_to_be_sent(self) -> bool:
        """Whether a worker may go on with sending it."""
        return self.state in SENDABLE_STATES and not self.held and not self.dry


@dataclass(frozen=True, slots=True)
class Lane:
    """Whether a feed may be prepared in a lane."""

    open_feed: Feed | None
    """The feed that has the lane.  A dry one leaves it to the next."""
    ready_in_s: float
    """Seconds until the next feed may be prepared, as far as the spacing of the lane goes."""


@dataclass(frozen=True, slots=True)
class FeedTiming:
    """The waits of the feed machine."""

    spacing: timedelta = timedelta(minutes=20)
    """Between two submissions of a lane.  Source: Feeds API best practices."""
    settle: timedelta = timedelta(minutes=2)
    """After an attempt without answer, before Amazon's list of feeds is believed."""
    look_again: timedelta = timedelta(minutes=10)
    """After the list did not have the feed, before the second look decides."""
    document_fresh: timedelta = timedelta(hours=1)
    """A document older than this is made anew before the first attempt, so that few foreign feeds
    lie between it and the attempt."""
    document_life: timedelta = timedelta(hours=47)
    """Amazon forgets an unused document after two days.  Source: createFeedDocument."""
    first_poll: timedelta = timedelta(minutes=1)
    """After Amazon was found at a feed, until it is asked again; twice as long each time, up to ten
    minutes."""
    slow: timedelta = timedelta(minutes=20)
    """Amazon has been at it for longer than usual."""
    stuck: timedelta = timedelta(hours=8)
    """Nothing takes Amazon longer, even under load.  Source: Feeds API use case guide."""
    late: timedelta = timedelta(days=28)
    """How long the verdict of a released feed is waited for.  Source: feed type values, retention
    of result documents."""


def feed_id_of(cause: Event, feed_type: str, part: int = 1) -> str:
    """Return our id for the feed that a tick causes; the same tick gives the same id."""
    tick = uuid5(NAMESPACE, f"{cause.event_id}/{feed_type}/{part}").hex[:12]
    return f"{FEED_NAMES[feed_type]}-{cause.flow_started_at:%Y%m%d-%H%M}-{tick}"


def lane_of(account: str, feed_type: str) -> str:
    """Return the name of a lane."""
    return f"{account}/{feed_type}"
