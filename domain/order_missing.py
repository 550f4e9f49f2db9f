"""An order Amazon does not know when asked for it singly.  Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from domain.orders import HistoryEntry, Order

ASK_AGAIN = timedelta(hours=24)
FLAG = "unknown_at_amazon"
HISTORY_KEPT = 100


def not_found(order: Order | None, *, now: datetime) -> Order | None:
    """Flag the order and ask again tomorrow; its status stays what Amazon last said."""
    if order is None:
        return None
    later = replace(order, read_at=now, next_read_at=now + ASK_AGAIN)
    if FLAG in order.flags:
        return later
    entry = HistoryEntry(at=now, what="Amazon does not know this order", cause="getOrder")
    history = (*order.history, entry)[-HISTORY_KEPT:]
    return replace(later, flags=(*order.flags, FLAG), history=history)
