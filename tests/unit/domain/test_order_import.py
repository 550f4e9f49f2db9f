"""What the rows of a report make of an order: its lines, items, status, history and verdicts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from domain.ledger import RowOutcome, SkipReason
from domain.order_enrichment import apply
from domain.orders import EnrichmentState, Order, OrderStatus, Provenance, ReportChange
from tests.fakes.amazon_orders import amazon_order
from tests.fakes.order_values import (
    NOW,
    ORDER_ID,
    changed,
    decided,
    imported,
    minutes,
    parsed,
    report,
)

LATER = NOW + timedelta(hours=1)


def read_by_api(order: Order) -> Order:
    read = apply(order, amazon_order(ORDER_ID), source="search", now=NOW)
    assert read is not None
    return read


def test_a_created_order_takes_everything_the_rows_tell() -> None:
    rows = [
        parsed(2, merchant_order_id="M-88", ship_service_level="Expedited", item_price_minor=1998),
        parsed(3, sku="OF-7", quantity=2, is_business_order=True),
    ]

    order = imported(*rows)

    assert (order.account, order.order_id, order.first_report_id) == ("demo", ORDER_ID, "R1")
    assert (order.merchant_order_id, order.ship_service_level) == ("M-88", "Expedited")
    assert order.is_business_order is True
    assert [(x.report_id, x.row, x.sku, x.quantity, x.item_price_minor) for x in order.lines] == [
        ("R1", 2, "BP-100", 1, 1998),
        ("R1", 3, "OF-7", 2, None),
    ]
    assert order.lines_as_of == report(1).as_of
    assert [(h.what, h.cause) for h in order.history] == [
        ("imported, Amazon says Pending", "report R1")
    ]


def test_a_created_order_is_announced_without_buyer_data() -> None:
    [event] = imported().outbox

    assert (event.type, event.at) == ("order.imported", NOW)
    assert event.body == {
        "version": 1,
        "account": "demo",
        "order_id": ORDER_ID,
        "marketplace_id": "ATVPDKIKX0DER",
        "status": "ORDER_NEW",
        "amazon_status": "Pending",
        "provenance": "report",
    }


def test_a_status_further_on_updates_the_order_and_has_it_read_at_once() -> None:
    decision = decided(
        imported(next_read_at=None),
        parsed(9, "Unshipped", last_updated_at=minutes(30)),
        by=report(2, now=LATER),
    )

    order = decision.order
    assert order is not None
    assert [v.outcome for v in decision.verdicts] == [RowOutcome.UPDATED]
    assert (order.amazon_status, order.next_read_at) == ("Unshipped", LATER)
    assert order.changes == (ReportChange("R1", "created"), ReportChange("R2", "updated"))
    assert [h.what for h in order.history][-1] == "Amazon's status Pending -> Unshipped"


def test_a_cancelled_row_cancels_the_order_and_says_so() -> None:
    order = changed(imported(), parsed(9, "Cancelled"), by=report(2))

    assert order.status is OrderStatus.CANCELED
    assert [event.type for event in order.outbox] == ["order.imported", "order.canceled"]


def test_a_newer_report_replaces_the_lines() -> None:
    order = changed(imported(), parsed(8, quantity=3), parsed(9, sku="OF-7"), by=report(2))

    assert [(x.report_id, x.row, x.sku, x.quantity) for x in order.lines] == [
        ("R2", 8, "BP-100", 3),
        ("R2", 9, "OF-7", 1),
    ]


def test_a_channel_amazon_has_answered_is_not_doubted_again() -> None:
    order = read_by_api(imported(parsed(fulfillment_channel="")))

    again = changed(order, parsed(2, quantity=2, fulfillment_channel=""), by=report(2))

    assert again.flags == ()


def test_the_same_sku_twice_is_two_lines() -> None:
    assert len(imported(parsed(2), parsed(3)).lines) == 2


def test_one_of_two_equal_rows_gone_is_a_change_of_the_lines() -> None:
    order = changed(imported(parsed(2), parsed(3)), parsed(2), by=report(2))

    assert len(order.lines) == 1


def test_a_blank_cell_never_overwrites_a_stored_value() -> None:
    order = imported(parsed(merchant_order_id="M-88", ship_service_level="Expedited"))

    after = changed(order, parsed(2, quantity=2, sales_channel=""), by=report(2))

    assert (after.merchant_order_id, after.ship_service_level) == ("M-88", "Expedited")
    assert (after.sales_channel, after.marketplace_id) == ("Amazon.com", "ATVPDKIKX0DER")


def test_after_enrichment_rows_in_another_order_add_no_line_and_change_nothing() -> None:
    rows = [parsed(2), parsed(3, sku="OF-7")]
    order = read_by_api(imported(*rows))

    again = decided(order, parsed(7, sku="OF-7"), parsed(8), by=report(2))

    assert again.order is None
    assert [item.report_rows for item in order.items] == [(2,)]


def test_new_lines_are_matched_to_the_items_anew() -> None:
    order = read_by_api(imported())

    after = changed(order, parsed(40, quantity=1, item_price_minor=100), by=report(2))

    assert [item.report_rows for item in after.items] == [(40,)]


def test_rows_of_another_channel_in_a_known_order_are_skipped_and_the_rest_is_used() -> None:
    decision = decided(
        imported(),
        parsed(8, "Shipped", fulfillment_channel="Amazon", last_updated_at=minutes(99)),
        parsed(9, "Unshipped", last_updated_at=minutes(30)),
        by=report(2),
    )

    assert [(v.row, v.outcome, v.reason) for v in decision.verdicts] == [
        (8, RowOutcome.SKIPPED, SkipReason.FULFILLED_BY_AMAZON),
        (9, RowOutcome.UPDATED, None),
    ]
    assert decision.order is not None
    assert decision.order.amazon_status == "Unshipped"


def test_an_unknown_status_of_a_known_order_keeps_ours_and_is_flagged() -> None:
    order = changed(imported(), parsed(2, "Abgeschickt", last_updated_at=minutes(9)), by=report(2))

    assert (order.status, order.amazon_status) == (OrderStatus.NEW, "Pending")
    assert order.flags == ("unknown_status:Abgeschickt",)


def test_a_status_change_reopens_an_order_closed_by_its_cancel() -> None:
    cancelled = imported(amazon_status="Cancelled", status=OrderStatus.CANCELED)
    closed = replace(cancelled, enrichment=EnrichmentState.CLOSED, next_read_at=None)

    order = changed(closed, parsed(2, "Unshipped", last_updated_at=minutes(9)), by=report(2))

    assert (order.status, order.enrichment) == (OrderStatus.NEW, EnrichmentState.DUE)
    assert order.next_read_at == NOW


def test_a_complete_order_is_not_read_again_for_a_status_change() -> None:
    complete = imported(enrichment=EnrichmentState.COMPLETE, next_read_at=None)

    order = changed(complete, parsed(2, "Shipped", last_updated_at=minutes(9)), by=report(2))

    assert order.next_read_at is None


def test_the_last_eight_reports_that_changed_an_order_are_remembered() -> None:
    order = imported()
    for number in range(2, 12):
        order = changed(order, parsed(2, quantity=number), by=report(number))

    assert [change.report_id for change in order.changes] == [f"R{n}" for n in range(4, 12)]


def test_a_hundred_history_entries_are_kept() -> None:
    order = imported()
    for number in range(2, 130):
        order = changed(order, parsed(2, quantity=number), by=report(number))

    assert len(order.history) == 100


def test_a_fetched_order_is_updated_not_created_by_a_report() -> None:
    order = imported(provenance=Provenance.FETCHED, first_report_id="", lines=(), lines_as_of=None)

    decision = decided(order, parsed(2, quantity=4), by=report(2))

    assert [v.outcome for v in decision.verdicts] == [RowOutcome.UPDATED]
