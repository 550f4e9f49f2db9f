"""The demo's second half: packages are entered, sent to Amazon, refused, corrected.

Entries go through the door of ``shipments enter``; all the rest is up to the stages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from actors.app import App
from cli.demo_run import ACCOUNT, ALL_ORDERS, refresh, see_through
from cli.entering import hand_over, tracking_entry
from domain.feeds import Feed
from domain.messages import FulfillmentDue
from domain.order_status import NOT_PAID, lifecycle, ready_to_ship
from domain.orders import Order
from simulator.server import Simulator
from store.shipment_views import ShipmentRow

UNTIL_PAID = timedelta(minutes=50)
"""Every pending order of the local Amazon is paid by then, and its packages are shown."""
MOST_PACKAGES = 100
PACKED_AGO = timedelta(minutes=30)
REFUSAL = {
    "code": "18033",
    "message": "The tracking number was confirmed for another order before.",
}
"""What the local Amazon is told to say of one row."""


@dataclass(frozen=True, slots=True)
class Label:
    """What is stuck on a package; ``right_number`` is what the number is corrected to."""

    carrier: str
    number: str
    right_number: str = ""
    is_refused: bool = False
    """Amazon is to refuse it as it is first entered."""


@dataclass(frozen=True, slots=True)
class Package:
    """A package of everything that is left of an order."""

    order: Order
    label: Label
    ref: str = "box-1"


@dataclass(frozen=True, slots=True)
class Shipping:
    """How it ended: all packages, feeds and orders as they stand."""

    packages: tuple[ShipmentRow, ...]
    feeds: tuple[Feed, ...]
    orders: tuple[Order, ...]
    failed: int
    """Messages in quarantine; none, unless something is broken."""


LABELS = (
    Label("ups", "1Z999AA10123456784", right_number="1Z999AA10123456793"),
    Label("FedEx", "770000000001", right_number="770000000010", is_refused=True),
    Label("Sample Couriers", "SC-0001"),
    Label("dhl", "7700000001"),
    Label("fedex", "770000000002"),
    Label("OnTrac", "C77000000000001"),
    Label("canada-post", "7700000000000001"),
    Label("UPS", "770000000003"),
)
EARLY = Label("FedEx", "770000000004")
ONE_TOO_MANY = Label("fedex", "770000000005")


def ship(app: App, simulator: Simulator, orders: Sequence[Order]) -> Shipping:
    """Ship some of the orders, put right what was wrong, and look how all of it ended."""
    packages = packed(orders)
    for each in packages:
        if each.label.is_refused:
            simulator.add_fault("row_verdict", order_id=each.order.order_id, **REFUSAL)
    _enter(app, [*packages, *early(orders), *one_too_many(packages)])
    _send(app, "first")
    simulator.advance(UNTIL_PAID.total_seconds())
    refresh(app, "paid")
    _enter(app, packages, corrections=True)
    _send(app, "second")
    simulator.advance(timedelta(minutes=5).total_seconds())
    refresh(app, "shown")
    views = app.store
    return Shipping(
        tuple(views.shipment_views.list_shipments(account=ACCOUNT, limit=MOST_PACKAGES)),
        tuple(reversed(views.feed_views.list_feeds(account=ACCOUNT))),
        tuple(views.views.list_orders(account=ACCOUNT, limit=ALL_ORDERS)),
        sum(group.count for group in views.quarantine.groups()),
    )


def packed(orders: Iterable[Order]) -> list[Package]:
    """Return a package for each of the most urgent orders, as long as there are labels."""
    ready = sorted(filter(ready_to_ship, orders), key=_urgency)
    return [Package(order, label) for order, label in zip(ready, LABELS, strict=False)]


def early(orders: Iterable[Order]) -> list[Package]:
    """Return a package of the newest order that is not paid yet; its tracking has to wait."""
    unpaid = [each for each in orders if lifecycle(each.amazon_status) in NOT_PAID]
    newest = sorted(unpaid, key=lambda order: order.purchased_at)[-1:]
    return [Package(order, EARLY) for order in newest]


def one_too_many(packages: Sequence[Package]) -> list[Package]:
    """Return another package of the last order, of which nothing is left."""
    return [Package(each.order, ONE_TOO_MANY, ref="box-2") for each in packages[-1:]]


def _urgency(order: Order) -> tuple[bool, datetime]:
    return order.ship_by is None, order.ship_by or order.purchased_at


def _enter(app: App, packages: Iterable[Package], *, corrections: bool = False) -> None:
    shipped_at = datetime.now(UTC) - PACKED_AGO
    for each in packages:
        number = each.label.right_number if corrections else each.label.number
        if not number:
            continue
        given = {
            "carrier": each.label.carrier,
            "tracking_number": number,
            "shipped_at": shipped_at.isoformat(),
            "shipment_ref": each.ref,
            "items": list(_items(each.order)),
        }
        hand_over(
            app,
            tracking_entry(ACCOUNT, each.order.order_id, each.order, given, now=app.store.now()),
        )
    see_through(app)


def _items(order: Order) -> Iterator[str]:
    """Yield what is left of the order: by item id, or by SKU where Amazon's items are not known."""
    for item in order.items:
        if item.quantity_unfulfilled:
            yield f"{item.order_item_id}:{item.quantity_unfulfilled}"
    if not order.items:
        yield from (f"{line.sku}:{line.quantity}" for line in order.lines)


def _send(app: App, name: str) -> None:
    now = datetime.now(UTC)
    app.publish(FulfillmentDue.first(key=f"demo/{name}/{now}", account=ACCOUNT, at=now, due_at=now))
    see_through(app)
