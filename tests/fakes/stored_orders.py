"""Made-up orders, reports and ledger entries for tests of the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.ledger import ChunkEntry, RowOutcome, RowVerdict, SkipReason
from domain.messages import RejectedRow, ReportDue, ReportKind
from domain.orders import Buyer, Order, OrderStatus, Provenance, ReportLine
from store.database import Store
from store.orders import Decide

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BUYER_17 = Buyer(email="buyer-17@example.invalid", name="Buyer 17", city="Sampleton")


def order(order_id: str = "701-1", **facts: Any) -> Order:
    """Return an order; ``facts`` are fields of it."""
    known: dict[str, Any] = {
        "account": "demo",
        "order_id": order_id,
        "status": OrderStatus.NEW,
        "amazon_status": "Pending",
        "amazon_status_at": NOON,
        "purchased_at": NOON - timedelta(minutes=5),
        "provenance": Provenance.REPORT,
        "first_report_id": "r1",
        "lines": (line(2),),
    }
    return Order(**known | facts)


def always(new: Order) -> Decide:
    """Return a decision that wants this order, whatever there is."""
    return lambda _: new


def create(store: Store, *orders: Order) -> None:
    """Put orders into the store, each by a call of its own."""
    for each in orders:
        store.orders.change(each.account, {each.order_id: always(each)})


def line(row: int, **facts: Any) -> ReportLine:
    """Return a report line of an order."""
    known: dict[str, Any] = {
        "report_id": "r1",
        "row": row,
        "sku": f"SKU-{row}",
        "asin": "B000000000",
        "product_name": "Lamp",
        "quantity": 1,
        "item_status": "",
        "currency": "EUR",
        "item_price_minor": 1999,
        "shipping_price_minor": None,
    }
    return ReportLine(**known | facts)


def due(
    key: str = "slot 1", *, account: str = "demo", marketplace: str = "A1PA6795UKMFR9"
) -> ReportDue:
    """Return a tick for an order report."""
    return ReportDue.first(
        key=key, account=account, at=NOON, kind=ReportKind.ORDERS, marketplace=marketplace
    )


def verdict(row: int, order_id: str, outcome: RowOutcome, **facts: Any) -> RowVerdict:
    """Return what became of a row."""
    return RowVerdict(row=row, order_id=order_id, outcome=outcome, **facts)


def skipped(
    row: int, order_id: str, reason: SkipReason = SkipReason.FULFILLED_BY_AMAZON
) -> RowVerdict:
    """Return a row that was skipped."""
    return RowVerdict(row=row, order_id=order_id, outcome=RowOutcome.SKIPPED, reason=reason)


def entry(
    *verdicts: RowVerdict,
    report_id: str = "r1",
    chunk: int = 0,
    rejected: tuple[RejectedRow, ...] = (),
    account: str = "demo",
) -> ChunkEntry:
    """Return the ledger entry of a chunk."""
    return ChunkEntry(account, report_id, chunk, verdicts, rejected)
