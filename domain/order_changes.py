"""Changing an order and saying so: status, history and facts for others go together.  Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import uuid5

from domain.messages import NAMESPACE
from domain.order_status import (
    Lifecycle,
    StatusFact,
    lifecycle,
    newer,
    normalized,
    shown_status,
)
from domain.orders import (
    EnrichmentState,
    HistoryEntry,
    Order,
    OrderStatus,
    OutEvent,
)

HISTORY_LIMIT = 100
FLAG_LIMIT = 20
FLAG_TEXT = 60
EVENT_VERSION = 1
_EVENTS = {OrderStatus.CANCELED: "order.canceled", OrderStatus.FULFILLED: "order.fulfilled"}
_DELIVERED = "delivered"


def noted(order: Order, what: str, *, cause: str, at: datetime) -> Order:
    """Return the order with one more history entry; the last hundred are kept."""
    entry = HistoryEntry(at=at, what=what, cause=cause)
    return replace(order, history=(*order.history, entry)[-HISTORY_LIMIT:])


def flagged(order: Order, flag: str, *, cause: str, at: datetime) -> Order:
    """Return the order with a flag for staff, once; no more than twenty are kept."""
    if flag in order.flags or len(order.flags) >= FLAG_LIMIT:
        return order
    return noted(replace(order, flags=(*order.flags, flag)), f"flag {flag}", cause=cause, at=at)


def announced(order: Order, event: str, *, at: datetime, key: str = "", **facts: Any) -> Order:
    """Return the order with a fact for other systems in its outbox.

    The id is derived from the order, the event and ``key``: a replay says the same fact.  Without
    a key the event happens once in an order's life.
    """
    name = f"{event}/{order.account}/{order.order_id}/{key}"
    body = {
        "version": EVENT_VERSION,
        "account": order.account,
        "order_id": order.order_id,
        "marketplace_id": order.marketplace_id,
        "status": str(order.status),
        "amazon_status": order.amazon_status,
        **facts,
    }
    fact = OutEvent(event_id=str(uuid5(NAMESPACE, name)), type=event, at=at, body=body)
    return replace(order, outbox=(*order.outbox, fact))


def with_amazon_status(order: Order, said: StatusFact, *, cause: str, now: datetime) -> Order:
    """Return the order after Amazon said what its status is.

    An unknown word changes nothing but is flagged.  A real change is noted, and makes an order
    whose data is not complete be read again at once.
    """
    if lifecycle(said.text) is Lifecycle.UNKNOWN:
        return flagged(order, f"unknown_status:{said.text[:FLAG_TEXT]}", cause=cause, at=now)
    if not newer(StatusFact(order.amazon_status, order.amazon_status_at), said):
        return order
    changed = replace(order, amazon_status=said.text, amazon_status_at=said.at)
    if lifecycle(said.text) is not lifecycle(order.amazon_status):
        changed = replace(changed, amazon_stage_since=stage_began(said, order.purchased_at, now))
    if normalized(said.text) == normalized(order.amazon_status):
        return changed
    if _DELIVERED in normalized(said.text) and order.delivered_at is None:
        changed = replace(changed, delivered_at=said.at)
    what = f"Amazon's status {order.amazon_status} -> {said.text}"
    return settled(_reopened(noted(changed, what, cause=cause, at=now), now), cause=cause, now=now)


def stage_began(said: StatusFact, purchased_at: datetime, now: datetime) -> datetime:
    """Return since when an order is in the stage this word tells of; a word may lack its time."""
    return now if said.at < purchased_at.replace(microsecond=0) else said.at


def settled(order: Order, *, cause: str, now: datetime) -> Order:
    """Return the order showing the status its facts amount to, announced if it is another one."""
    status = shown_status(order)
    if status is order.status:
        return order
    what = f"status {order.status} -> {status}"
    changed = noted(replace(order, status=status), what, cause=cause, at=now)
    if status not in _EVENTS:
        return changed
    # The revision names the transition: the same write, tried again, announces the same id.
    return announced(
        changed,
        _EVENTS[status],
        at=now,
        key=str(order.revision),
        previous_status=str(order.status),
        confirmation=str(order.shipping.get("confirmation", "")),
    )


def _reopened(order: Order, now: datetime) -> Order:
    """Ask for a reading, unless nothing more can come of one."""
    if order.enrichment is EnrichmentState.COMPLETE:
        return order
    if order.enrichment is not EnrichmentState.CLOSED:
        return replace(order, next_read_at=now)
    is_final = order.purged_at is not None or order.fulfilled_by == "AMAZON"
    if is_final or lifecycle(order.amazon_status) is Lifecycle.CANCELLED:
        return order
    return replace(order, enrichment=EnrichmentState.DUE, next_read_at=now)
