"""Joining what was entered to the order's items, and whether there are units left.  Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from domain.order_status import NOT_PAID, Lifecycle, lifecycle, units
from domain.orders import Order, OrderItem
from domain.shipments import EnteredItem, Line, Outbound, Reason, Shipment


@dataclass(frozen=True, slots=True)
class Verdict:
    """Where a shipment stands, and why."""

    outbound: Outbound
    reason: Reason = Reason.NONE
    explanation: str = ""


def gate(order: Order | None) -> Verdict | None:
    """Return why no package of the order can go to Amazon (yet); None: they can.

    Our view of a Pending order may be an hour old, so those wait; only what can never be shipped
    from here is refused.
    """
    if order is None:
        return _waits(Reason.ORDER_UNKNOWN, "the order is not imported yet")
    stage = lifecycle(order.amazon_status)
    never = _never_ships(order, stage)
    if never is not None:
        return never
    if stage in NOT_PAID:
        why = f"Amazon has not released the order for shipping yet ({order.amazon_status})"
        return _waits(Reason.ORDER_PENDING, why)
    if not order.items:
        return _waits(Reason.ORDER_NOT_ENRICHED, "the order's items were not read from Amazon yet")
    return None


def _never_ships(order: Order, stage: Lifecycle) -> Verdict | None:
    if order.fulfilled_by == "AMAZON":
        return _refused(Reason.FULFILLED_BY_AMAZON, "Amazon ships this order itself (FBA)")
    if stage is Lifecycle.CANCELLED:
        why = "the order is cancelled; handle a package already sent as a return"
        return _refused(Reason.ORDER_CANCELLED, why)
    if stage is Lifecycle.UNFULFILLABLE:
        return _refused(Reason.ORDER_UNFULFILLABLE, "Amazon says the order cannot be fulfilled")
    return None


def joined(order: Order, entered: Iterable[EnteredItem]) -> tuple[Line, ...] | Verdict:
    """Return the entered units by order-item id, or why they cannot be told apart."""
    quantities: Counter[str] = Counter()
    for each in entered:
        found = _items(order, each)
        if len(found) != 1:
            return _not_one(order, each, found)
        quantities[found[0].order_item_id] += each.quantity
    return tuple(Line(item_id, quantity) for item_id, quantity in sorted(quantities.items()))


def _items(order: Order, entered: EnteredItem) -> list[OrderItem]:
    if entered.order_item_id:
        return [item for item in order.items if item.order_item_id == entered.order_item_id]
    return [item for item in order.items if entered.sku and item.sku == entered.sku]


def _not_one(order: Order, entered: EnteredItem, found: list[OrderItem]) -> Verdict:
    if found:
        choice = ", ".join(f"{item.order_item_id} ({units(item)} units)" for item in found)
        why = (
            f"SKU {entered.sku} is on several items of the order; send one order_item_id: {choice}"
        )
        return _refused(Reason.AMBIGUOUS_SKU, why)
    named = f"item {entered.order_item_id}" if entered.order_item_id else f"SKU {entered.sku}"
    has = ", ".join(f"{item.order_item_id} (SKU {item.sku})" for item in order.items)
    return _refused(Reason.UNKNOWN_ITEM, f"the order has no {named}; it has {has}")


def sent(shipment: Shipment) -> Counter[str]:
    """Return the units of a shipment that Amazon has confirmed or is working on."""
    confirmed = _counted(shipment.accepted_lines)
    is_on_its_way = shipment.in_feed and shipment.submitted_at is not None
    return confirmed | _counted(shipment.in_feed_lines) if is_on_its_way else confirmed


def held(shipment: Shipment) -> Counter[str]:
    """Return the units of a shipment that are at Amazon, or may be, or will be."""
    units_held: Counter[str] = Counter()
    for lines in (shipment.accepted_lines, shipment.maybe_lines, shipment.in_feed_lines):
        if lines:
            units_held |= _counted(lines)
    return units_held


def claimed(shipment: Shipment) -> Counter[str]:
    """Return the units a shipment takes from its order."""
    if shipment.outbound in {Outbound.DUE, Outbound.IN_FEED}:
        return held(shipment) | _counted(shipment.lines)
    return held(shipment)


def units_missing(
    order: Order, lines: Iterable[Line], *, others: Counter[str], ours: Counter[str]
) -> str:
    """Return a sentence naming the first item without enough units left; empty: all have.

    ``others`` are the units other shipments take, ``ours`` those of all shipments that are at
    Amazon: what Amazon has shipped beyond them was confirmed elsewhere, e.g. in Seller Central.
    """
    items = {item.order_item_id: item for item in order.items}
    for line in lines:
        item = items[line.order_item_id]
        elsewhere = max(0, item.quantity_fulfilled - ours[line.order_item_id])
        left = units(item) - elsewhere - others[line.order_item_id]
        if line.quantity > left:
            return (
                f"item {line.order_item_id} has {max(0, left)} units left to ship, "
                f"{line.quantity} were entered"
            )
    return ""


def _counted(lines: Iterable[Line]) -> Counter[str]:
    return Counter({line.order_item_id: line.quantity for line in lines})


def _waits(reason: Reason, explanation: str) -> Verdict:
    return Verdict(Outbound.WAITING, reason, explanation)


def _refused(reason: Reason, explanation: str) -> Verdict:
    return Verdict(Outbound.REFUSED, reason, explanation)
