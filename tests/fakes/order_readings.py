"""Amazon's records of one made-up order, and what the order is after they were read."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from domain.order_enrichment import apply
from domain.orders import AmazonOrder, Order
from tests.fakes.amazon_orders import amazon_order
from tests.fakes.order_values import NOW, ORDER_ID


def record(status: str = "UNSHIPPED", **changes: Any) -> AmazonOrder:
    """Return what Amazon tells of the order that ``imported`` makes."""
    return amazon_order(ORDER_ID, status=status, **changes)


def read(order: Order, amazon: AmazonOrder, after: timedelta = timedelta(0)) -> Order:
    """Return the order after a reading that must change it."""
    changed = apply(order, amazon, source="search", now=NOW + after)
    assert changed is not None
    return changed


def told(order: Order) -> list[str]:
    """Return the types of the events the order has in its outbox."""
    return [event.type for event in order.outbox]
