"""Whether Amazon shows the packages it accepted.  Pure.

Amazon's verdict on a row says that it was understood; the package shows up in the order later.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from domain.orders import Order
from domain.shipment_outcomes import (
    VISIBLE_WITHIN,
    is_not_applied,
    is_visible,
    settled_by_reading,
    with_unknown_effect,
)
from domain.shipments import Outbound, Reason, Shipment, ShipmentBook

NOT_APPLIED = "not_applied"
"""What staff and gauges call a shipment that Amazon accepted and does not show hours later."""
JUST_NOW = timedelta(minutes=10)
VERDICT_WITHIN = timedelta(hours=1)
"""Most verdicts come sooner; an unverified one says nothing."""


def is_awaited(shipment: Shipment) -> bool:
    """Whether Amazon accepted it and was not seen to show it yet."""
    return shipment.outbound is Outbound.ACCEPTED and shipment.seen != shipment.accepted


def is_missed(shipment: Shipment) -> bool:
    """Whether somebody should look: Amazon accepted it and does not show it (not_applied)."""
    if not is_awaited(shipment) or shipment.accepted_at is None:
        return False
    return shipment.not_applied_at is not None and shipment.not_applied_at >= shipment.accepted_at


def looked_for(book: ShipmentBook, order: Order | None, *, now: datetime) -> ShipmentBook:
    """Return the book after looking for its accepted packages in the order as last read."""
    if order is None:
        return book
    for shipment in book.shipments:
        if not is_awaited(shipment):
            continue
        if is_visible(shipment, order, shipment.accepted_lines):
            seen = replace(shipment, seen=shipment.accepted, not_applied_at=None)
            book = book.with_shipment(seen.noted("shown by Amazon", cause="packages", at=now))
        elif not is_missed(shipment) and _was_read_late(shipment, order, now):
            missed = replace(shipment, not_applied_at=now)
            what = "not_applied: accepted hours ago, and Amazon does not show it"
            book = book.with_shipment(missed.noted(what, cause="packages", at=now))
    return book


def _was_read_late(shipment: Shipment, order: Order, now: datetime) -> bool:
    if shipment.accepted_at is None or order.read_at is None:
        return False
    read_late = order.read_at - shipment.accepted_at >= VISIBLE_WITHIN
    return read_late and is_not_applied(shipment, order, now=now)


def wants_reading(book: ShipmentBook, order: Order | None, *, now: datetime) -> bool:
    """Whether a reading of the order would settle a shipment, and the last one is not of just now.

    That is: it waits for what Amazon knows of the order; Amazon accepted it hours ago and was not
    seen to show it; or it has been in a feed for longer than a verdict takes.
    """
    if order is None or (order.read_at is not None and now - order.read_at < JUST_NOW):
        return False
    return any(_is_settled_by_reading(shipment, now) for shipment in book.shipments)


def _is_settled_by_reading(shipment: Shipment, now: datetime) -> bool:
    if shipment.outbound is Outbound.WAITING:
        return shipment.reason in {Reason.ORDER_PENDING, Reason.ORDER_NOT_ENRICHED}
    if is_awaited(shipment) and shipment.accepted_at is not None and not is_missed(shipment):
        return now - shipment.accepted_at >= VISIBLE_WITHIN
    sent_at = shipment.submitted_at if shipment.in_feed else None
    return sent_at is not None and now - sent_at >= VERDICT_WITHIN


def settled_or_sent_again(
    book: ShipmentBook, order: Order, feed: str, *, now: datetime
) -> ShipmentBook:
    """Return the book after reading the order of a feed whose verdict said nothing.

    What Amazon shows is accepted; what it does not show hours after it was sent goes again.
    """
    book = settled_by_reading(book, order, feed, now=now)
    left = [
        each.shipment_id
        for each in book.shipments
        if each.feed == feed
        and each.in_feed
        and each.submitted_at is not None
        and order.read_at is not None
        and order.read_at - each.submitted_at >= VISIBLE_WITHIN
    ]
    why = "the verdict said nothing, and Amazon does not show the package"
    return with_unknown_effect(book, feed, left, why, now=now)
