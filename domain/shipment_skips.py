"""Shipments of orders that reports tell of and that are left alone here.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from domain.ledger import SkipReason
from domain.shipments import Outbound, Reason, ShipmentBook

NEVER: Mapping[SkipReason, tuple[Reason, str]] = {
    SkipReason.FULFILLED_BY_AMAZON: (
        Reason.FULFILLED_BY_AMAZON,
        "Amazon ships this order itself (FBA)",
    ),
    SkipReason.NOT_AN_AMAZON_ORDER: (
        Reason.ORDER_UNFULFILLABLE,
        "the order was not placed on Amazon",
    ),
    SkipReason.FIRST_SEEN_CANCELLED: (
        Reason.ORDER_CANCELLED,
        "the order was cancelled before it came here; handle a package already sent as a return",
    ),
}
"""Orders that will not come here, and why.  The others may."""


def refused_if_skipped(book: ShipmentBook, skipped: Collection[SkipReason]) -> ShipmentBook:
    """Return the book of an unknown order with everything refused that waits in vain."""
    why = next((NEVER[reason] for reason in NEVER if reason in skipped), None)
    if why is None:
        return book
    reason, sentence = why
    for shipment in book.shipments:
        if shipment.outbound is Outbound.WAITING:
            refused = replace(
                shipment, refused=shipment.wanted, refused_reason=reason, refused_why=sentence
            )
            book = book.with_shipment(refused)
    return book
