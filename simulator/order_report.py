"""The All-Orders report: its layouts and its rows.

Source: order tracking reports attributes (the 32 documented columns, in order); older files have
``url`` and lack the last four, newer ones add four, and nobody announces it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from simulator.marketplaces import money
from simulator.orders import CANCELLED, PARTIALLY_SHIPPED, PENDING, SHIPPED, UNSHIPPED, Item, Order

_BEFORE_URL = [
    "amazon-order-id",
    "merchant-order-id",
    "purchase-date",
    "last-updated-date",
    "order-status",
    "fulfillment-channel",
    "sales-channel",
    "order-channel",
]
_AFTER_URL = [
    "ship-service-level",
    "product-name",
    "sku",
    "asin",
    "item-status",
    "quantity",
    "currency",
    "item-price",
    "item-tax",
    "shipping-price",
    "shipping-tax",
    "gift-wrap-price",
    "gift-wrap-tax",
    "item-promotion-discount",
    "ship-promotion-discount",
    "ship-city",
    "ship-state",
    "ship-postal-code",
    "ship-country",
    "promotion-ids",
]
_BUSINESS = ["is-business-order", "purchase-order-number", "price-designation"]
_NEWER = [
    "number-of-items",
    "tax-collection-model",
    "tax-collection-responsible-party",
    "address-type",
]
FEWEST, DOCUMENTED, MOST = 29, 32, 36

_GERMAN = {
    "amazon-order-id": "amazon-bestellnummer",
    "purchase-date": "bestelldatum",
    "order-status": "bestellstatus",
    "sku": "artikelnummer",
    "quantity": "menge",
}
_STATUS_WORDS = {
    "PENDING_AVAILABILITY": "Pending",
    PENDING: "Pending",
    UNSHIPPED: "Unshipped",
    PARTIALLY_SHIPPED: "PartiallyShipped",
    SHIPPED: "Shipped",
    CANCELLED: "Cancelled",
    "UNFULFILLABLE": "Unfulfillable",
}


def columns(count: int) -> list[str]:
    """Return the layout with this many columns, 29 to 36; 32 is the documented one."""
    if count < DOCUMENTED:
        return [*_BEFORE_URL, "url", *_AFTER_URL, *_BUSINESS[: count - FEWEST]]
    return [*_BEFORE_URL, *_AFTER_URL, "cpf", *_BUSINESS, *_NEWER[: count - DOCUMENTED]]


def changed(layout: list[str], variant: str) -> tuple[list[str], list[str]]:
    """Return (fields, headings) of a layout Amazon changed without telling.

    ``missing`` lacks the quantity, ``localized`` has German headings, ``reordered`` and ``extra``
    are harmless.
    """
    if variant == "missing":
        fields = [name for name in layout if name != "quantity"]
        return fields, fields
    if variant == "localized":
        return layout, [_GERMAN.get(name, name) for name in layout]
    if variant == "reordered":
        return layout[::-1], layout[::-1]
    fields = [*layout[:3], "is-something-new", *layout[3:]]
    return fields, fields


def render(
    orders: Iterable[Order], fields: list[str], headings: list[str], *, broken_rows: int = 0
) -> str:
    """Return the report's text, one row per order item."""
    lines = ["\t".join(headings)]
    for order in orders:
        for item in order.items:
            row = _row(order, item)
            cells = [_plain(row.get(name, "")) for name in fields]
            if broken_rows > 0:
                cells = _broken(cells, fields, broken_rows)
                broken_rows -= 1
            lines.append("\t".join(cells))
    return "\n".join(lines) + "\n"


def _row(order: Order, item: Item) -> dict[str, str]:
    pending = order.status in (PENDING, "PENDING_AVAILABILITY")
    row = {
        "amazon-order-id": order.order_id,
        "merchant-order-id": order.merchant_order_id,
        "purchase-date": _when(order.placed_at),
        "last-updated-date": _when(order.last_updated_at),
        "order-status": order.report_status or _order_status(order),
        "fulfillment-channel": "Amazon" if order.fulfilled_by == "AMAZON" else "Merchant",
        "sales-channel": order.sales_channel,
        "ship-service-level": order.service_level,
        "product-name": item.title,
        "sku": item.sku,
        "asin": item.asin,
        "item-status": "" if pending else _item_status(order, item),
        "quantity": str(item.quantity),
        "currency": order.currency,
        "is-business-order": "true" if order.is_business else "false",
        "purchase-order-number": order.purchase_order_number,
        "price-designation": "Business Price" if order.is_business else "",
        "number-of-items": str(len(order.items)),
    }
    if not pending:
        row |= _prices(order, item) | _place(order)
    return row


def _prices(order: Order, item: Item) -> dict[str, str]:
    """Price columns are totals of the row; a Pending seller-fulfilled order shows none."""
    zero = money(0, order.currency)
    return {
        "item-price": money(item.unit_price_minor * item.quantity, order.currency),
        "item-tax": zero,
        "shipping-price": zero,
        "shipping-tax": zero,
    }


def _place(order: Order) -> dict[str, str]:
    return {
        "ship-city": order.person.city,
        "ship-state": order.person.state,
        "ship-postal-code": order.person.postal_code,
        "ship-country": order.person.country,
        "address-type": "Commercial" if order.is_business else "Residential",
    }


def _order_status(order: Order) -> str:
    if order.status == SHIPPED and order.delivered:
        return "Shipped - Delivered to Buyer"
    return _STATUS_WORDS[order.status]


def _item_status(order: Order, item: Item) -> str:
    if item.cancelled or order.status == CANCELLED:
        return "Cancelled"
    return "Shipped" if item.shipped >= item.quantity else "Unshipped"


def _broken(cells: list[str], fields: list[str], number: int) -> list[str]:
    """Break a row in one of four ways, by its number."""
    damage = number % 4
    if damage == 0:
        return cells[: len(cells) // 3]
    name, value = {
        1: ("quantity", "two"),
        2: ("purchase-date", "yesterday"),
        3: ("amazon-order-id", ""),
    }[damage]
    return [value if field == name else cell for field, cell in zip(fields, cells, strict=True)]


def _plain(cell: str) -> str:
    return " ".join(cell.split("\t")).replace("\n", " ").replace("\r", " ")


def _when(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")
