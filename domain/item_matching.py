"""Which report rows belong to which order item.  Pure.

The report has no order-item ids, one order may list a SKU twice, and rows change their order
between reports; so rows and items are matched as a multiset of (SKU, quantity, price), first
exactly, then without the price (reports hide it while Pending), then by SKU alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

from domain.orders import OrderItem, ReportLine

_Key = tuple[Hashable, ...]


def _price(item: OrderItem) -> int | None:
    """The item's total as a report row has it."""
    if item.unit_price_minor is None:
        return None
    return item.unit_price_minor * item.quantity_ordered


_ROUNDS: tuple[tuple[Callable[[OrderItem], _Key], Callable[[ReportLine], _Key]], ...] = (
    (
        lambda item: (item.sku, item.quantity_ordered, _price(item)),
        lambda line: (line.sku, line.quantity, line.item_price_minor),
    ),
    (lambda item: (item.sku, item.quantity_ordered), lambda line: (line.sku, line.quantity)),
    (lambda item: (item.sku,), lambda line: (line.sku,)),
)


def match(items: Sequence[OrderItem], lines: Sequence[ReportLine]) -> tuple[OrderItem, ...]:
    """Return the items, in their order, with ``report_rows`` and ``ambiguous`` set anew.

    A row belongs to one item at most.  Where several items or rows are alike, the choice is the
    same at every call but could have been another: those items are ambiguous.  Rows left over
    go to the only item of their SKU (Amazon may split an item over rows), else to none.
    """
    matching = _Matching(items, lines)
    for item_key, line_key in _ROUNDS:
        matching.pair(item_key, line_key)
    alone = {sku for sku, count in Counter(item.sku for item in items).items() if count == 1}
    owner = {item.sku: item.order_item_id for item in items if item.sku in alone}
    for line in matching.free_lines:
        if line.sku in owner:
            matching.rows[owner[line.sku]].append(line.row)
    return tuple(
        replace(
            item,
            report_rows=tuple(sorted(matching.rows[item.order_item_id])),
            ambiguous=item.order_item_id in matching.ambiguous and item.sku not in alone,
        )
        for item in items
    )


class _Matching:
    """Items and lines not yet paired, and what is."""

    def __init__(self, items: Sequence[OrderItem], lines: Sequence[ReportLine]) -> None:
        self.free_items = sorted(items, key=lambda item: item.order_item_id)
        self.free_lines = sorted(lines, key=lambda line: line.row)
        self.rows: dict[str, list[int]] = {item.order_item_id: [] for item in items}
        self.ambiguous: set[str] = set()

    def pair(
        self, item_key: Callable[[OrderItem], _Key], line_key: Callable[[ReportLine], _Key]
    ) -> None:
        """Pair what has the same key, in the order of ids and rows."""
        items, lines = defaultdict(list), defaultdict(list)
        for item in self.free_items:
            items[item_key(item)].append(item)
        for line in self.free_lines:
            lines[line_key(line)].append(line)
        for key in items.keys() & lines.keys():
            for item, line in zip(items[key], lines[key], strict=False):
                self.rows[item.order_item_id].append(line.row)
            if len(items[key]) > 1 or len(lines[key]) > 1:
                self.ambiguous.update(item.order_item_id for item in items[key])
        taken = {row for rows in self.rows.values() for row in rows}
        self.free_items = [item for item in self.free_items if not self.rows[item.order_item_id]]
        self.free_lines = [line for line in self.free_lines if line.row not in taken]
