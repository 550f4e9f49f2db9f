"""Shipments: packages others told us of, and how each stands with Amazon.  Pure values.

All shipments of an order are one value, its *book*, because they share the order's units: two
packages cannot both take the last one.  What is known is kept (contents, hashes); where a
shipment stands is derived from it by ``domain.shipment_judging``.

    waiting ──> due ──> in_feed ──> accepted
       └──────> refused / manual <──┘     a correction starts over from the left
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import uuid5

from domain.messages import NAMESPACE, ShipmentRecorded, TrackingEntered
from domain.orders import HistoryEntry, OutEvent

HISTORY_LIMIT = 100
WAITING_TOO_LONG = timedelta(hours=6)


class Outbound(StrEnum):
    """Where a shipment stands on its way to Amazon."""

    WAITING = "waiting"
    """For its order to be imported, paid or read."""
    DUE = "due"
    IN_FEED = "in_feed"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    """By Amazon or by us; it goes again only when corrected or retried."""
    MANUAL = "manual"
    """Amazon's file cannot say it: somebody has to do it in Seller Central."""


class Reason(StrEnum):
    """Why a shipment waits, is refused or has to be done by hand."""

    NONE = ""
    ORDER_UNKNOWN = "order_unknown"
    ORDER_PENDING = "order_pending"
    ORDER_NOT_ENRICHED = "order_not_enriched"
    FULFILLED_BY_AMAZON = "fulfilled_by_amazon"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_UNFULFILLABLE = "order_unfulfillable"
    UNKNOWN_ITEM = "unknown_item"
    AMBIGUOUS_SKU = "ambiguous_sku"
    OVER_QUANTITY = "over_quantity"
    AMBIGUOUS_CORRECTION = "ambiguous_correction"
    SEVERAL_PACKAGES = "several_packages"
    LOWER_QUANTITY = "lower_quantity"
    AMAZON = "amazon"
    """Amazon said no; its words are among the issues."""


@dataclass(frozen=True, slots=True)
class EnteredItem:
    """Units of an item as entered: by order-item id, or by SKU."""

    order_item_id: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Content:
    """What a package is, as entered by the sender's event ``source_event_id``."""

    source_event_id: str
    entered_at: datetime
    carrier: str
    tracking_number: str
    shipped_at: datetime
    ship_method: str
    items: tuple[EnteredItem, ...]

    @property
    def digest(self) -> str:
        """The hash of what Amazon is to be told, in hex; who said it and when does not count."""
        said = [
            self.carrier,
            self.tracking_number,
            int(self.shipped_at.timestamp() * 1000),
            self.ship_method,
            sorted([item.order_item_id, item.sku, item.quantity] for item in self.items),
        ]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    @property
    def age(self) -> tuple[datetime, str]:
        """What tells the newer of two entries; at the same moment the id decides, for ever."""
        return self.entered_at, self.source_event_id


@dataclass(frozen=True, slots=True)
class Line:
    """Units of an order item in a package, joined to Amazon's order-item id."""

    order_item_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Issue:
    """What Amazon said about a row: its code, its kind in our words, its message."""

    code: str
    is_error: bool
    message: str


@dataclass(frozen=True, slots=True)
class Shipment:
    """One package.  ``in_feed``, ``accepted`` and ``refused`` are hashes of contents, or empty."""

    shipment_id: str
    shipment_ref: str
    """The sender's own reference; empty if it has none."""
    content: Content
    first_entered_at: datetime
    is_decided: bool
    """False while nobody knows whether it is a package of its own or corrects another."""
    since: datetime
    """Since when it stands where it stands."""
    stands_for: str = ""
    """The hash of the content that was judged to stand there."""
    outbound: Outbound = Outbound.WAITING
    reason: Reason = Reason.NONE
    explanation: str = ""
    """A sentence for staff and for the sender: why, and what to do or send."""
    lines: tuple[Line, ...] = ()
    carrier_code: str = ""
    carrier_name: str = ""
    warnings: tuple[str, ...] = ()
    feed: str = ""
    """Our id of the feed that carries it."""
    in_feed: str = ""
    in_feed_lines: tuple[Line, ...] = ()
    submitted_at: datetime | None = None
    send_again: bool = False
    """A released feed was processed after all: what Amazon has now is unknown, so it goes again."""
    accepted: str = ""
    accepted_lines: tuple[Line, ...] = ()
    """Units Amazon has confirmed."""
    maybe_lines: tuple[Line, ...] = ()
    """Units of feeds of which nobody knows what took effect."""
    accepted_at: datetime | None = None
    refused: str = ""
    refused_reason: Reason = Reason.NONE
    refused_why: str = ""
    refusals: int = 0
    """How often in a row Amazon refused it."""
    issues: tuple[Issue, ...] = ()
    seen: str = ""
    """The accepted hash of which Amazon was seen to show the package."""
    not_applied_at: datetime | None = None
    """When it counted as accepted and not shown; see ``domain.shipment_visibility``."""
    history: tuple[HistoryEntry, ...] = ()

    @property
    def wanted(self) -> str:
        """The hash of what Amazon is to know."""
        return self.content.digest

    def noted(self, what: str, *, cause: str, at: datetime) -> Shipment:
        """Return the shipment with one more history entry; the last hundred are kept."""
        entry = HistoryEntry(at=at, what=what, cause=cause)
        return replace(self, history=(*self.history, entry)[-HISTORY_LIMIT:])


