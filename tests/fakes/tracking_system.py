"""The application in this thread: a real store, the local Amazon, a broker that jumps in time.

Delayed messages are delivered when nothing else is left, and Amazon's clock and ours move on by as
much.  The store keeps its own, real time.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from actors.app import App, build
from actors.processes import sweep_ports
from actors.runtime.sweepers import sweep_all
from actors.runtime.sweeps import SWEEPS
from config.settings import load_settings
from domain.feeds import Feed
from domain.messages import (
    FulfillmentDue,
    OrderEnriched,
    RefreshDue,
    ReportDue,
    ReportKind,
    TrackedItem,
    TrackingEntered,
)
from domain.orders import Order
from domain.quota import Plan
from domain.shipments import Outbound, Shipment
from simulator.server import CLIENT_ID, CLIENT_SECRET, Simulator
from store.feed_documents import FeedDocument
from store.feed_preparing import feed_from
from store.tables import collection_of
from tests.fakes.clock import FakeClock
from tests.fakes.hostile_broker import HostileBroker
from tests.fakes.mongo import fresh_database

US = "ATVPDKIKX0DER"
NUMBER = "1Z999AA10123456784"
UNHURRIED = 1000.0
"""Calls a second."""
BEHIND = timedelta(hours=12)
"""Our clock begins so long before the store's, and may move on as far."""


class AmazonsClock(FakeClock):
    """Our clock and Amazon's, moved together."""

    def __init__(self, amazon: Simulator, start_at: datetime) -> None:
        super().__init__(start_at)
        self._amazon = amazon
        self.moved: list[Callable[[float], None]] = []
        """Told of every jump, in seconds."""

    def advance(self, seconds: float) -> None:
        super().advance(seconds)
        self._amazon.advance(seconds)
        for tell in self.moved:
            tell(seconds)


class TrackingSystem:
    """Ticks, entries and verdicts; ``run`` lets everything come to rest."""

    def __init__(
        self, app: App, amazon: Simulator, clock: AmazonsClock, broker: HostileBroker
    ) -> None:
        self.app, self.amazon, self.clock, self.broker = app, amazon, clock, broker
        self._ticks = 0

    def order(self, number: int, *items: tuple[str, int], **spec: Any) -> str:
        """Let Amazon have an order of items (SKU, units); item ids are ``<number>01`` and on."""
        order_id = f"111-0000000-{number:07d}"
        made = [
            {"sku": sku, "quantity": units, "order_item_id": item_id(number, n)}
            for n, (sku, units) in enumerate(items or (("BP-100", 2),), start=1)
        ]
        facts = {"status": "UNSHIPPED", "age_s": 7200} | spec
        self.amazon.put_order(order_id=order_id, items=made, **facts)
        return order_id

    def import_orders(self) -> None:
        """Ask for a report, and read every order."""
        now = self.clock.now()
        self.publish(
            ReportDue.first(
                key=self._tick(), account="demo", at=now, kind=ReportKind.ORDERS, marketplace=US
            )
        )
        self.run()

    def refresh(self) -> None:
        """Read what changed and what is due for reading."""
        now = self.app.store.now()
        self.publish(RefreshDue.first(key=self._tick(), account="demo", at=now, due_at=now))
        self.run()

    def enter(self, order_id: str, *items: tuple[str, int], run: bool = True, **facts: Any) -> None:
        """Another system enters tracking; items are (order-item id or SKU, units)."""
        self.clock.advance(1)
        now = self.clock.now()
        key = str(facts.pop("event_id", self._tick()))
        known: dict[str, Any] = {
            "carrier": "ups",
            "tracking_number": NUMBER,
            "shipped_at": now - timedelta(minutes=30),
            "entered_at": now,
        }
        entry = TrackingEntered.first(
            key=key,
            account="demo",
            at=now,
            source_event_id=key,
            order_id=order_id,
            items=tuple(_tracked(*each) for each in items),
            **known | facts,
        )
        self.publish(entry)
        if run:
            self.run()

    def send(self) -> None:
        """Let the tick of fulfillment come, its feed go to Amazon and its verdict come back."""
        now = self.clock.now()
        self.publish(FulfillmentDue.first(key=self._tick(), account="demo", at=now, due_at=now))
        self.run()

    def resolve(self, order_id: str) -> None:
        """Let the shipments of an order be judged anew, as a sweep would."""
        now = self.clock.now()
        self.publish(
            OrderEnriched.first(key=self._tick(), account="demo", at=now, order_id=order_id)
        )
        self.run()

    def due_now(self, order: Order | None) -> Order | None:
        """Decide that an order is due for reading."""
        return order and replace(order, next_read_at=self.clock.now())

    def sweep(self) -> None:
        """Let the sweepers pass once; our broker has no backlog, no dead letters and no outside."""
        ports = replace(
            sweep_ports(self.app),
            queue_depth=lambda _: 0,
            drain_dead_letters=lambda: 0,
            tell_outbox=lambda _: 0,
        )
        sweep_all(ports, SWEEPS)
        self.run()

    def publish(self, event: Any) -> None:
        self.app.publish(event)

    def run(self) -> None:
        self.broker.run(at_most=200_000)
        assert self.app.store.quarantine.groups() == []

    def shipments(self, order_id: str) -> tuple[Shipment, ...]:
        book = self.app.store.shipment_views.book("demo", order_id)
        return book.shipments if book else ()

    def only(self, order_id: str) -> Shipment:
        [shipment] = self.shipments(order_id)
        return shipment

    def stands(self, order_id: str) -> list[tuple[Outbound, str]]:
        return [(each.outbound, str(each.reason)) for each in self.shipments(order_id)]

    def known(self, order_id: str) -> Order:
        order = self.app.store.orders.get("demo", order_id)
        assert order is not None
        return order

    def feeds(self) -> list[Feed]:
        """Return all feeds, oldest first."""
        found = collection_of(self.app.store.database, FeedDocument).find()
        return [feed_from(raw) for raw in found.sort("created_at", 1)]

    def rows(self, feed: Feed) -> list[list[str]]:
        """Return the data rows of a feed."""
        text = self.app.store.feeds.content(feed.feed_id).decode()
        return [line.split("\t") for line in text.splitlines()[1:]]

    def today(self) -> str:
        """Return the day the packages were shipped, as the account writes it."""
        zone = ZoneInfo(self.app.accounts["demo"].timezone)
        return (self.clock.now() - timedelta(minutes=30)).astimezone(zone).date().isoformat()

    def _tick(self) -> str:
        self._ticks += 1
        return f"tick-{self._ticks}"


