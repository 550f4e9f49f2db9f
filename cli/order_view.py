"""An order as people and programs read it: the buyer masked unless revealing is recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table

from cli.output import HIDDEN, masked, plain, revealed, short, table
from domain.order_status import ready_to_ship, units_left, why_not_ready
from domain.orders import Order, OrderItem, ReportLine
from domain.packages import Package

INTERNAL = frozenset({"buyer", "outbox", "revision", "changes", "gathering"})
"""What an order keeps for its own bookkeeping, or what is told another way."""

COLUMNS = ("order", "status", "Amazon says", "placed (UTC)", "units", "buyer data", "to ship", "")


def order_row(order: Order) -> dict[str, Any]:
    """Return an order as one line of a list."""
    return {
        "account": order.account,
        "order_id": order.order_id,
        "status": order.status.value,
        "amazon_status": order.amazon_status,
        "amazon_confirmation": confirmation(order),
        "purchased_at": plain(order.purchased_at),
        "imported_at": plain(order.imported_at),
        "provenance": order.provenance.value,
        "enrichment": order.enrichment.value,
        "units": units(order),
        "ready_to_ship": ready_to_ship(order),
        "cancel_requested": order.cancel_requested,
        "ship_by": plain(order.ship_by),
        "flags": list(order.flags),
    }


def order_document(order: Order, *, reveal: bool) -> dict[str, Any]:
    """Return everything about an order; without ``reveal`` buyer fields only say they are known."""
    kept = {name: each for name, each in plain(order).items() if name not in INTERNAL}
    buyer = None
    if order.buyer is not None:
        buyer = revealed(order.buyer) if reveal else masked(order.buyer)
    return {
        **kept,
        "amazon_confirmation": confirmation(order),
        "ready_to_ship": ready_to_ship(order),
        "not_ready_because": why_not_ready(order),
        "cancel_requested": order.cancel_requested,
        "buyer": buyer,
    }


def confirmation(order: Order) -> str:
    """Return what Amazon said of our shipments: nothing yet (empty), ``sent`` or ``confirmed``."""
    return str(order.shipping.get("confirmation", ""))


def units(order: Order) -> int:
    """Return how many units were ordered: Amazon's items rule over the report's rows."""
    if order.items:
        return sum(item.quantity_ordered for item in order.items)
    return sum(line.quantity for line in order.lines)


CONFIRMATION = {
    "sent": ("sent to Amazon, not confirmed yet",),
    "confirmed": ("confirmed by Amazon",),
}


def order_table(title: str, orders: Sequence[Order]) -> Table:
    """Return a table of orders."""
    return table(title, COLUMNS, (_cells(order) for order in orders))


def to_ship_table(title: str, orders: Sequence[Order]) -> Table:
    """Return a table of orders that can be packed, with the time by which they must be."""
    return table(
        title,
        ("order", "ship by (UTC)", "placed (UTC)", "units left", "service", ""),
        (
            (
                order.order_id,
                short(order.ship_by),
                short(order.purchased_at),
                units_left(order),
                order.ship_service_level or "-",
                _notes(order),
            )
            for order in orders
        ),
    )


def _cells(order: Order) -> tuple[object, ...]:
    return (
        order.order_id,
        order.status.value,
        order.amazon_status,
        short(order.purchased_at),
        units(order),
        order.enrichment.value,
        "ready" if ready_to_ship(order) else "-",
        _notes(order),
    )


def _notes(order: Order) -> str:
    notes = [order.provenance.value] if order.provenance.value != "report" else []
    notes += ["cancel requested"] if order.cancel_requested else []
    notes += CONFIRMATION.get(confirmation(order), ())
    return ", ".join([*notes, *order.flags])


def order_screen(order: Order, *, reveal: bool) -> Iterator[Table | str]:
    """Yield what ``orders show`` prints."""
    yield table(f"Order {order.order_id}", ("", ""), _facts(order))
    if order.items:
        yield table("Items (Amazon's)", ITEM_COLUMNS, (_item(each) for each in order.items))
    else:
        yield table("Rows of the report", LINE_COLUMNS, (_line(each) for each in order.lines))
    yield table("Buyer and delivery address", ("", ""), _buyer(order, reveal=reveal))
    if order.packages:
        yield table(
            "Packages Amazon knows",
            ("carrier", "tracking number", "units", "shipped (UTC)", "status"),
            (_package(each) for each in order.packages),
        )
    yield f"Its whole story: python -m cli explain order {order.order_id}"


ITEM_COLUMNS = ("order item", "SKU", "ASIN", "ordered", "shipped", "left", "unit price", "")
LINE_COLUMNS = ("row", "SKU", "ASIN", "quantity", "row total", "item status")


def _facts(order: Order) -> Iterator[tuple[str, object]]:
    yield "account", order.account
    yield "status", order.status.value
    yield "Amazon says", f"{order.amazon_status} since {short(order.amazon_status_at)}"
    for said in CONFIRMATION.get(confirmation(order), ()):
        yield "our shipments", said
    yield "placed", short(order.purchased_at)
    yield "imported", f"{short(order.imported_at)} ({order.provenance.value})"
    yield "sales channel", order.sales_channel
    yield "ship by", short(order.ship_by)
    yield "deliver by", short(order.deliver_by)
    yield "delivered", short(order.delivered_at)
    yield "buyer data", order.enrichment.value
    yield "ready to ship", "yes" if ready_to_ship(order) else "no"
    for reason in why_not_ready(order):
        yield "", reason
    if order.flags:
        yield "flags", ", ".join(order.flags)


def _item(item: OrderItem) -> tuple[object, ...]:
    notes = ["cancel requested"] if item.cancel_requested else []
    notes += ["matched to a report row, but another fits as well"] if item.ambiguous else []
    return (
        item.order_item_id,
        item.sku,
        item.asin,
        item.quantity_ordered,
        item.quantity_fulfilled,
        item.quantity_unfulfilled,
        amount(item.unit_price_minor, item.currency),
        "; ".join(notes),
    )


def _line(line: ReportLine) -> tuple[object, ...]:
    total = amount(line.item_price_minor, line.currency)
    return line.row, line.sku, line.asin, line.quantity, total, line.item_status or "-"


def _package(package: Package) -> tuple[object, ...]:
    held = sum(item.quantity for item in package.items) or "-"
    shipped = short(package.shipped_at)
    return package.carrier, package.tracking_number, held, shipped, package.status


def _buyer(order: Order, *, reveal: bool) -> Iterator[tuple[str, str]]:
    if order.purged_at is not None:
        yield f"removed {short(order.purged_at)}", order.purge_note or "its time of keeping is over"
        return
    if order.buyer is None:
        yield "not known yet", order.enrichment.value
        return
    fields = revealed(order.buyer) if reveal else masked(order.buyer)
    yield from ((name.replace("_", " "), text) for name, text in fields.items() if text)
    if not reveal and HIDDEN in fields.values():
        yield "", "hidden; --reveal --reason '…' shows it and is recorded"


NO_MINOR_UNIT = frozenset({"JPY"})
"""Currencies of Amazon's marketplaces without a minor unit.  Source: ISO 4217."""


def amount(minor: int | None, currency: str) -> str:
    """Return money for people, e.g. ``19.98 USD``."""
    if minor is None:
        return "-"
    if currency in NO_MINOR_UNIT:
        return f"{minor} {currency}"
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d} {currency}".rstrip()
