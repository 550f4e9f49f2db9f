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
from domain.orders import Order, ReportLine


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
    """
    incoming = report_lines(rows, report_id)
    if report_id == order.lines_report_id:
        by_row = {line.row: line for line in (*order.lines, *incoming)}
        lines = tuple(by_row[row] for row in sorted(by_row))
    elif speaks_later(order, report_id=report_id, as_of=as_of):
        lines = incoming
    else:
        return order
    if _contents(lines) == _contents(order.lines):
        return order
    return replace(
        order,
        lines=lines,
        lines_as_of=as_of,
        lines_report_id=report_id,
        items=match(order.items, lines),
    )


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