def item_id(order: int, number: int = 1) -> str:
    """Return the order-item id of the n-th item of an order."""
    return f"{order:012d}{number:02d}"


@contextmanager
def tracking_system(
    mongodb_url: str, extra: Mapping[str, str] | None = None, **settings: Any
) -> Iterator[TrackingSystem]:
    """Yield the application over a store of its own; ``settings`` are the local Amazon's."""
    start_at = datetime.now(UTC).replace(microsecond=0) - BEHIND
    amazon = Simulator(orders=0, speed=0, start_at=start_at, throttle=False, **settings)
    plans = amazon.world.buckets.plans
    # How often Amazon may be asked is kept in the store's time, which is the real one.
    plans.update({name: replace(plan, rate=UNHURRIED) for name, plan in plans.items()})
    with amazon, fresh_database(mongodb_url) as database:
        clock = AmazonsClock(amazon, start_at)
        broker = HostileBroker(clock, copies=1)
        env = _environment(mongodb_url, database, amazon.url) | dict(extra or {})
        app = build(load_settings(env), broker=broker, clock=clock)
        for operation, plan in plans.items():
            app.store.quotas.take("demo", operation, Plan(UNHURRIED, plan.burst))
            app.store.quotas.learn_rate("demo", operation, UNHURRIED)
        try:
            yield TrackingSystem(app, amazon, clock, broker)
        finally:
            app.close()


def _environment(mongodb_url: str, database: str, amazon_url: str) -> dict[str, str]:
    account = "ACCOUNTS__DEMO__"
    return {
        "MONGODB_URL": mongodb_url,
        "MONGODB_DATABASE": database,
        "AMAZON_ENDPOINT": amazon_url,
        "ENCRYPTION__KEYS__TEST": base64.b64encode(bytes(range(32))).decode(),
        "METRICS_PORT": "0",
        "FEEDS__SPACING_MINUTES": "0",
        f"{account}MARKETPLACES": "US",
        f"{account}CLIENT_ID": CLIENT_ID,
        f"{account}CLIENT_SECRET": CLIENT_SECRET,
        f"{account}REFRESH_TOKEN": "Atzr|sim-demo",
        f"{account}AMAZON_WRITES": "true",
    }


def _tracked(name: str, units: int) -> TrackedItem:
    if name.isdecimal():
        return TrackedItem(order_item_id=name, quantity=units)
    return TrackedItem(sku=name, quantity=units)
