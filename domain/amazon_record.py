"""Taking over the fields of Amazon's record of an order.  Pure.

A stored value is never overwritten by an absent one: Amazon withholds fields (Pending, missing
role, long delivered) by leaving them out.  A record older than what we know fills gaps only.
"""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Any, TypeVar

from domain.item_matching import match
from domain.order_status import Lifecycle, lifecycle
from domain.orders import AmazonOrder, Buyer, Order, OrderItem, unsigned
from domain.packages import Package

Value = TypeVar("Value", Buyer, OrderItem, Package)
ABSENT: tuple[Any, ...] = ("", None, ())
_ANSWERED_FLAGS = frozenset({"unknown_sales_channel", "unknown_fulfillment_channel"})


def absorbed(order: Order, amazon: AmazonOrder) -> Order:
    """Return the order with the fields of Amazon's record; the status is another matter."""
    is_fresh = not order.items or amazon.last_updated_at >= order.amazon_status_at
    order = replace(order, fulfilled_by=amazon.fulfilled_by or order.fulfilled_by)
    order = replace(
        order,
        marketplace_id=order.marketplace_id or amazon.marketplace_id,
        sales_channel=order.sales_channel or amazon.sales_channel,
        merchant_order_id=order.merchant_order_id or amazon.seller_order_id,
        items=match(_items(order, amazon, is_fresh=is_fresh), order.lines),
        ship_by=_prefer(order.ship_by, amazon.ship_by, is_fresh=is_fresh),
        deliver_by=_prefer(order.deliver_by, amazon.deliver_by, is_fresh=is_fresh),
        packages=_packages(order, amazon, is_fresh=is_fresh),
        programs=amazon.programs if is_fresh and amazon.programs else order.programs,
        buyer=_buyer(order, amazon, is_fresh=is_fresh),
    )
    if order.marketplace_id:
        flags = tuple(flag for flag in order.flags if flag not in _ANSWERED_FLAGS)
        order = replace(order, flags=flags)
    return replace(order, delivered_at=_delivered_at(order, amazon))


def filled(preferred: Value, other: Value | None) -> Value:
    """Return ``preferred`` with its absent fields taken from ``other``."""
    if other is None:
        return preferred
    gaps = {
        field.name: getattr(other, field.name)
        for field in fields(preferred)
        if getattr(preferred, field.name) in ABSENT
    }
    return replace(preferred, **gaps)


def _prefer(
    stored: datetime | None, incoming: datetime | None, *, is_fresh: bool
) -> datetime | None:
    return (incoming or stored) if is_fresh else (stored or incoming)


def _buyer(order: Order, amazon: AmazonOrder, *, is_fresh: bool) -> Buyer | None:
    """Orders that are not ours to ship, and purged ones, take no buyer data."""
    if order.purged_at is not None or order.fulfilled_by == "AMAZON" or amazon.buyer is None:
        return order.buyer
    if order.buyer is None or is_fresh:
        return filled(amazon.buyer, order.buyer)
    return filled(order.buyer, amazon.buyer)


def _items(order: Order, amazon: AmazonOrder, *, is_fresh: bool) -> tuple[OrderItem, ...]:
    merged = _merged_items(order, amazon, is_fresh=is_fresh)
    return merged if order.purged_at is None else tuple(unsigned(item) for item in merged)


def _merged_items(order: Order, amazon: AmazonOrder, *, is_fresh: bool) -> tuple[OrderItem, ...]:
    stored = {item.order_item_id: item for item in order.items}
    incoming = {item.order_item_id: item for item in amazon.items}
    if not is_fresh:
        return (*order.items, *(item for key, item in incoming.items() if key not in stored))
    merged = [_item(item, stored.get(key)) for key, item in incoming.items()]
    return (*merged, *(item for key, item in stored.items() if key not in incoming))


def _item(incoming: OrderItem, stored: OrderItem | None) -> OrderItem:
    merged = filled(incoming, stored)
    # A request to cancel stays a request: Amazon knows no withdrawal, only an absent field.
    was_requested = stored is not None and stored.cancel_requested
    return replace(merged, cancel_requested=incoming.cancel_requested or was_requested)


def _packages(order: Order, amazon: AmazonOrder, *, is_fresh: bool) -> tuple[Package, ...]:
    packages = {package.reference_id: package for package in order.packages}
    for incoming in amazon.packages:
        stored = packages.get(incoming.reference_id)
        if stored is None or is_fresh:
            packages[incoming.reference_id] = filled(incoming, stored)
    return tuple(packages[key] for key in sorted(packages))


def _delivered_at(order: Order, amazon: AmazonOrder) -> datetime | None:
    """Return when everything was there: Amazon tells that a package is, but not since when.

    Source: Orders API 2026-01-01, packages.packageStatus (no time of delivery).
    """
    if order.delivered_at is not None:
        return order.delivered_at
    sent = [package for package in order.packages if package.status != "CANCELLED"]
    is_shipped = lifecycle(amazon.status) is Lifecycle.SHIPPED
    if is_shipped and sent and all(package.status == "DELIVERED" for package in sent):
        return amazon.last_updated_at
    return None
