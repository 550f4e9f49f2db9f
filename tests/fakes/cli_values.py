"""Made-up orders and reports for tests of what the command line prints."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from domain.messages import ReportKind
from domain.orders import (
    Buyer,
    EnrichmentState,
    HistoryEntry,
    Order,
    OrderItem,
    OrderStatus,
    Provenance,
    ReportLine,
)
from domain.reports import Report, ReportState

ORDER_ID = "111-1234567-0000001"
PLACED = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
IMPORTED = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)

BUYER = Buyer(
    email="buyer-17@example.invalid",
    name="Buyer 17",
    recipient_name="Recipient 17",
    address_line_1="17 Nowhere Street",
    city="Nowhere",
    postal_code="ZIP-17",
    country_code="US",
)

LINE = ReportLine(
    report_id="R1",
    row=2,
    sku="BP-0001",
    asin="B0TEST0001",
    product_name="Brake pad set",
    quantity=2,
    item_status="Unshipped",
    currency="USD",
    item_price_minor=3998,
    shipping_price_minor=0,
)

ITEM = OrderItem(
    order_item_id="00000000000017",
    sku="BP-0001",
    asin="B0TEST0001",
    title="Brake pad set",
    quantity_ordered=2,
    quantity_fulfilled=0,
    quantity_unfulfilled=2,
    currency="USD",
    unit_price_minor=1999,
    report_rows=(2,),
)

ORDER = Order(
    account="demo",
    order_id=ORDER_ID,
    status=OrderStatus.NEW,
    amazon_status="Unshipped",
    amazon_status_at=IMPORTED,
    purchased_at=PLACED,
    provenance=Provenance.REPORT,
    first_report_id="R1",
    imported_at=IMPORTED,
    marketplace_id="ATVPDKIKX0DER",
    sales_channel="Amazon.com",
    lines=(LINE,),
    items=(ITEM,),
    buyer=BUYER,
    enrichment=EnrichmentState.COMPLETE,
    history=(HistoryEntry(at=IMPORTED, what="created as Pending", cause="report R1"),),
)


def an_order(**changes: Any) -> Order:
    return replace(ORDER, **changes)


def a_report(**changes: Any) -> Report:
    report = Report(
        report_id="R1",
        account="demo",
        kind=ReportKind.ORDERS,
        marketplace="ATVPDKIKX0DER",
        state=ReportState.COMPLETE,
        source="amazon",
        data_start=datetime(2026, 11, 19, tzinfo=UTC),
        data_end=datetime(2026, 11, 22, tzinfo=UTC),
        flow_id="flow-1",
        flow_started_at=datetime(2026, 11, 22, tzinfo=UTC),
        chunk_rows=400,
        created_at=datetime(2026, 11, 22, tzinfo=UTC),
    )
    return replace(report, **changes)
