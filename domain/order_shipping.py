"""What an order knows of its own shipments, and the status that follows.  Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any

from domain.order_changes import flagged, settled
from domain.orders import Order, OrderStatus
from domain.shipment_joining import claimed, sent
from domain.shipments import Outbound, ShipmentBook

CANCELLED_AFTER_SHIPPING = "cancelled_after_shipping"


def shipping_summary(book: ShipmentBook) -> dict[str, Any]:
    """Return the summary an order keeps as ``Order.shipping``.

    ``claimed``: units per order-item id that shipments take.  ``sent``: units in feeds that
    Amazon took, refused rows left out.  ``confirmation``: empty, ``sent`` or ``confirmed``.
    ``outbound``: how many shipments stand where.
    """
    if not book.shipments:
        return {}
    taken: Counter[str] = Counter()
    submitted: Counter[str] = Counter()
    for shipment in book.shipments:
        taken += claimed(shipment)
        submitted += sent(shipment)
    return {
        "claimed": dict(sorted(taken.items())),
        "sent": dict(sorted(submitted.items())),
        "confirmation": _confirmation(book),
        "outbound": dict(sorted(Counter(str(s.outbound) for s in book.shipments).items())),
    }


def with_shipping(order: Order, book: ShipmentBook, *, cause: str, now: datetime) -> Order | None:
    """Return the order with the summary of its shipments and the status that follows, or None.

    A cancel after something went out is flagged: the buyer will get what was cancelled.
    """
    summary, changed = shipping_summary(book), order
    if summary != order.shipping:
        changed = settled(replace(order, shipping=summary), cause=cause, now=now)
    if summary.get("sent") and changed.status is OrderStatus.CANCELED:
        changed = flagged(changed, CANCELLED_AFTER_SHIPPING, cause=cause, at=now)
    return None if changed is order else changed


def _confirmation(book: ShipmentBook) -> str:
    if any(each.in_feed and each.submitted_at is not None for each in book.shipments):
        return "sent"
    if any(each.outbound is Outbound.ACCEPTED for each in book.shipments):
        return "confirmed"
    return ""
