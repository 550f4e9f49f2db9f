"""Shipments that go again as they are.  Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from domain.shipment_outcomes import retried, retry_at
from domain.shipment_visibility import is_missed
from domain.shipments import ShipmentBook

BY_ITSELF = "the code heals by itself"


def sent_once_more(book: ShipmentBook, shipment_id: str, *, by: str, now: datetime) -> ShipmentBook:
    """Return the book with a shipment free to go again as it is: refused, or not_applied."""
    shipment = book.shipment(shipment_id)
    if shipment is None or not is_missed(shipment):
        return retried(book, shipment_id, by=by, now=now)
    again = replace(shipment, send_again=True, submitted_at=None)
    return book.with_shipment(again.noted("to be sent once more", cause=by, at=now))


def retried_by_itself(
    book: ShipmentBook, transient_codes: Collection[str], *, now: datetime
) -> ShipmentBook:
    """Return the book with everything free to go again whose time to be tried again has come."""
    if not transient_codes:
        return book
    for shipment in book.shipments:
        at = retry_at(shipment, transient_codes)
        if at is not None and at <= now:
            book = retried(book, shipment.shipment_id, by=BY_ITSELF, now=now)
    return book
