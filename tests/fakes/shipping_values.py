"""Orders to ship and entries of tracking as values, made up for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from config.carriers import carriers
from domain.messages import TrackedItem, TrackingEntered
from domain.order_enrichment import apply
from domain.orders import Order, OrderItem
from domain.shipment_judging import judged
from domain.shipment_outcomes import (
    ItemVerdict,
    RowOutcome,
    prepared,
    submitted,
    with_verdicts,
)
from domain.shipments import Issue, Outbound, Shipment, ShipmentBook, taken_in
from tests.fakes.amazon_orders import amazon_order
from tests.fakes.order_values import NOW, ORDER_ID, imported

ENTERED = datetime(2026, 11, 23, 9, tzinfo=UTC)
PADS, FILTER = "00000000000001", "00000000000002"
"""Order-item ids: two units of BP-100, one of OF-7."""
NUMBER = "1Z999AA10123456784"
OTHER_NUMBER = "1Z999AA10123456784X"
NEW_BOOK = ShipmentBook("demo", ORDER_ID)
BAD_CODE = Issue("25441", is_error=True, message="The order-id is not valid")


def item(item_id: str, sku: str, unshipped: int, shipped: int = 0) -> OrderItem:
    """Return an order item with so many units."""
    return OrderItem(
        order_item_id=item_id,
        sku=sku,
        asin="",
        title="",
        quantity_ordered=unshipped + shipped,
        quantity_fulfilled=shipped,
        quantity_unfulfilled=unshipped,
    )


def to_ship(*items: OrderItem, **changes: Any) -> Order:
    """Return an unshipped order, read from Amazon, of two pad sets and a filter."""
    chosen = items or (item(PADS, "BP-100", 2), item(FILTER, "OF-7", 1))
    amazon = amazon_order(ORDER_ID, items=chosen)
    order = apply(imported(), amazon, source="getOrder", now=NOW)
    assert order is not None
    return replace(order, **changes)


def entry(
    number: int = 1,
    *items: tuple[str, int],
    ref: str = "",
    minute: float | None = None,
    **changes: Any,
) -> TrackingEntered:
    """Return entry ``shop-<number>``, entered so many minutes after nine (default: its number).

    ``items`` are (order-item id or SKU, units), by default one pad set.
    """
    entered_at = ENTERED + timedelta(minutes=number if minute is None else minute)
    fields: dict[str, Any] = {
        "carrier": "ups",
        "tracking_number": NUMBER,
        "shipped_at": ENTERED,
        "ship_method": "Ground",
    }
    return TrackingEntered.first(
        key=f"shop-{number}",
        account="demo",
        at=entered_at,
        source_event_id=f"shop-{number}",
        order_id=ORDER_ID,
        shipment_ref=ref,
        entered_at=entered_at,
        items=tuple(_tracked(name, units) for name, units in items or ((PADS, 1),)),
        **(fields | changes),
    )


def _tracked(name: str, units: int) -> TrackedItem:
    if name.isdecimal():
        return TrackedItem(order_item_id=name, quantity=units)
    return TrackedItem(sku=name, quantity=units)


def book_of(*entries: TrackingEntered, book: ShipmentBook = NEW_BOOK) -> ShipmentBook:
    """Return the book after these entries, in this order, not judged."""
    for each in entries:
        book = taken_in(book, each, now=NOW)
    return book


def stands(book: ShipmentBook, order: Order | None) -> ShipmentBook:
    """Return the judged book, as the next write would store it."""
    return replace(judged(book, order, carriers(), now=NOW), revision=book.revision + 1)


def after(*entries: TrackingEntered, order: Order | None) -> ShipmentBook:
    """Return the book after these entries, judged after each as the stages do."""
    book = NEW_BOOK
    for each in entries:
        book = stands(taken_in(book, each, now=NOW), order)
    return book


def only(book: ShipmentBook) -> Shipment:
    """Return the only shipment of the book."""
    [shipment] = book.shipments
    return shipment


def in_feed(book: ShipmentBook, order: Order, feed: str = "F1") -> ShipmentBook:
    """Return the book with everything due put into a feed that Amazon took."""
    for shipment in book.shipments:
        claimed = prepared(book, shipment.shipment_id, digest=shipment.wanted, feed=feed, now=NOW)
        book = claimed or book
    return stands(submitted(book, feed, now=NOW), order)


def sent(*items: tuple[str, int]) -> ShipmentBook:
    """Return the book of ``to_ship()`` with package P1 in a feed that Amazon took."""
    order = to_ship()
    return in_feed(after(entry(1, *items, ref="P1"), order=order), order)


def verdict_on(
    book: ShipmentBook,
    order: Order,
    *issues: Issue,
    feed: str = "F1",
    outcome: RowOutcome = RowOutcome.ACCEPTED,
) -> ShipmentBook:
    """Return the book after the same verdict on every row of the feed."""
    verdicts = {
        each.shipment_id: [
            ItemVerdict(line.order_item_id, outcome, issues) for line in each.in_feed_lines
        ]
        for each in book.shipments
    }
    return stands(with_verdicts(book, feed, verdicts, now=NOW), order)


def accepted(*entries: TrackingEntered, order: Order) -> ShipmentBook:
    """Return the book after these entries were sent and accepted, one by one."""
    book = NEW_BOOK
    for each in entries:
        book = stands(taken_in(book, each, now=NOW), order)
        book = verdict_on(in_feed(book, order), order)
    return book


def numbers(book: ShipmentBook) -> list[tuple[str, Outbound]]:
    """Return tracking number and standing of every package."""
    return [(each.content.tracking_number, each.outbound) for each in book.shipments]
