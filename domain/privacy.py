"""How long a buyer's data is kept, and what is left when it is removed.  Pure.

Amazon's data protection policy: personal data is kept for at most 30 days after delivery.  So the
time counts from when an order is *over*: delivered or cancelled.  Where Amazon tells neither, an
order counts as over at a moment that is assumed (docs/adr: when a buyer is forgotten).

What is removed does not come back: a purged order stays as a tombstone, by which it is known
again, and every later reading leaves its buyer out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.order_changes import noted
from domain.order_status import OPEN, Lifecycle, lifecycle
from domain.orders import EnrichmentState, Order, PurgeReason, unsigned

KEPT_AT_MOST = timedelta(days=30)
"""After delivery.  Source: Amazon's data protection policy, retention of personal data."""
IN_TRANSIT = timedelta(days=14)
"""A shipped order without a promised date counts as delivered after this, unless Amazon tells."""
NEVER_CLOSED = timedelta(days=90)
"""An order counts as over so long after its purchase although Amazon told no end of it; the
promised date of a pre-order may be later."""
CAUSE = "privacy"
"""How the history names the removal."""

_WORDS: Mapping[PurgeReason, str] = {
    PurgeReason.DELIVERED: "it was delivered",
    PurgeReason.CANCELLED: "it was cancelled",
    PurgeReason.SHIPPED: "it was shipped, Amazon told of no delivery, and it counts as delivered",
    PurgeReason.NEVER_CLOSED: "Amazon told of neither shipment nor cancellation, it counts as over",
}


@dataclass(frozen=True, slots=True)
class Over:
    """Since (or from) when an order counts as over, and why."""

    at: datetime
    because: PurgeReason


@dataclass(frozen=True, slots=True)
class OverOrder:
    """An order that is over and whose buyer was not removed."""

    account: str
    order_id: str
    over_at: datetime


def over(order: Order) -> Over:
    """Return when the order is over, as far as is known now.

    Of a delivery and a cancellation the earlier one counts.  A delivery that Amazon does not tell
    counts as of the promised date, but not before the shipment.
    """
    stage, since = lifecycle(order.amazon_status), _stage_since(order)
    ends = []
    if order.delivered_at is not None:
        ends.append(Over(order.delivered_at, PurgeReason.DELIVERED))
    if stage is Lifecycle.CANCELLED:
        ends.append(Over(since, PurgeReason.CANCELLED))
    if ends:
        return min(ends, key=lambda end: end.at)
    if stage is Lifecycle.SHIPPED:
        promised = order.deliver_by or since + IN_TRANSIT
        return Over(max(promised, since), PurgeReason.SHIPPED)
    promised = order.deliver_by or order.purchased_at
    return Over(max(promised, order.purchased_at + NEVER_CLOSED), PurgeReason.NEVER_CLOSED)


def purge_at(order: Order, kept: timedelta) -> datetime | None:
    """Return when the buyer's data is to be removed; None: it was."""
    return None if order.purged_at is not None else over(order).at + kept


def purged_by_age(order: Order | None, *, kept: timedelta, now: datetime) -> Order | None:
    """Return the order without its buyer, or None if its time has not come (or is long past)."""
    if order is None:
        return None
    due_at, end = purge_at(order, kept), over(order)
    if due_at is None or due_at > now:
        return None
    note = f"{_WORDS[end.because]} on {end.at.date()}, and its time of keeping is over"
    return _purged(order, end.because, note, now)


def purged_on_request(order: Order | None, *, who: str, why: str, now: datetime) -> Order | None:
    """Return the order without its buyer, whatever its age; None if there is nothing to remove."""
    if order is None or order.purged_at is not None:
        return None
    return _purged(order, PurgeReason.ON_REQUEST, f"on request, by {who}: {why}", now)


def _purged(order: Order, because: PurgeReason, note: str, now: datetime) -> Order:
    is_open = lifecycle(order.amazon_status) in OPEN and order.fulfilled_by != "AMAZON"
    tombstone = replace(
        order,
        buyer=None,
        items=tuple(unsigned(item) for item in order.items),
        purged_at=now,
        purged_because=because,
        purge_note=note,
        enrichment=EnrichmentState.CLOSED,
        missing=(),
        # Its status and its items are still followed.
        next_read_at=order.next_read_at if is_open else None,
    )
    what = f"buyer data removed: {note}"
    return noted(tombstone, what, cause=CAUSE, at=now)


def _stage_since(order: Order) -> datetime:
    """Return Amazon's time of the stage; orders of an older version have only the last update's."""
    return max(order.amazon_stage_since or order.amazon_status_at, order.purchased_at)