@dataclass(frozen=True, slots=True)
class ShipmentBook:
    """All shipments of an order; ``revision`` guards every update."""

    account: str
    order_id: str
    shipments: tuple[Shipment, ...] = ()
    seen: tuple[str, ...] = ()
    """The senders' ids of all entries taken in: each counts once."""
    ship_by: datetime | None = None
    """Of the order, as last known: what is due goes in this order."""
    revision: int = 0
    outbox: tuple[OutEvent, ...] = ()

    def shipment(self, shipment_id: str) -> Shipment | None:
        """Return a shipment by its id."""
        return next((each for each in self.shipments if each.shipment_id == shipment_id), None)

    def with_shipment(self, shipment: Shipment) -> ShipmentBook:
        """Return the book with the shipment put in its place, or added at the end."""
        kept = [each.shipment_id for each in self.shipments]
        if shipment.shipment_id not in kept:
            return replace(self, shipments=(*self.shipments, shipment))
        shipments = tuple(
            shipment if each.shipment_id == shipment.shipment_id else each
            for each in self.shipments
        )
        return replace(self, shipments=shipments)

    def without(self, shipment_id: str) -> ShipmentBook:
        """Return the book without a shipment that turned out to be none of its own."""
        kept = tuple(each for each in self.shipments if each.shipment_id != shipment_id)
        return replace(self, shipments=kept)


def content_of(entry: TrackingEntered) -> Content:
    """Return what an entry says of its package."""
    return Content(
        source_event_id=entry.source_event_id,
        entered_at=_in_ms(entry.entered_at),
        carrier=entry.carrier,
        tracking_number=entry.tracking_number,
        shipped_at=_in_ms(entry.shipped_at),
        ship_method=entry.ship_method,
        items=tuple(
            EnteredItem(item.order_item_id, item.sku, item.quantity) for item in entry.items
        ),
    )


def shipment_id_of(entry: TrackingEntered) -> str:
    """Return the id of the shipment an entry speaks of: by its reference, or of its own."""
    mark = f"ref/{entry.shipment_ref}" if entry.shipment_ref else f"event/{entry.source_event_id}"
    return str(uuid5(NAMESPACE, f"shipment/{entry.account}/{entry.order_id}/{mark}"))


def recorded_fact(entry: TrackingEntered) -> ShipmentRecorded:
    """Return the fact that an entry was recorded: the same one whoever says it."""
    return ShipmentRecorded.following(
        entry, order_id=entry.order_id, shipment_id=shipment_id_of(entry)
    )


def taken_in(book: ShipmentBook, entry: TrackingEntered, *, now: datetime) -> ShipmentBook:
    """Return the book after an entry of another system; the same event again changes nothing.

    The same reference and newer is a correction, another reference another package, older is
    recorded and ignored.  Without a reference it is judged once the order is known.
    """
    if entry.source_event_id in book.seen:
        return book
    book = replace(book, seen=(*book.seen, entry.source_event_id))
    content, cause = content_of(entry), f"entry {entry.source_event_id}"
    known = book.shipment(shipment_id_of(entry))
    if known is not None:
        return book.with_shipment(corrected(known, content, cause=cause, now=now))
    shipment = Shipment(
        shipment_id=shipment_id_of(entry),
        shipment_ref=entry.shipment_ref,
        content=content,
        first_entered_at=content.entered_at,
        is_decided=bool(entry.shipment_ref),
        since=now,
    )
    return book.with_shipment(shipment.noted("entered", cause=cause, at=now))


def corrected(shipment: Shipment, content: Content, *, cause: str, now: datetime) -> Shipment:
    """Return the shipment with this content if it is the newer one."""
    if content.age <= shipment.content.age:
        earliest = min(shipment.first_entered_at, content.entered_at)
        older = replace(shipment, first_entered_at=earliest)
        return older.noted("an older entry came late and was ignored", cause=cause, at=now)
    same = content.digest == shipment.wanted
    what = "entered again, nothing new" if same else "corrected"
    return replace(shipment, content=content).noted(what, cause=cause, at=now)


def _in_ms(moment: datetime) -> datetime:
    """Return the moment as the store keeps it: what is compared must not change by storing it."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def waits_too_long(shipment: Shipment, *, now: datetime) -> bool:
    """Whether it has waited so long that somebody should look."""
    return shipment.outbound is Outbound.WAITING and now - shipment.since >= WAITING_TOO_LONG
