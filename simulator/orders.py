"""An order as Amazon holds it, and the moves it makes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

PENDING = "PENDING"
UNSHIPPED = "UNSHIPPED"
PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED"
SHIPPED = "SHIPPED"
CANCELLED = "CANCELLED"
STATUSES = (
    "PENDING_AVAILABILITY",
    PENDING,
    UNSHIPPED,
    PARTIALLY_SHIPPED,
    SHIPPED,
    CANCELLED,
    "UNFULFILLABLE",
)
"""Source: Orders API 2026-01-01, FulfillmentStatus."""


@dataclass(slots=True, eq=False)
class Item:
    """One order item; ``order_item_id`` is text and may begin with zeros."""

    order_item_id: str
    sku: str
    asin: str
    title: str
    quantity: int
    unit_price_minor: int
    cancelled: bool = False
    cancel_request: str = ""
    """The buyer's reason for wanting it cancelled; empty if the buyer does not."""
    shipped: int = 0
    """Units in packages that can be seen."""


@dataclass(slots=True, eq=False)
class Package:
    """A package the seller confirmed.  ``contents`` maps order item ids to units."""

    reference: str
    carrier: str
    tracking_number: str
    shipped_at: datetime
    service: str
    contents: dict[str, int]
    created_at: datetime
    delivered_at: datetime | None = None


@dataclass(slots=True, eq=False)
class Person:
    """Who bought and where it goes; always made up."""

    name: str
    email: str
    phone: str
    recipient: str
    address_line_1: str
    address_line_2: str
    address_line_3: str
    city: str
    state: str
    postal_code: str
    country: str
    company: str = ""


@dataclass(slots=True, eq=False)
class Order:
    """Everything Amazon knows of one order.  Times are aware UTC."""

    order_id: str
    marketplace_id: str
    sales_channel: str
    currency: str
    placed_at: datetime
    person: Person
    items: list[Item]
    fulfilled_by: str = "MERCHANT"
    status: str = PENDING
    last_updated_at: datetime = datetime.min  # noqa: DTZ901 -- replaced at once, in __post_init__
    merchant_order_id: str = ""
    service_level: str = "Standard"
    is_business: bool = False
    purchase_order_number: str = ""
    programs: tuple[str, ...] = ()
    ship_days: int = 2
    deliver_days: int = 6
    cancelled_by: str = ""
    report_status: str = ""
    """What the report says instead of the usual word for ``status``; empty for the usual."""
    packages: list[Package] = field(default_factory=list)
    """What the Orders API shows."""
    confirmed: list[Package] = field(default_factory=list)
    """What the seller confirmed; a feed's packages show only a while after it ended."""

    def __post_init__(self) -> None:
        """An order that nothing happened to was last updated when it was placed."""
        if self.last_updated_at.tzinfo is None:
            self.last_updated_at = self.placed_at

    @property
    def ship_by(self) -> datetime:
        """The end of the ship-by window."""
        return _end_of_day(self.placed_at + timedelta(days=self.ship_days))

    @property
    def deliver_by(self) -> datetime:
        """The end of the deliver-by window."""
        return _end_of_day(self.placed_at + timedelta(days=self.deliver_days))

    @property
    def delivered(self) -> bool:
        """Whether every package has arrived."""
        return bool(self.packages) and all(p.delivered_at for p in self.packages)

    def item(self, order_item_id: str) -> Item | None:
        """Return the item with this id."""
        return next((i for i in self.items if i.order_item_id == order_item_id), None)

    def units_confirmed(self, order_item_id: str) -> int:
        """Return how many units of an item are in confirmed packages, shown or not."""
        return sum(package.contents.get(order_item_id, 0) for package in self.confirmed)

    def units_left(self, item: Item) -> int:
        """Return how many units of an item may still be confirmed."""
        return 0 if item.cancelled else item.quantity - self.units_confirmed(item.order_item_id)

    def pay(self, at: datetime) -> None:
        """Payment went through: it may be shipped now."""
        if self.status in ("PENDING_AVAILABILITY", PENDING):
            self.status = UNSHIPPED
            self.last_updated_at = at

    def cancel(self, at: datetime, by: str = "BUYER") -> None:
        """Cancel what is not shipped; without packages the whole order is cancelled."""
        if self.status in (CANCELLED, SHIPPED):
            return
        self.status = CANCELLED
        self.cancelled_by = by
        for item in self.items:
            item.cancelled = True
        self.last_updated_at = at

    def request_cancel(self, at: datetime, reason: str) -> None:
        """Note that the buyer wants it cancelled; only the seller or Amazon can do it."""
        if self.status in (PENDING, UNSHIPPED):
            for item in self.items:
                item.cancel_request = reason
            self.last_updated_at = at

    def ship_rest(self, at: datetime, carrier: str, tracking_number: str) -> None:
        """Ship every unit that is left, in one package (the seller did it by hand)."""
        left = {item.order_item_id: self.units_left(item) for item in self.items}
        contents = {id_: units for id_, units in left.items() if units > 0}
        if self.status in (UNSHIPPED, PARTIALLY_SHIPPED) and contents:
            self.ship(at, carrier, tracking_number, contents)

    def ship(
        self,
        at: datetime,
        carrier: str,
        tracking_number: str,
        contents: dict[str, int],
        service: str = "",
        shipped_at: datetime | None = None,
    ) -> Package:
        """Add a package and move the status on."""
        package = Package(
            reference=str(len(self.confirmed) + 1),
            carrier=carrier,
            tracking_number=tracking_number,
            shipped_at=shipped_at or at,
            service=service or self.service_level,
            contents=dict(contents),
            created_at=at,
        )
        self.confirmed.append(package)
        self.reveal(at)
        return package

    def reveal(self, at: datetime) -> None:
        """Show what is confirmed, and derive units and status from it."""
        self.packages = [replace(p, contents=dict(p.contents)) for p in self.confirmed]
        for item in self.items:
            item.shipped = sum(p.contents.get(item.order_item_id, 0) for p in self.packages)
        if self.status in (UNSHIPPED, PARTIALLY_SHIPPED, SHIPPED):
            open_ = any(i.shipped < i.quantity for i in self.items if not i.cancelled)
            self.status = PARTIALLY_SHIPPED if open_ else SHIPPED
        self.last_updated_at = at

    def deliver(self, at: datetime) -> None:
        """Every package arrives."""
        for package in (*self.confirmed, *self.packages):
            package.delivered_at = package.delivered_at or at
        self.last_updated_at = at


def _end_of_day(moment: datetime) -> datetime:
    return moment.replace(hour=23, minute=59, second=59, microsecond=0)
