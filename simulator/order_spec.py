"""Orders exactly as a test wants them: adding and changing through plain values."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from simulator.clock import parse_iso
from simulator.generate import make_item
from simulator.marketplaces import MARKETPLACES
from simulator.orders import (
    PARTIALLY_SHIPPED,
    SHIPPED,
    STATUSES,
    UNSHIPPED,
    Item,
    Order,
    Package,
)
from simulator.people import made_up_person
from simulator.world import World

_PLAIN: frozenset[str] = frozenset(
    (
        "marketplace_id",
        "sales_channel",
        "currency",
        "fulfilled_by",
        "merchant_order_id",
        "service_level",
        "is_business",
        "purchase_order_number",
        "ship_days",
        "deliver_days",
        "cancelled_by",
        "report_status",
    )
)


def put_order(world: World, spec: Mapping[str, Any], now: datetime) -> Order:
    """Add an order, or change the given facts of a known one.

    ``spec``: ``account`` (default ``demo``), ``order_id``, ``status``, ``placed_at`` or ``age_s``,
    ``last_updated_at`` (default: now for a change, when it was placed for a new one), ``items``
    [{sku, quantity, order_item_id, asin, title, unit_price_minor, cancelled, cancel_request}],
    ``packages`` [{carrier, tracking_number, contents, shipped_at, delivered_at}], ``person``,
    ``programs``, ``cancel_request`` (for every item), ``then`` [{after_s, status}], and the plain
    fields of ``Order``.

    Raises:
        ValueError: a key or a value makes no sense.
    """
    if unknown := spec.keys() - _KEYS:
        raise ValueError(f"an order has no {', '.join(sorted(unknown))}")
    seller = world.seller(str(spec.get("account", "demo")))
    order = seller.orders.get(str(spec.get("order_id", "")))
    known = order is not None
    if order is None:
        order = _new_order(world, spec, now)
        seller.orders[order.order_id] = order
    _apply(order, spec, now)
    if "last_updated_at" in spec:
        order.last_updated_at = _time(spec["last_updated_at"])
    else:
        order.last_updated_at = now if known else order.placed_at
    for step in spec.get("then", ()):
        _plan(world, order, step, now)
    return order


def _new_order(world: World, spec: Mapping[str, Any], now: datetime) -> Order:
    number = world.next_id()
    market = MARKETPLACES[spec.get("marketplace_id", "ATVPDKIKX0DER")]
    rng = random.Random(f"spec/{world.seed}/{number}")
    order_id = str(spec.get("order_id") or f"{market.order_prefixes[0]}-0000000-{number:07d}")
    return Order(
        order_id=order_id,
        marketplace_id=market.id,
        sales_channel=market.channel,
        currency=market.currency,
        placed_at=now,
        status=UNSHIPPED,
        person=made_up_person(number, market.country),
        items=[] if "items" in spec else [make_item(rng, market)],
    )


def _apply(order: Order, spec: Mapping[str, Any], now: datetime) -> None:
    for name in _PLAIN & spec.keys():
        setattr(order, name, spec[name])
    for name, change in _CHANGES.items():
        if name in spec:
            change(order, spec[name], now)


def _place_at(order: Order, raw: Any, _now: datetime) -> None:
    order.placed_at = _time(raw)


def _age(order: Order, raw: Any, now: datetime) -> None:
    order.placed_at = now - timedelta(seconds=float(raw))


def _programs(order: Order, raw: Any, _now: datetime) -> None:
    order.programs = tuple(raw)


def _person(order: Order, raw: Any, _now: datetime) -> None:
    order.person = dataclasses.replace(order.person, **raw)


def _items(order: Order, raw: Any, _now: datetime) -> None:
    order.items = [_item(order, number, facts) for number, facts in enumerate(raw, 1)]


def _packages(order: Order, raw: Any, now: datetime) -> None:
    order.confirmed = [_package(number, facts, now) for number, facts in enumerate(raw, 1)]
    order.reveal(now)


def _cancel_request(order: Order, raw: Any, _now: datetime) -> None:
    for item in order.items:
        item.cancel_request = str(raw)


def set_status(order: Order, status: str, at: datetime) -> None:
    """Put an order into a status; a shipped one without packages gets one.

    Raises:
        ValueError: Amazon has no such status.
    """
    if status not in STATUSES:
        raise ValueError(f"status must be one of {', '.join(STATUSES)}")
    if status in (SHIPPED, PARTIALLY_SHIPPED) and not order.confirmed:
        order.status = UNSHIPPED
        if status == SHIPPED:
            order.ship_rest(at, "UPS", "1Z999AA10000000002")
        else:
            order.ship(at, "UPS", "1Z999AA10000000002", {order.items[0].order_item_id: 1})
    order.status = status
    order.last_updated_at = at


def _plan(world: World, order: Order, step: Mapping[str, Any], now: datetime) -> None:
    status = step["status"]
    if status not in STATUSES:
        raise ValueError(f"status must be one of {', '.join(STATUSES)}")
    world.schedule_in(float(step["after_s"]), lambda at: set_status(order, status, at), now)


def _item(order: Order, number: int, raw: Mapping[str, Any]) -> Item:
    digits = "".join(filter(str.isdigit, order.order_id))
    facts = {
        "order_item_id": f"{digits[-11:]:0>11}{number:03d}",
        "asin": "B0TEST9999",
        "title": "Example Part",
        "quantity": 1,
        "unit_price_minor": 1000,
        **raw,
    }
    try:
        return Item(**facts)
    except TypeError as error:
        raise ValueError(f"an item cannot be made of {sorted(raw)}") from error


def _package(number: int, raw: Mapping[str, Any], now: datetime) -> Package:
    delivered_at = raw.get("delivered_at")
    shipped_at = _time(raw["shipped_at"]) if raw.get("shipped_at") else now
    return Package(
        reference=str(raw.get("reference", number)),
        carrier=str(raw.get("carrier", "UPS")),
        tracking_number=str(raw["tracking_number"]),
        shipped_at=shipped_at,
        service=str(raw.get("service", "Standard")),
        contents=dict(raw["contents"]),
        created_at=now,
        delivered_at=_time(delivered_at) if delivered_at else None,
    )


def _time(raw: Any) -> datetime:
    return raw if isinstance(raw, datetime) else parse_iso(str(raw))


_CHANGES: dict[str, Callable[[Order, Any, datetime], None]] = {
    "placed_at": _place_at,
    "age_s": _age,
    "programs": _programs,
    "person": _person,
    "items": _items,
    "packages": _packages,
    "cancel_request": _cancel_request,
    "status": set_status,
}
"""How each fact of a spec changes an order, in the order they are applied."""
_KEYS: frozenset[str] = (
    _PLAIN | _CHANGES.keys() | {"account", "order_id", "last_updated_at", "then"}
)
