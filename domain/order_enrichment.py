"""What Amazon's own record of an order (Orders API) adds to ours, and when to read again.  Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.amazon_record import absorbed
from domain.order_changes import (
    announced,
    noted,
    settled,
    stage_began,
    with_amazon_status,
)
from domain.order_status import (
    NOT_PAID,
    OPEN,
    Lifecycle,
    lifecycle,
    shown_status,
    status_fact,
)
from domain.orders import (
    AmazonOrder,
    EnrichmentState,
    Order,
    OrderStatus,
    Provenance,
)

READ_AGAIN = timedelta(hours=24)
"""Open orders that no pass touched, and those a missing role keeps incomplete, are read daily."""
WORTH_NOTING = timedelta(hours=1)
"""Reading the same record again sooner than this is not worth a write."""
ADDRESS_SHOWN = timedelta(days=30)
"""How long a shipped order without a delivery date may still get its address."""
TOO_OLD = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class FetchRefused:
    """The order is not ours to keep; ``reason`` is a sentence for staff."""

    order_id: str
    reason: str


def apply(order: Order | None, amazon: AmazonOrder, *, source: str, now: datetime) -> Order | None:
    """Return the order with what Amazon's record adds, or None for no change.

    Unknown orders (``order`` is None) are never created here.  ``source`` goes to the history,
    e.g. ``search`` or ``getOrder``.
    """
    if order is None:
        return None
    said = status_fact(amazon.status, amazon.last_updated_at, purchased_at=order.purchased_at)
    read = absorbed(order, amazon)
    read = with_amazon_status(read, said, cause=source, now=now)
    read = settled(read, cause=source, now=now)
    read = _with_cancel_requests(order, read, source, now)
    read = _judged(read, source, now)
    return None if _is_same(order, read) else replace(read, read_at=now)


def fetched(account: str, amazon: AmazonOrder, *, now: datetime) -> Order | FetchRefused:
    """Return a new order (provenance *fetched*) from Amazon's record, or why it is not ours."""
    refusal = _why_not_ours(amazon)
    if refusal:
        return FetchRefused(amazon.order_id, refusal)
    said = status_fact(amazon.status, amazon.last_updated_at, purchased_at=amazon.purchased_at)
    order = Order(
        account=account,
        order_id=amazon.order_id,
        status=OrderStatus.NEW,
        amazon_status=said.text,
        amazon_status_at=said.at,
        amazon_stage_since=stage_began(said, amazon.purchased_at, now),
        purchased_at=amazon.purchased_at,
        provenance=Provenance.FETCHED,
        first_report_id="",
        marketplace_id=amazon.marketplace_id,
    )
    order = replace(order, status=shown_status(order))
    order = noted(order, f"fetched by hand, Amazon says {said.text}", cause="getOrder", at=now)
    order = announced(order, "order.imported", at=now, provenance=str(order.provenance))
    return apply(order, amazon, source="getOrder", now=now) or order


def missing_fields(order: Order) -> tuple[str, ...]:
    """Return what a seller needs to ship and Amazon did not tell (yet).

    A phone is not among them: Amazon gives one only if available.
    """
    buyer = order.buyer
    lines = (buyer.address_line_1, buyer.address_line_2, buyer.address_line_3) if buyer else ()
    has = {
        "order items": bool(order.items),
        "buyer email": buyer is not None and bool(buyer.email),
        "recipient name": buyer is not None and bool(buyer.recipient_name),
        "delivery address": any(lines),
    }
    return tuple(field for field, there in has.items() if not there)


def _why_not_ours(amazon: AmazonOrder) -> str:
    if amazon.fulfilled_by == "AMAZON":
        return "Amazon ships this order itself (FBA); there is nothing to fulfill from here"
    channel = amazon.sales_channel.lower().replace("_", "-")
    if amazon.order_id.startswith("S") or channel.startswith("non-amazon"):
        return "it was not placed on Amazon"
    if lifecycle(amazon.status) is Lifecycle.UNKNOWN:
        return f"its status “{amazon.status[:60]}” is not known here"
    return ""


def _judged(order: Order, source: str, now: datetime) -> Order:
    """Say how complete the order is and when it is read again."""
    state, missing = _completeness(order, now)
    judged = replace(
        order, enrichment=state, missing=missing, next_read_at=_next_read(order, state, now)
    )
    if (state, missing) == (order.enrichment, order.missing):
        return judged
    what = f"buyer data {order.enrichment} -> {state}"
    if state is EnrichmentState.INCOMPLETE_ROLE:
        what = f"{what}, missing: {', '.join(missing)}"
    judged = noted(judged, what, cause=source, at=now)
    if state is not EnrichmentState.COMPLETE:
        return judged
    return announced(judged, "order.enriched", at=now)


def _completeness(order: Order, now: datetime) -> tuple[EnrichmentState, tuple[str, ...]]:
    stage = lifecycle(order.amazon_status)
    is_final = order.purged_at is not None or order.fulfilled_by == "AMAZON"
    if is_final or stage is Lifecycle.CANCELLED:
        return EnrichmentState.CLOSED, ()
    missing = missing_fields(order)
    if not missing:
        return EnrichmentState.COMPLETE, ()
    if stage in NOT_PAID:
        return EnrichmentState.INCOMPLETE_PENDING, ()
    shown_until = order.deliver_by or order.purchased_at + ADDRESS_SHOWN
    is_over = stage is Lifecycle.SHIPPED and now > shown_until
    if is_over or now - order.purchased_at > TOO_OLD:
        return EnrichmentState.CLOSED, missing
    return EnrichmentState.INCOMPLETE_ROLE, missing


def _next_read(order: Order, state: EnrichmentState, now: datetime) -> datetime | None:
    is_open = lifecycle(order.amazon_status) in OPEN and order.fulfilled_by != "AMAZON"
    is_daily = is_open or state is EnrichmentState.INCOMPLETE_ROLE
    return now + READ_AGAIN if is_daily else None


def _with_cancel_requests(before: Order, order: Order, source: str, now: datetime) -> Order:
    known = {item.order_item_id for item in before.items if item.cancel_requested}
    new = [
        item.order_item_id
        for item in order.items
        if item.cancel_requested and item.order_item_id not in known
    ]
    if not new:
        return order
    what = f"the buyer asked to cancel: {', '.join(new)}"
    order = noted(order, what, cause=source, at=now)
    return announced(
        order, "order.cancel-requested", at=now, key=",".join(sorted(new)), order_item_ids=new
    )


def _is_same(order: Order, read: Order) -> bool:
    if replace(read, next_read_at=order.next_read_at) != order or order.read_at is None:
        return False
    if read.next_read_at is None or order.next_read_at is None:
        return read.next_read_at is order.next_read_at
    return read.next_read_at - order.next_read_at < WORTH_NOTING
