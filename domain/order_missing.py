"""Orders Amazon does not know, or tells of in a way we cannot read.  Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from domain.order_changes import flagged, noted
from domain.order_enrichment import READ_AGAIN, TOO_OLD
from domain.orders import EnrichmentState, Order

FLAG = "unknown_at_amazon"
UNREADABLE = "unreadable_at_amazon"


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


def unreadable(order: Order | None, *, why: str, source: str, now: datetime) -> Order | None:
    """Flag the order, say why in its history, and read it again tomorrow; it costs only itself.

    ``why`` names fields or Amazon's error code, never values.
    """
    if order is None:
        return None
    later = replace(order, next_read_at=now + READ_AGAIN)
    if UNREADABLE in order.flags:
        return later
    return noted(flagged(later, UNREADABLE, cause=source, at=now), why, cause=source, at=now)
