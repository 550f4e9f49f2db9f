"""Orders whose rows do not stand together in the report, so that they come chunk by chunk."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.ledger import RowOutcome
from domain.messages import ParsedLine
from domain.order_import import Decision, FirstSeen, decide
from domain.orders import Order
from tests.fakes.order_values import parsed, report

OPEN = FirstSeen.OPEN_ORDERS
FAR = 900
"""A row of a later chunk."""


def lamp(row: int, **changes: Any) -> ParsedLine:
    return parsed(row, sku="LAMP", **changes)


def bulb(row: int, **changes: Any) -> ParsedLine:
    return parsed(row, sku="BULB", **changes)


def told(order: Order | None, number: int, *rows: ParsedLine) -> Decision:
    """Return what a chunk of report R<number> with these rows comes to."""
    return decide(order, rows, report(number), OPEN)


def after(order: Order | None, number: int, *chunks: ParsedLine) -> tuple[Order, list[str]]:
    """Return the order after chunks of one row each, and the outcome of each row."""
    outcomes = []
    for row in chunks:
        decision = told(order, number, row)
        order = decision.order or order
        outcomes += [each.outcome.value for each in decision.verdicts]
    assert order is not None
    return order, outcomes


def contents(order: Order) -> Counter[tuple[str, int]]:
    return Counter((line.sku, line.quantity) for line in order.lines)


def apart() -> Order:
    """Return an order that the first report told in two chunks."""
    order, outcomes = after(None, 1, lamp(2), bulb(FAR))
    assert outcomes == ["created", "created"]
    return order


@pytest.mark.parametrize("rows", [(lamp(5), bulb(FAR)), (bulb(5), lamp(FAR))])
def test_a_newer_report_with_the_same_rows_leaves_the_order_unchanged(
    rows: tuple[ParsedLine, ...],
) -> None:
    order = apart()

    for number in (2, 3, 4):
        order, outcomes = after(order, number, *rows)
        assert outcomes == ["unchanged", "unchanged"]

    assert (order.lines, order.lines_report_id) == (apart().lines, "R1")
    assert order.history == apart().history
    assert [change.report_id for change in order.changes] == ["R1"]


def test_a_row_that_changed_updates_the_order_and_keeps_the_rows_told_before_it() -> None:
    order, outcomes = after(apart(), 2, lamp(5), bulb(FAR, quantity=3))

    assert outcomes == ["unchanged", "updated"]
    assert contents(order) == {("LAMP", 1): 1, ("BULB", 3): 1}
    assert order.lines_report_id == "R2"


def test_a_row_that_is_gone_is_gone_with_the_next_report() -> None:
    order, outcomes = after(apart(), 2, lamp(5))
    assert (outcomes, contents(order)) == (["unchanged"], contents(apart()))

    order, outcomes = after(order, 3, lamp(5))

    assert outcomes == ["updated"]
    assert contents(order) == {("LAMP", 1): 1}
    assert order.history[-1].what == "report lines: 2 -> 1, contents changed"
    assert after(order, 4, lamp(5)) == (after(order, 4, lamp(5))[0], ["unchanged"])


def test_a_chunk_that_comes_again_costs_nothing() -> None:
    once, _ = after(apart(), 2, lamp(5), bulb(FAR))
    again, outcomes = after(once, 2, lamp(5), bulb(FAR), lamp(5))

    assert (again, outcomes) == (once, ["unchanged"] * 3)
    assert after(again, 3, lamp(5), bulb(FAR))[1] == ["unchanged", "unchanged"]


def test_an_older_report_does_not_disturb_what_a_newer_one_is_telling() -> None:
    order, _ = after(apart(), 3, lamp(5))
    order, outcomes = after(order, 2, bulb(FAR, quantity=9))
    order, _ = after(order, 3, bulb(FAR))

    assert outcomes == ["unchanged"]
    assert contents(order) == contents(apart())


def test_rows_that_have_always_come_together_are_fewer_at_once() -> None:
    whole = told(None, 1, lamp(2), bulb(3)).order
    decision = told(whole, 2, lamp(2))

    assert [each.outcome for each in decision.verdicts] == [RowOutcome.UPDATED]
    assert decision.order is not None
    assert contents(decision.order) == {("LAMP", 1): 1}


SKUS = st.lists(st.sampled_from("AB"), min_size=1, max_size=3)


@settings(max_examples=60)
@given(st.lists(SKUS, min_size=1, max_size=3), st.randoms(use_true_random=False))
def test_whatever_reports_tell_row_by_row_the_last_one_told_twice_is_what_is_there(
    reports: list[list[str]], draw: Any
) -> None:
    order = apart()
    for number, skus in enumerate([*reports, reports[-1]], start=2):
        rows = [parsed(at, sku=sku) for at, sku in enumerate(skus, start=2)]
        draw.shuffle(rows)
        order, _ = after(order, number, *rows)

    assert order is not None
    told_last = Counter((sku, 1) for sku in reports[-1])
    closing = order.gathering.lines if order.gathering else order.lines
    assert Counter((line.sku, line.quantity) for line in closing) == told_last
