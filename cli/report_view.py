"""Reports and what became of their rows, as people and programs read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from cli.output import place, plain, short, table
from domain.ledger import ReportTally, RowOutcome, SkipReason
from domain.messages import RejectedRow
from domain.order_import import explain_skip
from domain.reports import Report

ORDER_COUNTS = ("created", "recovered", "updated", "unchanged")


def counts_of(tally: ReportTally) -> dict[str, Any]:
    """Return the counts as every command's JSON tells them."""
    return {
        "rows": tally.rows,
        "row_outcomes": {each.value: tally.row_outcomes.get(each, 0) for each in RowOutcome},
        "orders": {name: tally.orders.get(name, 0) for name in ORDER_COUNTS},
        "skipped": {reason.value: count for reason, count in tally.skipped.items() if count},
        "rejected": tally.rejected,
    }


def report_row(report: Report) -> dict[str, Any]:
    """Return a report as one line of a list."""
    return {
        "report_id": report.report_id,
        "account": report.account,
        "marketplace": report.marketplace,
        "kind": report.kind.value,
        "source": report.source,
        "state": report.state.value,
        "reason": report.reason,
        "data_start": plain(report.data_start),
        "data_end": plain(report.data_end),
        "rows": report.rows,
        "truncated": report.truncated,
        "created_at": plain(report.created_at),
        "closed_at": plain(report.closed_at),
        "amazon_report_id": report.amazon_report_id,
    }


def report_table(title: str, reports: Sequence[Report]) -> Table:
    """Return a table of reports."""
    return table(
        title,
        ("report", "account", "marketplace", "orders placed (UTC)", "state", "rows", "reason"),
        (
            (
                each.report_id,
                each.account,
                place(each.marketplace) or "file",
                "-" if each.source == "file" else _window(each),
                each.state.value,
                "-" if each.rows is None else each.rows,
                each.reason,
            )
            for each in reports
        ),
    )


def _window(report: Report) -> str:
    return f"{short(report.data_start)} to {short(report.data_end)}"


def tally_table(tally: ReportTally) -> Table:
    """Return what became of the rows and of the orders in them."""
    rows = [(f"rows {name.value}", count) for name, count in tally.row_outcomes.items()]
    orders = [(f"orders {name}", count) for name, count in tally.orders.items()]
    return table(f"{tally.rows} rows", ("", ""), [*rows, *orders])


def skipped_table(skipped: Mapping[SkipReason, int]) -> Table:
    """Return why rows were skipped."""
    counted = [(reason, count) for reason, count in skipped.items() if count]
    return table(
        "Skipped, and why",
        ("rows", "reason", "", "what to do"),
        ((count, reason.value, *explain_skip(reason)) for reason, count in counted),
    )


def rejected_table(rejected: Sequence[RejectedRow], total: int) -> Table:
    """Return which rows could not be read."""
    more = f" (the first {len(rejected)} of {total})" if total > len(rejected) else ""
    return table(
        f"Rejected rows{more}",
        ("line", "column", "why", "order"),
        ((row.row, row.column, row.reason, row.order_id or "-") for row in rejected),
    )
