"""Orders: what we know of one, and how its status is told.  Pure.

This file holds the values; the rules about them are beside it
(``order_status``, ``order_import``, ``order_enrichment``).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.packages import Package


class OrderStatus(StrEnum):
    """The three statuses staff see (guide: Order Status Lifecycle)."""

    NEW = "ORDER_NEW"
    FULFILLED = "ORDER_FULFILLED"
    CANCELED = "ORDER_CANCELED"


class Provenance(StrEnum):
    """How an order came to be here."""

    REPORT = "report"
    """First seen Pending in a report."""
    RECOVERED = "recovered"
    """First seen after its Pending stage, which fell between two cycles (ADR first-seen policy)."""
    FETCHED = "fetched"
    """Read by hand: ``orders fetch``."""


class PurgeReason(StrEnum):
    """Why the buyer's data was removed: what its time of keeping was counted from, or a request."""

    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    SHIPPED = "shipped"
    """Amazon never told of a delivery."""
    NEVER_CLOSED = "never_closed"
    """Amazon never told of a shipment or a cancellation."""
    ON_REQUEST = "on_request"
    """By hand, at once: ``orders forget``."""


class EnrichmentState(StrEnum):
    """How complete the buyer's data and the order-item ids are."""

    DUE = "due"
    """Never read from the Orders API yet."""
    INCOMPLETE_PENDING = "incomplete(pending)"
    """Amazon withholds buyer data while Pending; tried again at every status change."""
    INCOMPLETE_ROLE = "incomplete(role)"
    """Fields are absent that should be there: a role is missing.  Tried again daily."""
    COMPLETE = "complete"
    CLOSED = "closed"
    """Cancelled, or too old for Amazon to tell more; nothing more is expected."""


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A row of a report as the order keeps it.  Identity is (report, row), never (order, SKU).

    ``item_price_minor`` is the total of the row in minor units of ``currency``.
    """

    report_id: str
    row: int
    sku: str
    asin: str
    product_name: str
    quantity: int
    item_status: str
    currency: str
    item_price_minor: int | None
    shipping_price_minor: int | None


@dataclass(frozen=True, slots=True)
class OrderItem:
    """An item as the Orders API tells it; ``order_item_id`` is text, leading zeros count.

    ``report_rows`` are the rows of ``Order.lines`` this item was matched to; ``ambiguous`` says
    that the match could as well have been another one.
    """

    order_item_id: str
    sku: str
    asin: str
    title: str
    quantity_ordered: int
    quantity_fulfilled: int
    quantity_unfulfilled: int
    currency: str = ""
    unit_price_minor: int | None = None
    cancel_requested: bool = False
    cancel_reason: str = ""
    report_rows: tuple[int, ...] = ()
    ambiguous: bool = False


def unsigned(item: OrderItem) -> OrderItem:
    """Return the item without what the buyer wrote about it."""
    return replace(item, cancel_reason="")


@dataclass(frozen=True, slots=True, repr=False)
class Buyer:
    """Who bought, and where it goes.  Personal: encrypted in the store, never in messages or logs.

    Amazon gives no buyer phone; ``phone`` is the delivery address's.  Empty text = not known.
    """

    email: str = ""
    name: str = ""
    phone: str = ""
    recipient_name: str = ""
    company_name: str = ""
    address_line_1: str = ""
    address_line_2: str = ""
    address_line_3: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country_code: str = ""
    address_type: str = ""

    def __repr__(self) -> str:
        """Never show what is inside."""
        return "Buyer(…)"


@dataclass(frozen=True, slots=True)
class AmazonOrder:
    """One order as Orders API 2026-01-01 returns it.  ``buyer`` is None if withheld."""

    order_id: str
    status: str
    """Amazon's fulfillmentStatus, e.g. UNSHIPPED."""
    purchased_at: datetime
    last_updated_at: datetime
    marketplace_id: str
    sales_channel: str
    fulfilled_by: str
    """MERCHANT or AMAZON."""
    items: tuple[OrderItem, ...]
    buyer: Buyer | None
    ship_by: datetime | None = None
    deliver_by: datetime | None = None
    packages: tuple[Package, ...] = ()
    programs: tuple[str, ...] = ()
    seller_order_id: str = ""


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of searchOrders.

    ``unreadable`` are orders whose JSON is not what the model promises: (order id, reason).
    """

    orders: tuple[AmazonOrder, ...]
    next_token: str | None
    last_updated_before: datetime | None
    unreadable: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Gathering:
    """The rows one report has told so far of an order whose rows come apart, chunk by chunk."""

    report_id: str
    as_of: datetime
    lines: tuple[ReportLine, ...]


@dataclass(frozen=True, slots=True)
class ReportChange:
    """What one report did to an order: ``created`` or ``updated``; the last few are kept."""

    report_id: str
    outcome: str


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """Something that happened to an order; the last hundred are kept with it, for ``explain``.

    ``cause`` names what told us (``report R``, ``search``, ``getOrder``, ``shipment S`` …).
    """

    at: datetime
    what: str
    cause: str


@dataclass(frozen=True, slots=True)
class OutEvent:
    """A fact for other systems, written in the same update as the change it tells of.

    ``event_id`` is derived from the transition, so saying it twice is saying it once.  ``type`` is
    the routing key, e.g. ``order.imported``.  ``body`` holds ids and small facts, no buyer data.
    """

    event_id: str
    type: str
    at: datetime
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """An order as the store keeps it.  Times are aware UTC with milliseconds.

    ``amazon_status`` is the last word of Amazon (its own spelling), ``status`` what staff see;
    ``revision`` guards every update.  Rules: a stored value is never overwritten by an absent one.
    """

    account: str
    order_id: str
    status: OrderStatus
    amazon_status: str
    amazon_status_at: datetime
    """Amazon's last-updated time that came with ``amazon_status``."""
    purchased_at: datetime
    provenance: Provenance
    first_report_id: str
    """Empty when fetched by hand."""
    revision: int = 0
    amazon_stage_since: datetime | None = None
    """When Amazon first told of the stage it is in; later updates of the same do not move it."""
    imported_at: datetime | None = None
    """The store's time of creation; set by the store."""
    marketplace_id: str = ""
    sales_channel: str = ""
    flags: tuple[str, ...] = ()
    """Things worth a look, e.g. ``unknown_sales_channel``, ``unknown_status:…``."""
    fulfilled_by: str = "MERCHANT"
    merchant_order_id: str = ""
    ship_service_level: str = ""
    is_business_order: bool | None = None
    lines: tuple[ReportLine, ...] = ()
    lines_as_of: datetime | None = None
    """As-of time of the report the lines come from."""
    lines_report_id: str = ""
    gathering: Gathering | None = None
    """None: all rows have always come together, so that a report with fewer has lost one."""
    changes: tuple[ReportChange, ...] = ()
    items: tuple[OrderItem, ...] = ()
    buyer: Buyer | None = None
    enrichment: EnrichmentState = EnrichmentState.DUE
    missing: tuple[str, ...] = ()
    """Names of the fields a missing role withholds."""
    read_at: datetime | None = None
    """When the Orders API last told us of this order."""
    next_read_at: datetime | None = None
    """Read singly at this time unless a pass touches it before; None = never again."""
    ship_by: datetime | None = None
    deliver_by: datetime | None = None
    delivered_at: datetime | None = None
    packages: tuple[Package, ...] = ()
    programs: tuple[str, ...] = ()
    purged_at: datetime | None = None
    """Buyer data was purged; every later read of buyer fields is refused."""
    purged_because: PurgeReason | None = None
    purge_note: str = ""
    """The same as a clause for staff; of a purge on request who did it, and why."""
    shipping: dict[str, Any] = field(default_factory=dict)
    """Summary of our own shipments, kept by the tracking flow; {} until then."""
    history: tuple[HistoryEntry, ...] = ()
    outbox: tuple[OutEvent, ...] = ()
    """Facts not yet published to other systems."""

    @property
    def cancel_requested(self) -> bool:
        """Whether the buyer asked to cancel any item."""
        return any(item.cancel_requested for item in self.items)
