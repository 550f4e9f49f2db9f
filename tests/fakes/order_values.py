"""Orders and parsed rows as values, made up for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.messages import ParsedLine
from domain.order_import import Decision, FirstSeen, ReportContext, decide
from domain.orders import Order

PLACED = datetime(2026, 11, 22, 14, 3, 11, tzinfo=UTC)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ORDER_ID = "111-0000017-0000017"
MARKETPLACES = {"Amazon.com": "ATVPDKIKX0DER", "Amazon.de": "A1PA6795UKMFR9"}


def minutes(count: float) -> datetime:
    """Return the moment so many minutes after the purchase."""
    return PLACED + timedelta(minutes=count)


def parsed(row: int = 2, status: str = "Pending", **changes: Any) -> ParsedLine:
    """Return a good row of a seller-fulfilled order of one brake pad set."""
    fields: dict[str, Any] = {
        "order_id": ORDER_ID,
        "purchased_at": PLACED,
        "last_updated_at": minutes(1),
        "fulfillment_channel": "Merchant",
        "sales_channel": "Amazon.com",
        "sku": "BP-100",
        "asin": "B00TEST001",
        "product_name": "Brake Pad Set",
        "quantity": 1,
        "currency": "USD",
    }
    return ParsedLine(row=row, status=status, **(fields | changes))


def report(number: int = 1, *, now: datetime = NOW) -> ReportContext:
    """Return report ``R<number>``; a higher number speaks of a later moment."""
    return ReportContext(
        report_id=f"R{number}",
        account="demo",
        as_of=NOW - timedelta(days=1) + timedelta(minutes=30 * number),
        now=now,
        marketplaces=MARKETPLACES,
    )


def imported(*rows: ParsedLine, by: ReportContext | None = None, **changes: Any) -> Order:
    """Return the order that these rows (default: one Pending row) create."""
    made = decide(None, rows or (parsed(),), by or report(), FirstSeen.OPEN_ORDERS).order
    assert made is not None
    return replace(made, **changes)


def decided(order: Order | None, *rows: ParsedLine, by: ReportContext) -> Decision:
    """Return what is decided about an order when these rows of a report come in."""
    return decide(order, rows, by, FirstSeen.OPEN_ORDERS)


def changed(order: Order, *rows: ParsedLine, by: ReportContext) -> Order:
    """Return the order after these rows of a report, which must change it."""
    decision = decided(order, *rows, by=by)
    assert decision.order is not None
    return decision.order
