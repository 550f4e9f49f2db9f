"""THE MAP: every stage, in the order a fact meets them.

Who hears what is written at each stage (``consumes``, ``emits``); the page docs/flow.md and
``python -m cli flow`` are drawn from here.
"""

from __future__ import annotations

from actors.feeds.poll_feed import poll_feed
from actors.feeds.submit_feed import submit_feed
from actors.fulfillment.apply_fulfillment_result import apply_fulfillment_result
from actors.fulfillment.batch_fulfillment import batch_fulfillment
from actors.fulfillment.note_submission import note_submission
from actors.fulfillment.record_tracking import record_tracking
from actors.fulfillment.resolve_shipments import resolve_shipments
from actors.orders.enrich_orders import enrich_orders
from actors.orders.import_orders import import_orders
from actors.orders.parse_order_report import parse_order_report
from actors.reports.poll_report import poll_report
from actors.reports.request_report import request_report
from actors.runtime.stage import Stage

FLOW: tuple[Stage, ...] = (
    # Amazon -> Ecommerce: orders in
    request_report,
    poll_report,
    parse_order_report,
    import_orders,
    enrich_orders,
    # Ecommerce -> Amazon: tracking out
    record_tracking,
    resolve_shipments,
    batch_fulfillment,
    submit_feed,
    note_submission,
    poll_feed,
    apply_fulfillment_result,
)
