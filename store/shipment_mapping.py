"""Between ``domain.shipments.ShipmentBook`` and its document.

The document has the book's own field names, and besides: ``_id`` (account/order id),
``changed_at`` (the store's time of the last write), and what the whole book is looked for by.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from domain.errors import Malformed
from domain.shipment_visibility import is_awaited, is_missed
from domain.shipments import Outbound, Shipment, ShipmentBook
from store.mapping import encode_field, from_document, in_ms

FAR = datetime(9999, 1, 1, tzinfo=UTC)
"""Stands for a ship-by that is not known: after all others."""
_KEPT_BY_THE_STORE = frozenset({"account", "order_id", "revision"})
_COMPARED = tuple(f.name for f in fields(ShipmentBook) if f.name not in _KEPT_BY_THE_STORE)


def book_from(raw: Mapping[str, Any]) -> ShipmentBook:
    """Return the book a document holds.

    Raises:
        Malformed: the document is not a book.  The text names it.
    """
    try:
        return from_document(ShipmentBook, raw)
    except Malformed as exc:
        raise Malformed(f"shipments of {raw.get('_id')}: {exc}") from None


def book_changes(old: ShipmentBook, new: ShipmentBook) -> dict[str, Any]:
    """Return the fields that changed; None stands for a field that is no longer there."""
    changes = {
        name: encode_field(ShipmentBook, name, getattr(new, name))
        for name in _COMPARED
        if getattr(old, name) != getattr(new, name)
    }
    if "shipments" in changes or "ship_by" in changes:
        changes |= looked_for_by(new)
    return changes


def looked_for_by(book: ShipmentBook) -> dict[str, Any]:
    """Return the fields a book is found by; None for those that do not apply."""
    every = book.shipments
    due = any(each.outbound is Outbound.DUE for each in every)
    waiting = [each.since for each in every if each.outbound is Outbound.WAITING]
    awaited = [each.accepted_at for each in every if is_awaited(each) and each.accepted_at]
    carried = [each for each in every if each.in_feed]
    found: dict[str, Any] = {
        "due_by": in_ms(book.ship_by or FAR) if due else None,
        "waiting_since": in_ms(min(waiting)) if waiting else None,
        "unseen_since": in_ms(min(awaited)) if awaited else None,
        "missed": True if any(is_missed(each) for each in every) else None,
        "feeds": _distinct(each.feed for each in carried),
        "unsent_feeds": _distinct(each.feed for each in carried if each.submitted_at is None),
        "refused_codes": _distinct(code for each in every for code in refused_codes(each)),
        "outbounds": _distinct(str(each.outbound) for each in every),
        "reasons": _distinct(str(each.reason) for each in every if each.reason),
        "tracking_numbers": _distinct(bare(each.content.tracking_number) for each in every),
    }
    return found


def refused_codes(shipment: Shipment) -> set[str]:
    """Return the codes with which Amazon refused a shipment."""
    if shipment.outbound is not Outbound.REFUSED:
        return set()
    return {issue.code for issue in shipment.issues if issue.is_error}


def bare(tracking_number: str) -> str:
    """Return what counts of a tracking number: letters and digits, in capitals."""
    return re.sub(r"[\W_]", "", tracking_number).upper()


def _distinct(values: Any) -> list[str] | None:
    return sorted(set(values)) or None
