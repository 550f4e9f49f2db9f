"""Reports that come again, late, in several chunks or in another order: an order ends the same."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.ledger import RowOutcome, RowVerdict
from domain.messages import ParsedLine
from domain.order_import import Decision, FirstSeen, decide, verdicts_after
from domain.orders import Order
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

OPEN = FirstSeen.OPEN_ORDERS
LATER = NOW + timedelta(hours=1)


def test_the_same_report_again_changes_nothing_and_tells_the_same() -> None:
    order = imported(parsed(2), parsed(3, sku="OF-7"))

    again = decided(order, parsed(2), parsed(3, sku="OF-7"), by=report(1, now=LATER))

    assert again.order is None
    assert [v.outcome for v in again.verdicts] == [RowOutcome.CREATED] * 2


def test_a_later_report_with_nothing_new_leaves_the_order_unchanged() -> None:
    again = decided(imported(), parsed(9), by=report(2))

    assert again == Decision(None, (RowVerdict(9, ORDER_ID, RowOutcome.UNCHANGED),))


def test_an_older_report_changes_neither_lines_nor_status() -> None:
    order = changed(
        imported(by=report(2)), parsed(3, "Unshipped", last_updated_at=minutes(9)), by=report(3)
    )

    late = decided(order, parsed(7, "Pending", quantity=5), by=report(1))

    assert late.order is None
    assert [v.outcome for v in late.verdicts] == [RowOutcome.UNCHANGED]


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


def test_the_outcome_told_afterwards_is_the_same_whoever_wrote() -> None:
    order = imported(by=report(1))
    by_second = changed(order, parsed(5, "Cancelled"), by=report(2))
    row = [parsed(5, "Cancelled")]

    assert verdicts_after(by_second, row, report(1), OPEN)[0].outcome is RowOutcome.CREATED
    assert verdicts_after(by_second, row, report(2), OPEN)[0].outcome is RowOutcome.UPDATED
    assert verdicts_after(by_second, row, report(3), OPEN)[0].outcome is RowOutcome.UNCHANGED
    assert verdicts_after(None, row, report(3), OPEN)[0].outcome is RowOutcome.SKIPPED


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
