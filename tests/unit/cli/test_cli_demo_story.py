from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cli.demo_run import Cycle
from cli.demo_shipping import Shipping
from cli.demo_story import DemoEnd, after, counts, cycle_screen, moved, total
from cli.output import show
from domain.ledger import ReportTally, RowOutcome, SkipReason
from domain.messages import RejectedRow
from domain.reports import ReportState
from tests.fakes.cli_values import a_report, an_order

TALLY = ReportTally(
    rows=6,
    row_outcomes={
        RowOutcome.CREATED: 3,
        RowOutcome.UPDATED: 0,
        RowOutcome.UNCHANGED: 0,
        RowOutcome.SKIPPED: 2,
        RowOutcome.REJECTED: 1,
    },
    orders={"created": 2, "recovered": 1, "updated": 0, "unchanged": 0},
    skipped={SkipReason.FULFILLED_BY_AMAZON: 2},
    rejected=1,
    chunks=1,
)
REJECTED = RejectedRow(row=7, column="quantity", reason="not a whole number")
PENDING = an_order(amazon_status="Pending")
FIRST = Cycle(
    reports=(a_report(), a_report(report_id="R2")),
    tallies=(TALLY, TALLY),
    rejected=(REJECTED,),
    orders=(PENDING,),
    failed=0,
)
SECOND = Cycle(
    reports=(a_report(report_id="R3"),),
    tallies=(TALLY,),
    rejected=(),
    orders=(an_order(), an_order(order_id="111-1234567-0000002")),
    failed=0,
)

SHIPPING = Shipping(packages=(), feeds=(), orders=SECOND.orders, failed=0)
END = DemoEnd(
    place=Path("var"),
    is_own_place=True,
    first=FIRST,
    second=SECOND,
    shipping=SHIPPING,
    seconds=12.3,
)


def test_the_counts_of_a_cycle_are_those_of_its_reports_together() -> None:
    assert total(FIRST).rows == 12
    assert total(FIRST).row_outcomes[RowOutcome.CREATED] == 6
    assert total(FIRST).orders["recovered"] == 2
    assert total(FIRST).skipped == {SkipReason.FULFILLED_BY_AMAZON: 4}


def test_only_an_order_known_before_can_have_moved() -> None:
    assert moved(FIRST, SECOND) == 1


def test_the_json_of_the_demo_adds_up_over_both_cycles() -> None:
    told = counts(END)

    assert told["rows"] == 18
    assert sum(told["row_outcomes"].values()) == 18
    assert told["orders"] == {"created": 6, "recovered": 3, "updated": 0, "unchanged": 0}
    assert told["orders_in_store"] == 2
    assert told["statuses"] == {"ORDER_NEW": 2}
    assert told["complete"] is True
    assert [each["rows"] for each in told["cycles"]] == [12, 6]
    assert told["data_dir"] == "var"


def test_a_report_without_orders_is_healthy_and_a_fatal_one_is_not() -> None:
    def one(state: ReportState) -> Cycle:
        return Cycle((a_report(state=state),), (TALLY,), (), (), 0)

    def is_complete(state: ReportState) -> bool:
        return bool(counts(replace(END, first=one(state), second=one(state)))["complete"])

    assert is_complete(ReportState.CANCELLED)
    assert not is_complete(ReportState.FATAL)
    assert not is_complete(ReportState.REQUESTED)


def test_a_cycle_tells_what_happened_at_every_stage_and_why_rows_were_skipped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(*cycle_screen("First cycle", FIRST))

    told = capsys.readouterr().out
    for stage in ("request_report", "poll_report", "parse_order_report", "import_orders"):
        assert stage in told
    assert "12 rows read, 2 of them unreadable" in told
    assert "4 created (2 past Pending when first seen)" in told
    assert "fulfilled_by_amazon" in told
    assert "Amazon packs and ships this order itself" in told
    assert "not a whole number" in told


def test_the_end_says_where_the_orders_are_and_what_to_look_at_next(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(*after(replace(END, place=Path("var/demo"), is_own_place=False)))

    told = capsys.readouterr().out
    assert "2 orders: 2 ORDER_NEW." in told
    assert "1 of them changed their status" in told
    assert "DATA_DIR=var/demo" in told
    assert "explain order 111-1234567-0000001" in told
    assert "report show R3" in told


def test_where_every_command_looks_anyway_needs_no_data_dir(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(*after(END))

    assert "DATA_DIR=var " not in capsys.readouterr().out


def test_a_second_cycle_does_not_repeat_the_reasons_of_the_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show(*cycle_screen("Second cycle", SECOND, before=FIRST))

    assert "Amazon packs and ships" not in capsys.readouterr().out


def test_orders_of_every_status_are_shown_and_not_only_the_newest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    many = tuple(an_order(order_id=f"111-1234567-{n:07}") for n in range(50))
    old = an_order(order_id="111-7654321-0000001", amazon_status="Shipped")

    show(*after(replace(END, shipping=replace(SHIPPING, orders=(*many, old)))))

    assert "111-7654321-0000001" in capsys.readouterr().out
