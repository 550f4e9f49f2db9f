"""Everything that was said, as far as the store knows, said once more: doubles, and late ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from actors.app import App
from domain.feeds import Feed, FeedOutcome
from domain.messages import (
    Event,
    FeedProcessed,
    FeedSubmitted,
    FulfillmentBatched,
    OrderEnriched,
    OrderReportReady,
    OrdersImported,
    ReportRequested,
    ShipmentRecorded,
    TrackingEntered,
)
from domain.orders import EnrichmentState
from domain.reports import Report

EVERYTHING = 10_000


def everything_said(app: App) -> Iterator[Event]:
    """Yield what was said of all reports, chunks, orders, entries, shipments and feeds."""
    for report in app.store.views.list_reports(limit=EVERYTHING):
        yield from _said_of_report(report)
    for raw in app.store.database["report_chunks"].find():
        said = {name: raw[name] for name in ("report_id", "chunk", "imported_at")}
        yield OrdersImported.again(**_flow(raw["account"]), **said)
    for order in app.store.views.list_orders(limit=EVERYTHING):
        if order.enrichment is EnrichmentState.COMPLETE:
            yield OrderEnriched.again(**_flow(order.account), order_id=order.order_id)
    for raw in app.store.database["tracking_entries"].find():
        yield TrackingEntered.read(raw)
    for row in app.store.shipment_views.list_shipments(limit=EVERYTHING):
        said = {"order_id": row.order_id, "shipment_id": row.shipment.shipment_id}
        yield ShipmentRecorded.again(**_flow(row.account), **said)
    for feed in app.store.feed_views.list_feeds(limit=EVERYTHING):
        yield from _said_of_feed(feed)


def _said_of_report(report: Report) -> Iterator[Event]:
    flow = _flow(report.account) | {"report_id": report.report_id}
    for attempt in range(report.poll_attempt + 1):
        yield ReportRequested.again(**flow, kind=report.kind, attempt=attempt)
    if report.document_id:
        yield OrderReportReady.again(**flow, document_id=report.document_id)


def _said_of_feed(feed: Feed) -> Iterator[Event]:
    flow = _flow(feed.account) | {"feed": feed.feed_id}
    yield FulfillmentBatched.again(**flow)
    if feed.amazon_feed_id:
        for attempt in range(feed.poll_attempt + 1):
            yield FeedSubmitted.again(**flow, amazon_feed_id=feed.amazon_feed_id, attempt=attempt)
    if feed.processing_status:
        yield FeedProcessed.again(**flow, feed_type=feed.feed_type, outcome=FeedOutcome.DONE)


def _flow(account: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {"key": "double", "account": account, "flow_id": "doubles", "flow_started_at": now}
