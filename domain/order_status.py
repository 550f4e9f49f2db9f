"""Order statuses: Amazon's words, how far along they are, and what staff see.  Pure.

Amazon's last-updated time decides between two words of Amazon.  At the same time the one further
along wins, so a cancel yields only to a strictly newer record (Pending -> Canceled may leave the
time unchanged).  Times are compared in whole seconds, because reports have no finer ones.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.orders import Order, OrderItem, OrderStatus


class Lifecycle(StrEnum):
    """How far an order is at Amazon, whichever way Amazon spells it; in order.

    Source: Orders API 2026-01-01, fulfillmentStatus.
    """

    UNKNOWN = "UNKNOWN"
    PENDING_AVAILABILITY = "PENDING_AVAILABILITY"
    PENDING = "PENDING"
    UNSHIPPED = "UNSHIPPED"
    PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED"
    UNFULFILLABLE = "UNFULFILLABLE"
    SHIPPED = "SHIPPED"
    CANCELLED = "CANCELLED"

    @property
    def rank(self) -> int:
        """The place in the order above."""
        return _RANKS[self]


_RANKS = {stage: rank for rank, stage in enumerate(Lifecycle)}
NOT_PAID = frozenset({Lifecycle.PENDING_AVAILABILITY, Lifecycle.PENDING})
OPEN = NOT_PAID | {Lifecycle.UNSHIPPED, Lifecycle.PARTIALLY_SHIPPED}
"""Something is still expected of these."""

_BY_PREFIX = (
    ("pendingavailability", Lifecycle.PENDING_AVAILABILITY),
    ("pending", Lifecycle.PENDING),
    ("invoiceunconfirmed", Lifecycle.PENDING),
    ("unshipped", Lifecycle.UNSHIPPED),
    ("partiallyshipped", Lifecycle.PARTIALLY_SHIPPED),
    ("shipping", Lifecycle.PARTIALLY_SHIPPED),
    ("unfulfillable", Lifecycle.UNFULFILLABLE),
    ("shipped", Lifecycle.SHIPPED),
    ("complete", Lifecycle.SHIPPED),
    ("cancel", Lifecycle.CANCELLED),
)
"""Report texts go on after these, e.g. ``Shipped - Delivered to Buyer``.

Source: Orders API enum; texts seen in order reports, which Amazon never listed in full.
"""
_NOT_A_LETTER = re.compile(r"[\W_\d]+")
ABSENT = timedelta(seconds=1)
"""A word without a time counts as said this long before the purchase: any time overrules it."""


@dataclass(frozen=True, slots=True)
class StatusFact:
    """What Amazon said the status was, and Amazon's last-updated time, in whole seconds."""

    text: str
    at: datetime


def normalized(text: str) -> str:
    """Return the letters of a status, lower case: ``PartiallyShipped`` = ``PARTIALLY_SHIPPED``."""
    return _NOT_A_LETTER.sub("", text).lower()


def lifecycle(text: str) -> Lifecycle:
    """Return how far Amazon's word ``text`` (report or Orders API) is; total."""
    word = normalized(text)
    return next((stage for start, stage in _BY_PREFIX if word.startswith(start)), Lifecycle.UNKNOWN)


def status_fact(text: str, at: datetime | None, *, purchased_at: datetime) -> StatusFact:
    """Return the fact that orders against others; an absent time yields to any that is given."""
    moment = purchased_at - ABSENT if at is None else max(at, purchased_at)
    return StatusFact(text, moment.replace(microsecond=0))


def newer(current: StatusFact, incoming: StatusFact) -> bool:
    """Whether ``incoming`` overrules ``current``; an unknown word overrules nothing."""
    return lifecycle(incoming.text) is not Lifecycle.UNKNOWN and _key(incoming) > _key(current)


def newest(facts: list[StatusFact]) -> StatusFact | None:
    """Return the fact that overrules all others, or None if every word is unknown."""
    known = [fact for fact in facts if lifecycle(fact.text) is not Lifecycle.UNKNOWN]
    return max(known, key=_key, default=None)


def _key(fact: StatusFact) -> tuple[datetime, int, str]:
    # The word itself comes last, so that any order of arrival ends in the same one.
    return fact.at, lifecycle(fact.text).rank, normalized(fact.text)


def units(item: OrderItem) -> int:
    """Return the units of the item that are not cancelled."""
    return item.quantity_fulfilled + item.quantity_unfulfilled


def _ours(order: Order, kind: str, item: OrderItem) -> int:
    return int(order.shipping.get(kind, {}).get(item.order_item_id, 0))


def is_all_sent(order: Order) -> bool:
    """Whether every unit that is not cancelled is shipped at Amazon or in a feed we submitted.

    ``Order.shipping["sent"]`` has the units per order-item id that are in submitted feeds, the
    rejected ones left out; kept by ``domain.shipments``.
    """
    sent_any = any(_ours(order, "sent", item) for item in order.items)
    return sent_any and all(
        max(_ours(order, "sent", item), item.quantity_fulfilled) >= units(item)
        for item in order.items
    )


def shown_status(order: Order) -> OrderStatus:
    """Return what staff see: one pure function of Amazon's word and our own shipments."""
    stage = lifecycle(order.amazon_status)
    if stage is Lifecycle.CANCELLED:
        return OrderStatus.CANCELED
    if stage is Lifecycle.SHIPPED or is_all_sent(order):
        return OrderStatus.FULFILLED
    return OrderStatus.NEW


def units_left(order: Order) -> int:
    """Return the units neither cancelled, nor shipped at Amazon, nor in a shipment of ours.

    ``Order.shipping["claimed"]`` has the units per order-item id that our shipments hold.
    """
    return sum(
        max(0, units(item) - max(_ours(order, "claimed", item), item.quantity_fulfilled))
        for item in order.items
    )


def _has_recipient(order: Order) -> bool:
    return order.buyer is not None and bool(order.buyer.recipient_name)


def ready_to_ship(order: Order) -> bool:
    """Whether a warehouse may pack it now: ours, paid, address and items known, units left."""
    return not why_not_ready(order)


def why_not_ready(order: Order) -> list[str]:
    """Return why the order must not (yet) be packed, for staff; empty when it is ready."""
    stage = lifecycle(order.amazon_status)
    if stage is Lifecycle.CANCELLED:
        return ["it is cancelled"]
    if order.fulfilled_by == "AMAZON":
        return ["Amazon ships it, not we"]
    if stage is Lifecycle.SHIPPED:
        return ["it is shipped"]
    reasons = {
        f"it is not paid yet (Amazon says {order.amazon_status})": stage in NOT_PAID,
        "Amazon says it cannot be fulfilled": stage is Lifecycle.UNFULFILLABLE,
        "its items were not read from Amazon yet": not order.items,
        "its buyer data was removed": order.purged_at is not None,
        "its delivery address is not known": order.purged_at is None and not _has_recipient(order),
        "no units are left to ship": bool(order.items) and units_left(order) == 0,
        "the buyer asked to cancel": order.cancel_requested,
    }
    return [reason for reason, holds in reasons.items() if holds]
