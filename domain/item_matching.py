"""Which report rows belong to which order item.  Pure."""

from __future__ import annotations

from collections.abc import Sequence

from domain.orders import OrderItem, ReportLine


def match(items: Sequence[OrderItem], lines: Sequence[ReportLine]) -> tuple[OrderItem, ...]:
    """Return the items with ``report_rows`` and ``ambiguous`` set anew.

    The report has no order-item ids, so rows and items are matched as a multiset of
    (SKU, quantity, price).
    """
    raise NotImplementedError
