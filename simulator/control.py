"""What the admin pages and the Python interface do alike."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from simulator import feed_lane, order_spec, reports
from simulator.clock import iso, parse_iso
from simulator.faults import Fault
from simulator.feed_processing import FULFILLMENT
from simulator.feeds import Feed
from simulator.orders import Order
from simulator.world import Settings, World, seller_id_of


def put_order(world: World, spec: Mapping[str, Any]) -> Order:
    """Add or change an order; see ``order_spec.put_order``."""
    with world.lock:
        return order_spec.put_order(world, spec, world.settle())


def add_fault(world: World, spec: Mapping[str, Any]) -> Fault:
    """Order a fault; ``account`` may be a refresh token, its name or a seller id."""
    with world.lock:
        spec = dict(spec)
        account = str(spec.get("account", "*"))
        if account != "*" and account not in world.sellers:
            spec["account"] = seller_id_of(account)
        return world.faults.add(spec, world.settle())


def clear_faults(world: World) -> int:
    """Take every fault away; what one of them holds up goes on."""
    with world.lock:
        now = world.settle()
        for seller in world.sellers.values():
            for feed in list(seller.feeds.values()):
                feed_lane.let_go(world, seller, feed, now)
            for report in seller.reports.values():
                if report.faults.pop("report_stuck", None) and report.status == reports.IN_PROGRESS:
                    reports.finish_later(world, seller, report, now)
        return len(world.faults.clear())


def add_foreign_feed(world: World, spec: Mapping[str, Any]) -> Feed:
    """Add a feed another application sent; it is DONE unless told otherwise, and changes nothing.

    ``spec``: ``account``, ``feed_type``, ``marketplace_ids``, ``status``, ``created_at``, each
    with a default.

    Raises:
        ValueError: there is no such status.
    """
    with world.lock:
        now = world.settle()
        created_at = parse_iso(spec["created_at"]) if "created_at" in spec else now
        status = str(spec.get("status", feed_lane.DONE))
        if status not in feed_lane.STATUSES:
            raise ValueError(f"status must be one of {', '.join(feed_lane.STATUSES)}")
        feed = Feed(
            feed_id=str(60_000_000_000 + world.next_id()),
            feed_type=str(spec.get("feed_type", FULFILLMENT)),
            marketplaces=tuple(spec.get("marketplace_ids", world.marketplaces[:1])),
            created_at=created_at,
            application="amzn1.application-oa2-client.foreign",
            status=status,
        )
        world.seller(str(spec.get("account", "demo"))).feeds[feed.feed_id] = feed
        return feed


def change_settings(world: World, changes: Mapping[str, Any]) -> None:
    """Change settings; see ``world.Settings``.

    Raises:
        ValueError: there is no such setting.
    """
    known = {field.name for field in dataclasses.fields(Settings)}
    if unknown := changes.keys() - known:
        raise ValueError(f"there is no setting {', '.join(sorted(unknown))}")
    with world.lock:
        for name, value in changes.items():
            setattr(world.settings, name, value)


def state(world: World, now: datetime) -> dict[str, Any]:
    """Tell everything countable."""
    calls: Counter[str] = Counter()
    by_seller: dict[str, Counter[str]] = {}
    by_status: dict[str, Counter[str]] = {}
    for (operation, seller_id, status), count in world.calls.items():
        calls[operation] += count
        by_seller.setdefault(seller_id, Counter())[operation] += count
        by_status.setdefault(operation, Counter())[str(status)] += count
    return {
        "now": iso(now),
        "started_at": iso(world.started_at),
        "speed": world.clock.speed,
        "settings": dataclasses.asdict(world.settings),
        "sellers": {id_: _seller(world, id_) for id_ in world.sellers},
        "calls": calls,
        "calls_by_seller": by_seller,
        "responses": by_status,
        "unknown_parameters": [f"{op} {name}" for op, name in sorted(world.unknown_parameters)],
        "faults": [told(fault) for fault in world.faults.list],
    }


def told(fault: Fault) -> dict[str, Any]:
    """Tell a fault as JSON."""
    facts = dataclasses.asdict(fault)
    facts["until"] = iso(fault.until) if fault.until else None
    return facts


def _seller(world: World, seller_id: str) -> dict[str, Any]:
    seller = world.sellers[seller_id]
    return {
        "account": world.names[seller_id],
        "orders": len(seller.orders),
        "orders_by_status": Counter(order.status for order in seller.orders.values()),
        "reports": Counter(report.status for report in seller.reports.values()),
        "feeds": Counter(feed.status for feed in seller.feeds.values()),
    }
