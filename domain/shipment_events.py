"""Telling other systems what became of their shipments.  Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid5

from domain.messages import NAMESPACE
from domain.orders import Order, OutEvent
from domain.shipments import Outbound, Reason, Shipment, ShipmentBook

EVENT_VERSION = 1
_EVENTS = {
    Outbound.ACCEPTED: "shipment.accepted",
    Outbound.REFUSED: "shipment.rejected",
    Outbound.MANUAL: "shipment.rejected",
}


def standing(shipment: Shipment) -> tuple[Outbound, Reason, str]:
    """Return where a shipment stands, why, and with which content."""
    return shipment.outbound, shipment.reason, shipment.stands_for


def announced(
    before: ShipmentBook, after: ShipmentBook, order: Order | None, *, now: datetime
) -> ShipmentBook:
    """Return the book with an event for each shipment that came to an end, good or bad.

    The revision names the transition: the same write, tried again, announces the same ids.
    """
    stood = {each.shipment_id: standing(each) for each in before.shipments}
    events = tuple(
        _event(before, shipment, order, now)
        for shipment in after.shipments
        if shipment.outbound in _EVENTS and stood.get(shipment.shipment_id) != standing(shipment)
    )
    return replace(after, outbox=(*after.outbox, *events))


def _event(book: ShipmentBook, shipment: Shipment, order: Order | None, now: datetime) -> OutEvent:
    event = _EVENTS[shipment.outbound]
    name = f"{event}/{book.account}/{book.order_id}/{shipment.shipment_id}/{book.revision}"
    body: dict[str, Any] = {
        "version": EVENT_VERSION,
        "account": book.account,
        "order_id": book.order_id,
        "marketplace_id": order.marketplace_id if order else "",
        "shipment_id": shipment.shipment_id,
        "shipment_ref": shipment.shipment_ref,
        "source_event_id": shipment.content.source_event_id,
        "outbound": str(shipment.outbound),
        "reason": str(shipment.reason),
        "explanation": shipment.explanation,
        "warnings": list(shipment.warnings),
        "issues": [
            {"code": issue.code, "is_error": issue.is_error, "message": issue.message}
            for issue in shipment.issues
        ],
    }
    return OutEvent(event_id=str(uuid5(NAMESPACE, name)), type=event, at=now, body=body)
