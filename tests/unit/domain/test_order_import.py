from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.ledger import RowOutcome, RowVerdict, SkipReason
from domain.messages import ParsedLine
from domain.order_enrichment import apply
from domain.order_import import Decision, FirstSeen, ReportContext, decide, verdicts_after
from domain.orders import EnrichmentState, Order, OrderStatus, Provenance, ReportChange
from tests.fakes.amazon_orders import amazon_order
from tests.fakes.order_values import NOW, ORDER_ID, imported, minutes, parsed, report

OPEN = FirstSeen.OPEN_ORDERS
LATER = NOW + timedelta(hours=1)


def decided(order: Order | None, *rows: ParsedLine, by: ReportContext) -> Decision:
    return decide(order, rows, by, OPEN)


def changed(order: Order, *rows: ParsedLine, by: ReportContext) -> Order:
    decision = decided(order, *rows, by=by)
    assert decision.order is not None
    return decision.order


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


def test_the_same_report_again_changes_nothing_and_tells_the_same() -> None:
    order = imported(parsed(2), parsed(3, sku="OF-7"))

    again = decided(order, parsed(2), parsed(3, sku="OF-7"), by=report(1, now=LATER))

    assert again.order is None
    assert [v.outcome for v in again.verdicts] == [RowOutcome.CREATED] * 2


def test_a_later_report_with_nothing_new_leaves_the_order_unchanged() -> None:
    again = decided(imported(), parsed(9), by=report(2))

    assert again == Decision(None, (RowVerdict(9, ORDER_ID, RowOutcome.UNCHANGED),))


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


def test_an_older_report_changes_neither_lines_nor_status() -> None:
    order = changed(
        imported(by=report(2)), parsed(3, "Unshipped", last_updated_at=minutes(9)), by=report(3)
    )

    late = decided(order, parsed(7, "Pending", quantity=5), by=report(1))

    assert late.order is None
    assert [v.outcome for v in late.verdicts] == [RowOutcome.UNCHANGED]


def test_a_newer_report_replaces_the_lines() -> None:
    order = changed(imported(), parsed(8, quantity=3), parsed(9, sku="OF-7"), by=report(2))

    assert [(x.report_id, x.row, x.sku, x.quantity) for x in order.lines] == [
        ("R2", 8, "BP-100", 3),
        ("R2", 9, "OF-7", 1),
    ]


def test_rows_of_one_report_in_two_chunks_add_up() -> None:
    order = changed(imported(parsed(2)), parsed(900, sku="OF-7"), by=report(1))

    assert [x.row for x in order.lines] == [2, 900]


def test_rows_of_a_newer_report_in_two_chunks_add_up_in_either_order() -> None:
    a, b = parsed(5, quantity=3), parsed(900, sku="OF-7")
    one = changed(changed(imported(), a, by=report(2)), b, by=report(2))
    other = changed(changed(imported(), b, by=report(2)), a, by=report(2))

    assert one.lines == other.lines
    assert [x.row for x in one.lines] == [5, 900]


def test_a_report_that_changed_an_order_twice_is_remembered_once() -> None:
    order = changed(imported(), parsed(5, quantity=3), by=report(2))
    order = changed(order, parsed(900, sku="OF-7"), by=report(2))

    assert [change.report_id for change in order.changes] == ["R1", "R2"]


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


def test_the_outcome_told_afterwards_is_the_same_whoever_wrote() -> None:
    order = imported(by=report(1))
    by_second = changed(order, parsed(5, "Cancelled"), by=report(2))
    row = [parsed(5, "Cancelled")]

    assert verdicts_after(by_second, row, report(1), OPEN)[0].outcome is RowOutcome.CREATED
    assert verdicts_after(by_second, row, report(2), OPEN)[0].outcome is RowOutcome.UPDATED
    assert verdicts_after(by_second, row, report(3), OPEN)[0].outcome is RowOutcome.UNCHANGED
    assert verdicts_after(None, row, report(3), OPEN)[0].outcome is RowOutcome.SKIPPED


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


ROWS = st.lists(
    st.builds(
        parsed,
        st.integers(2, 5),
        st.sampled_from(["Pending", "Unshipped", "PartiallyShipped", "Cancelled", "Neu"]),
        last_updated_at=st.sampled_from([None, minutes(1), minutes(2), minutes(3)]),
        sku=st.sampled_from(["A", "B"]),
        quantity=st.integers(0, 2),
        fulfillment_channel=st.sampled_from(["Merchant", "MFN", "Amazon"]),
        ship_service_level=st.sampled_from(["", "Standard"]),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda row: row.row,
)
MAYBE_ORDER = st.one_of(st.none(), ROWS.map(lambda rows: decided(None, *rows, by=report(5)).order))


@given(MAYBE_ORDER, ROWS, st.sampled_from([4, 5, 6]), st.sampled_from(FirstSeen))
def test_deciding_twice_changes_nothing_more_and_tells_the_same(
    order: Order | None, rows: list[ParsedLine], number: int, policy: FirstSeen
) -> None:
    first = decide(order, rows, report(number), policy)
    second = decide(first.order or order, rows, report(number, now=LATER), policy)

    assert second.order is None
    assert second.verdicts == first.verdicts
    assert [v.row for v in first.verdicts] == [row.row for row in rows]
    assert first.order is None or first.order != order


@given(ROWS, ROWS)
def test_two_reports_in_either_order_end_in_the_same_lines_and_status(
    older: list[ParsedLine], newer: list[ParsedLine]
) -> None:
    known = imported(parsed(2, last_updated_at=None), by=report(1))

    def after(*reports: tuple[int, list[ParsedLine]]) -> Order:
        order = known
        for number, rows in reports:
            order = decided(order, *rows, by=report(number)).order or order
        return order

    one, other = after((2, older), (3, newer)), after((3, newer), (2, older))

    assert (one.status, one.amazon_status, one.amazon_status_at) == (
        other.status,
        other.amazon_status,
        other.amazon_status_at,
    )
    assert contents(one) == contents(other)
    assert sorted(one.flags) == sorted(other.flags)


def contents(order: Order) -> list[tuple[str, int]]:
    return sorted((line.sku, line.quantity) for line in order.lines)
