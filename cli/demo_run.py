"""The demo: the whole flow in this process, against a local Amazon whose clock runs fast.

Two cycles.  Between them hours of Amazon's time pass, so that orders move on: pending ones are paid
or cancelled, some are shipped, new ones arrive.  Then some are shipped here: ``demo_shipping``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dramatiq

from actors.app import App, build
from actors.runtime.memory_broker import MemoryBroker
from cli.failing import Stop
from cli.inline import until_quiet, workers
from config.settings import Settings, load_settings
from domain.ledger import ReportTally
from domain.messages import RefreshDue, RejectedRow, ReportDue, ReportKind
from domain.orders import Order
from domain.quota import Plan
from domain.reports import Report
from simulator.marketplaces import DEFAULT_MARKETPLACES
from simulator.server import Simulator
from store.embedded import let_go

ACCOUNT = "demo"
SEED = 7
SPEED = 60
"""How much faster than ours time passes: for the local Amazon, and for our own waiting."""
SHORTEST_MS = 100
"""The store's leases know nothing of the fast clock: whoever waits for one must not spin."""
AMAZON_S = 10
"""How long a report or feed is queued, and as long again worked on, in Amazon's time."""
BETWEEN_CYCLES = timedelta(hours=5)
HEAD_START = BETWEEN_CYCLES + timedelta(minutes=105)
"""The local Amazon begins in the past, so that its orders are never newer than we are."""
ARRIVALS_PER_HOUR = 8.0
BROKEN_ROWS = 4
ALL_ORDERS = 5000
PATIENCE_S = 120.0


class HurriedBroker(MemoryBroker):
    """Delays are as much shorter as the local Amazon's clock runs faster."""

    def enqueue(
        self, message: dramatiq.Message[Any], *, delay: int | None = None
    ) -> dramatiq.Message[Any]:
        """Put a message on its queue; ``delay`` is in milliseconds of the fast clock."""
        return super().enqueue(message, delay=delay and max(SHORTEST_MS, delay // SPEED))


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle: the reports that were asked for and what became of their rows."""

    reports: tuple[Report, ...]
    tallies: tuple[ReportTally, ...]
    rejected: tuple[RejectedRow, ...]
    orders: tuple[Order, ...]
    """All orders as they stand at its end, the newest first."""
    failed: int
    """Messages in quarantine; none, unless something is broken."""


def settings_for(data_dir: Path, endpoint: str) -> Settings:
    """Return the demo's settings: whatever the environment says, nothing real is touched.

    Its feeds follow each other at once: the store, which spaces them, knows no fast clock.
    """
    return load_settings(
        {
            "data_dir": str(data_dir),
            "amazon_endpoint": endpoint,
            "feeds__spacing_minutes": "0",
        }
    )


@contextmanager
def running(data_dir: Path, orders: int) -> Iterator[tuple[App, Simulator]]:
    """Start the local Amazon, the store and the workers for the time of a ``with`` block."""
    simulator = Simulator(
        seed=SEED,
        orders=orders,
        speed=SPEED,
        start_at=datetime.now(UTC) - HEAD_START,
        arrivals_per_hour=ARRIVALS_PER_HOUR,
        report_queue_s=AMAZON_S,
        report_progress_s=AMAZON_S,
        feed_queue_s=AMAZON_S,
        feed_progress_s=AMAZON_S,
    )
    with simulator:
        app = build(settings_for(data_dir, simulator.url), broker=HurriedBroker())
        try:
            _hurry_quotas(app, simulator)
            with workers(app.broker):
                yield app, simulator
        finally:
            app.close()


def _hurry_quotas(app: App, simulator: Simulator) -> None:
    """Let both sides count calls by the fast clock: what Amazon allows in one of its seconds."""
    plans = simulator.world.buckets.plans
    plans.update({name: replace(plan, rate=plan.rate * SPEED) for name, plan in plans.items()})
    for operation, plan in plans.items():
        app.store.quotas.take(ACCOUNT, operation, Plan(plan.rate, plan.burst))
        app.store.quotas.learn_rate(ACCOUNT, operation, plan.rate)


def first_cycle(app: App, simulator: Simulator) -> Cycle:
    """Ask for a report of each marketplace; one of them has some unreadable rows."""
    simulator.add_fault("broken_rows", rows=BROKEN_ROWS)
    return _cycle(app, "first")


def second_cycle(app: App, simulator: Simulator) -> Cycle:
    """Let hours pass, then do it all again."""
    simulator.advance(BETWEEN_CYCLES.total_seconds())
    return _cycle(app, "second")


def _cycle(app: App, name: str) -> Cycle:
    now = datetime.now(UTC)
    ticks = [_report_due(each, name, now) for each in DEFAULT_MARKETPLACES]
    for tick in ticks:
        app.publish(tick)
    see_through(app)
    refresh(app, name)
    return _told(app, {tick.flow_id for tick in ticks})


def _report_due(marketplace: str, cycle: str, now: datetime) -> ReportDue:
    return ReportDue.first(
        key=f"demo/{cycle}/{marketplace}/{now}",
        account=ACCOUNT,
        at=now,
        kind=ReportKind.ORDERS,
        marketplace=marketplace,
    )


def refresh(app: App, name: str) -> None:
    """Read the orders that changed at Amazon, and those that are due for it."""
    now = datetime.now(UTC)
    app.publish(RefreshDue.first(key=f"demo/{name}/{now}", account=ACCOUNT, at=now, due_at=now))
    see_through(app)


def see_through(app: App) -> None:
    """Wait until everything is worked off.

    Raises:
        Stop: it takes too long.
    """
    if not until_quiet(app.broker, PATIENCE_S):
        raise Stop("the demo takes too long on this machine; try --orders 100")


def _told(app: App, flow_ids: set[str]) -> Cycle:
    newest = app.store.views.list_reports(account=ACCOUNT, limit=4 * len(DEFAULT_MARKETPLACES))
    reports = tuple(each for each in newest if each.flow_id in flow_ids)
    rejected = [
        row
        for each in reports
        for row in app.store.views.rejected_rows(each.report_id, limit=2 * BROKEN_ROWS)
    ]
    return Cycle(
        reports=reports,
        tallies=tuple(app.store.ledger.tally(each.report_id) for each in reports),
        rejected=tuple(rejected),
        orders=tuple(app.store.views.list_orders(account=ACCOUNT, limit=ALL_ORDERS)),
        failed=sum(group.count for group in app.store.quarantine.groups()),
    )


def place_for(data_dir: Path) -> Path:
    """Return where the demo may keep its orders: DATA_DIR itself while nothing else is in it.

    Otherwise a folder of its own in there, which is made anew at every run.
    """
    app = build(settings_for(data_dir, ""))
    try:
        views = app.store.views
        if not views.list_orders(limit=1) and not views.list_reports(limit=1):
            return data_dir
    finally:
        app.close()
        let_go(data_dir)
    place = data_dir / "demo"
    app = build(settings_for(place, ""))
    try:
        app.store.database.client.drop_database(app.store.database.name)
    finally:
        app.close()
    return place
