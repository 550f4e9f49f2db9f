"""Hours until so many orders are enriched under Amazon's default quotas, on a virtual clock.

The stage is the real one; Amazon is a list of orders behind the simulator's token buckets, which
hold the default usage plans.  Answers take no time: only the quotas cost.  Amazon pages through
orders by their last update, which says nothing about their ids, so the list is in random order.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from actors.orders.enrich_orders import enrich_orders
from benchmarks.printing import table
from domain.errors import Throttled, Waiting
from domain.messages import RefreshDue
from domain.orders import AmazonOrder, EnrichmentState, OrderPage
from simulator.throttle import Buckets
from tests.fakes.amazon_orders import amazon_order
from tests.fakes.clock import FakeClock
from tests.fakes.order_values import imported, parsed
from tests.fakes.orders_in import OrdersIn
from tests.fakes.report_lines import order_id

ACCOUNT = "demo"
PAGE = 100
"""Orders of a page of searchOrders, at most.  Source: Orders API 2026-01-01, maxResultsPerPage."""


@dataclass
class QuotaedAmazon:
    """Amazon's side of the port: every order at once, but so many calls."""

    clock: FakeClock
    orders: dict[str, AmazonOrder]
    calls: dict[str, int] = field(default_factory=dict)
    buckets: Buckets = field(default_factory=Buckets)

    def search(self, account: str, *, updated_after: datetime, page_token: str | None) -> OrderPage:
        """Return a page of all orders."""
        self._spend(account, "searchOrders")
        start = int(page_token or 0)
        found = list(self.orders.values())
        more = str(start + PAGE) if start + PAGE < len(found) else None
        return OrderPage(
            orders=tuple(found[start : start + PAGE]),
            next_token=more,
            last_updated_before=max(updated_after, self.clock.now()),
        )

    def get(self, account: str, order_id: str) -> AmazonOrder | None:
        """Return one order."""
        self._spend(account, "getOrder")
        return self.orders.get(order_id)

    def _spend(self, account: str, operation: str) -> None:
        if not self.buckets.take("app", account, operation, self.clock.now()):
            rate = self.buckets.plans[operation].rate
            raise Throttled(operation, retry_after_s=1 / rate)
        self.calls[operation] = self.calls.get(operation, 0) + 1


def measure(count: int) -> None:
    """Print hours and calls of both ways."""
    singly, calls_singly = one_call_per_order(count)
    together, calls_together = one_pass(count)
    table(
        f"Enriching {count:,} orders under Amazon's default quotas (virtual clock)",
        ("", "hours", "ratio", "searches", "single reads"),
        [
            _row("one call per order", singly, singly, calls_singly),
            _row("one pass for all", together, singly, calls_together),
        ],
    )


def one_call_per_order(count: int) -> tuple[timedelta, dict[str, int]]:
    """Read every order by itself, waiting whenever the quota is used up."""
    clock = FakeClock()
    amazon = QuotaedAmazon(clock, _orders(count))
    began = clock.now()
    for each in amazon.orders:
        while True:
            try:
                amazon.get(ACCOUNT, each)
                break
            except Throttled as wait:
                clock.advance(wait.retry_after_s)
    return clock.now() - began, amazon.calls


def one_pass(count: int) -> tuple[timedelta, dict[str, int]]:
    """Let the stage read them all, coming back whenever it is told to."""
    world = OrdersIn()
    amazon = QuotaedAmazon(world.clock, _orders(count))
    now = began = world.clock.now()
    for each in amazon.orders:
        order = imported(parsed(order_id=each), imported_at=now, next_read_at=now)
        world.orders.all[ACCOUNT, each] = order
    due = RefreshDue.first(key="bench", account=ACCOUNT, at=now, due_at=now)
    while any(o.enrichment is EnrichmentState.DUE for o in world.orders.all.values()):
        _come_again(world, amazon, due)
    return world.clock.now() - began, amazon.calls


def _come_again(world: OrdersIn, amazon: QuotaedAmazon, due: RefreshDue) -> None:
    ports = {
        "passes": world.passes,
        "reports": world.reports,
        "orders": world.orders,
        "amazon_orders": amazon,
        "policy": world.policy,
        "clock": world.clock,
    }
    try:
        for _ in enrich_orders(due, **ports):
            pass
    except Waiting as wait:
        world.clock.advance(wait.retry_after_s)


def _orders(count: int) -> dict[str, AmazonOrder]:
    ids = [order_id(n) for n in range(1, count + 1)]
    random.Random(17).shuffle(ids)  # noqa: S311  the same list at every run
    return {each: amazon_order(each) for each in ids}


def _row(name: str, took: timedelta, floor: timedelta, calls: dict[str, int]) -> tuple[str, ...]:
    searches, reads = calls.get("searchOrders", 0), calls.get("getOrder", 0)
    hours = took.total_seconds() / 3600
    return name, f"{hours:.2f}", f"{took / floor:.2f}", f"{searches:,}", f"{reads:,}"
