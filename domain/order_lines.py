"""The report rows an order keeps.  Pure.

Rows have no id of their own and move between reports, so a line is known by (report, row) only:
a newer report's rows replace the older report's, the same report's rows add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from domain.item_matching import match
from domain.messages import ParsedLine
from domain.orders import Gathering, Order, ReportLine


def report_lines(rows: Sequence[ParsedLine], report_id: str) -> tuple[ReportLine, ...]:
    """Return the rows as an order keeps them, by row number."""
    return tuple(
        ReportLine(
            report_id=report_id,
            row=row.row,
            sku=row.sku,
            asin=row.asin,
            product_name=row.product_name,
            quantity=row.quantity,
            item_status=row.item_status,
            currency=row.currency,
            item_price_minor=row.item_price_minor,
            shipping_price_minor=row.shipping_price_minor,
        )
        for row in sorted(rows, key=lambda row: row.row)
    )


def with_lines(
    order: Order, rows: Sequence[ParsedLine], *, report_id: str, as_of: datetime
) -> Order:
    """Return the order with the lines of this report, if they are news.

    Rows of an older report are ignored.  A newer report with the same contents, in whatever
    order, changes nothing: the lines keep the numbers of the report they came from.

    Rows of an order usually come together (one chunk), and then fewer rows are fewer lines.  Once
    a report has told an order's rows apart, rows that only repeat some of the lines are gathered:
    the others may be in another chunk.  What is still missing when the next report speaks is gone.
    (An order whose rows come apart for the first time in a later report has them all with the one
    after it: gathering for every order would be a write for every order and report.)
    """
    incoming = report_lines(rows, report_id)
    if report_id == order.lines_report_id:
        lines = _added(order.lines, incoming)
        is_news = _contents(lines) != _contents(order.lines)
        return _apart(_replaced(order, lines, report_id, as_of)) if is_news else order
    if not _speaks_last(order, report_id=report_id, as_of=as_of):
        return order
    order = _gathered_before(order, report_id)
    so_far = order.gathering
    if so_far is None:
        is_news = _contents(incoming) != _contents(order.lines)
        return _replaced(order, incoming, report_id, as_of) if is_news else order
    lines = _added(so_far.lines if so_far.report_id == report_id else (), incoming)
    if not _contents(lines) <= _contents(order.lines):
        return _apart(_replaced(order, lines, report_id, as_of))
    return replace(order, gathering=Gathering(report_id, as_of, lines))


def _added(known: Sequence[ReportLine], incoming: Sequence[ReportLine]) -> tuple[ReportLine, ...]:
    by_row = {line.row: line for line in (*known, *incoming)}
    return tuple(by_row[row] for row in sorted(by_row))


def _replaced(
    order: Order, lines: tuple[ReportLine, ...], report_id: str, as_of: datetime
) -> Order:
    return replace(
        order,
        lines=lines,
        lines_as_of=as_of,
        lines_report_id=report_id,
        items=match(order.items, lines),
    )


def _apart(order: Order) -> Order:
    """Remember that rows of this order come apart."""
    as_of = order.lines_as_of
    assert as_of is not None  # noqa: S101  they were just written
    return replace(order, gathering=Gathering(order.lines_report_id, as_of, order.lines))


def _gathered_before(order: Order, report_id: str) -> Order:
    """Take what an earlier report told in the end for the whole of it: fewer lines than before."""
    before = order.gathering
    if before is None or before.report_id in {report_id, order.lines_report_id}:
        return order
    if _contents(before.lines) == _contents(order.lines):
        return order
    return _replaced(order, before.lines, before.report_id, before.as_of)


def _speaks_last(order: Order, *, report_id: str, as_of: datetime) -> bool:
    """Whether neither the lines nor what is being gathered are of a later moment."""
    gathering = order.gathering
    if gathering is not None and (as_of, report_id) < (gathering.as_of, gathering.report_id):
        return False
    return speaks_later(order, report_id=report_id, as_of=as_of)


def speaks_later(order: Order, *, report_id: str, as_of: datetime) -> bool:
    """Whether the report speaks of a later moment than the one the lines are from."""
    if order.lines_as_of is None:
        return True
    return (as_of, report_id) > (order.lines_as_of, order.lines_report_id)


def _contents(lines: Sequence[ReportLine]) -> Counter[ReportLine]:
    return Counter(replace(line, report_id="", row=0) for line in lines)


def by_order(lines: Sequence[ParsedLine]) -> dict[str, list[ParsedLine]]:
    """Group the lines of a chunk by order, in the order they come."""
    grouped: dict[str, list[ParsedLine]] = {}
    for line in lines:
        grouped.setdefault(line.order_id, []).append(line)
    return grouped
