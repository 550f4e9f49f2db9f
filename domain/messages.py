"""The facts that travel between stages.

Frozen, past tense, ids derived from their cause: a stage that runs twice announces the same
ids.  Fields are only ever added, with defaults; a changed meaning is a new name.  Strict to
build (unknown fields are refused), tolerant to read (``read`` ignores them).

No buyer data, ever: Dramatiq logs arguments and RabbitMQ keeps them on disk.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Self
from uuid import UUID, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from domain.errors import Malformed

NAMESPACE = UUID("6f1c8e0e-6d1d-5f43-9a0c-0d8a4f3a7c11")
"""Every derived id of this project grows from this one.  Never change it."""


class ReportKind(StrEnum):
    """The reports we ask Amazon for, by what we use them for."""

    ORDERS = "orders"
    OPEN_LISTINGS = "open_listings"


class Event(BaseModel):
    """A fact.  ``flow_id`` names the whole chain, ``cause_id`` the fact this one follows from."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    event_id: str
    flow_id: str
    cause_id: str | None = None
    account: str
    flow_started_at: AwareDatetime
    """When the first fact of the flow happened; the age of a flow is measured from here."""

    @classmethod
    def first(cls, *, key: str, account: str, at: datetime, **facts: Any) -> Self:
        """Start a flow.  ``key`` makes the id: the same key is the same fact."""
        event_id = str(uuid5(NAMESPACE, f"{cls.__name__}/{account}/{key}"))
        return cls(
            event_id=event_id, flow_id=event_id, account=account, flow_started_at=at, **facts
        )

    @classmethod
    def following(cls, cause: Event, *, key: str = "", **facts: Any) -> Self:
        """Continue the flow of ``cause``.  ``key`` tells apart several facts of one cause."""
        event_id = str(uuid5(NAMESPACE, f"{cause.event_id}/{cls.__name__}/{key}"))
        return cls(
            event_id=event_id,
            flow_id=cause.flow_id,
            cause_id=cause.event_id,
            account=cause.account,
            flow_started_at=cause.flow_started_at,
            **facts,
        )

    @classmethod
    def again(
        cls, *, key: str, account: str, flow_id: str, flow_started_at: datetime, **facts: Any
    ) -> Self:
        """Announce a fact of a flow once more, from what the store knows of it.

        ``key`` tells the announcements apart.
        """
        event_id = str(uuid5(NAMESPACE, f"{flow_id}/{cls.__name__}/again/{key}"))
        return cls(
            event_id=event_id,
            flow_id=flow_id,
            account=account,
            flow_started_at=flow_started_at,
            **facts,
        )

    @classmethod
    def read(cls, wire: Any) -> Self:
        """Read what came over a wire; fields we do not know (yet) are ignored.

        Raises:
            Malformed: it is not a fact of this type.  The text names fields, never values.
        """
        try:
            return cls.model_validate(wire, extra="ignore")
        except ValidationError as exc:
            fields = sorted({".".join(map(str, e["loc"])) or "the message" for e in exc.errors()})
            raise Malformed(f"not a {cls.__name__}: {', '.join(fields)}") from None


class Fact(BaseModel):
    """A part of an event that is not an event of its own."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ReportDue(Event):
    """It is time to ask Amazon for a report (a tick of the scheduler, or a person)."""

    kind: ReportKind
    marketplace: str
    """Amazon's marketplace id."""
    days: int | None = Field(default=None, ge=1, le=30)
    """How far back a person wants it to reach at least; None: as far as the rules say."""


class RefreshDue(Event):
    """It is time to read changed and unfinished orders of an account."""

    due_at: AwareDatetime


class FulfillmentDue(Event):
    """It is time to send Amazon the tracking that is due for an account."""

    due_at: AwareDatetime


class InventorySyncDue(Event):
    """It is time to bring an account's listings at Amazon up to date."""

    due_at: AwareDatetime


