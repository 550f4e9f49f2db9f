"""Shipments that go again as they are.  Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from domain.shipment_outcomes import retried, retry_at
from domain.shipments import ShipmentBook

BY_ITSELF = "the code heals by itself"


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
