"""An order Amazon does not know when asked for it singly.  Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.order_changes import flagged
from domain.order_enrichment import READ_AGAIN, TOO_OLD
from domain.orders import EnrichmentState, Order

FLAG = "unknown_at_amazon"


def not_found(order: Order | None, *, now: datetime) -> Order | None:
    """Flag the order and ask again tomorrow; its status stays what Amazon last said.

    Orders too old for Amazon to tell more are not asked for again.
    """
    if order is None:
        return None
    order = flagged(replace(order, read_at=now), FLAG, cause="getOrder", at=now)
    if now - order.purchased_at > TOO_OLD:
        return replace(order, enrichment=EnrichmentState.CLOSED, next_read_at=None)
    return replace(order, next_read_at=now + READ_AGAIN)