class ReportRequested(Event):
    """Amazon was asked; ``report_id`` is *our* id of the report (Amazon's own is stored with it).

    ``attempt`` numbers the polls: a second chain of polls dies at the first one already taken.
    """

    kind: ReportKind
    report_id: str
    attempt: int = 0


class OrderReportReady(Event):
    """The order report is there to be read."""

    report_id: str
    document_id: str


class OpenListingsReportReady(Event):
    """The open-listings report is there to be read."""

    report_id: str
    document_id: str


class ParsedLine(Fact):
    """One good row of the order report, cut down to an allow-list of columns without buyer data.

    Money is in minor units of ``currency`` and is the total of the row, not of one unit.
    """

    row: int
    """Line number in the file; the header is line 1."""
    order_id: str
    status: str
    """Amazon's own words; new ones appear, so not an enum."""
    item_status: str = ""
    purchased_at: AwareDatetime
    last_updated_at: AwareDatetime | None = None
    fulfillment_channel: str = ""
    sales_channel: str = ""
    sku: str
    asin: str = ""
    product_name: str = ""
    quantity: int
    currency: str = ""
    item_price_minor: int | None = None
    shipping_price_minor: int | None = None
    merchant_order_id: str = ""
    ship_service_level: str = ""
    is_business_order: bool | None = None


class OrderLinesParsed(Event):
    """A chunk of a report was read: a few hundred rows, whole orders where the file allows it.

    The chunk's first and last line tell which rows it accounts for: the rejected ones among them
    are recorded when the chunk is imported, together with the outcome of the good ones.
    """

    report_id: str
    report_as_of: AwareDatetime
    """The moment the report speaks of; a newer report's rows replace an older one's."""
    chunk: int
    first_row: int
    last_row: int
    lines: tuple[ParsedLine, ...]
    rejected: tuple[RejectedRow, ...] = ()


class RejectedRow(Fact):
    """A row that cannot become an order line: where, which column, why.  Never the value."""

    row: int
    column: str
    reason: str
    order_id: str = ""
    """Only when the row's own order id is readable as one."""


class OrdersImported(Event):
    """The rows of one chunk are in the store; their orders wait for enrichment.

    Carries no list to act on: one pass per account serves all of them.
    """

    report_id: str
    chunk: int
    imported_at: AwareDatetime
    """The store's time; a pass that started later covers these orders."""


class OrderEnriched(Event):
    """Amazon's own record of the order is in the store, as complete as Amazon lets it be."""

    order_id: str


class TrackedItem(Fact):
    """Units of one order item in a package.  One of the two ids may be empty."""

    order_item_id: str = ""
    sku: str = ""
    quantity: int


class TrackingEntered(Event):
    """Another system (or a person) entered the tracking of a package.  Not judged yet.

    ``shipment_ref`` is the sender's reference of the package, empty if it has none.
    """

    source_event_id: str
    """The sender's id of the event; unique per account."""
    order_id: str
    shipment_ref: str = ""
    carrier: str
    """As entered."""
    tracking_number: str
    shipped_at: AwareDatetime
    ship_method: str = ""
    items: tuple[TrackedItem, ...]
    entered_at: AwareDatetime
    """When it was entered there; an older entry never replaces a newer one."""


class ShipmentRecorded(Event):
    """A tracking entry was taken into the shipments of its order; not judged against it yet."""

    order_id: str
    shipment_id: str


class FulfillmentBatched(Event):
    """A fulfillment feed is prepared.  ``feed`` is *our* id of it, here and in what follows."""

    feed: str


class FeedSubmitted(Event):
    """Amazon has the feed.

    ``attempt`` numbers the polls: a second chain of polls dies at the first one already taken.
    """

    feed: str
    amazon_feed_id: str
    attempt: int = 0


class FeedProcessed(Event):
    """A feed has an outcome that its members have not taken yet (``domain.feeds.FeedOutcome``)."""

    feed: str
    feed_type: str
    """Amazon's name of the type; stages leave those of another type alone."""
    outcome: str


OrderLinesParsed.model_rebuild()
