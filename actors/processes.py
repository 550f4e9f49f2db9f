"""The processes beside the workers: what each needs of the application, and how it runs.

    scheduler    says what is due by the clock, sweeps, removes buyers  any number
    bridge       lets events of other systems in                        any number
    outbox       tells other systems what was decided                   one
    exporter     shows the state of the business to Prometheus          one

Each runs until its flag is set, and finishes what it has in hand.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Event as Flag

from actors.app import App
from actors.runtime import bridge, exporter, outbox, scheduler
from actors.runtime.dead_letters import drain_dead_letters
from actors.runtime.exchange import Exchange, MemoryExchange
from actors.runtime.exporter import StateCollector, StateGauges
from actors.runtime.exposition import Place, show_or_exit
from actors.runtime.inbound import BridgePorts
from actors.runtime.outbox import OutboxPorts, send
from actors.runtime.privacy import PrivacyPorts, remove_buyers
from actors.runtime.queue_states import queue_states, takes_messages
from actors.runtime.scheduler import Chore, KeepClaim, SchedulerPorts
from actors.runtime.sweepers import SweepPorts, sweep_all
from actors.runtime.sweeps import SWEEPS
from actors.runtime.ticks import kinds_heard, kinds_unheard
from domain.errors import Permanent
from domain.schedule import JobKind, jobs_for


def cadences(app: App) -> dict[JobKind, timedelta]:
    """Return how often each kind of job runs, as the settings say."""
    every = app.settings.schedule
    return {
        JobKind.ORDER_REPORT: timedelta(minutes=every.order_report_minutes),
        JobKind.ORDER_REFRESH: timedelta(minutes=every.order_refresh_minutes),
        JobKind.FULFILLMENT: timedelta(minutes=every.fulfillment_minutes),
        JobKind.INVENTORY_SYNC: timedelta(minutes=every.inventory_sync_minutes),
        JobKind.OPEN_LISTINGS: timedelta(hours=every.open_listings_hours),
        JobKind.SWEEPERS: timedelta(minutes=every.sweepers_minutes),
        JobKind.PRIVACY: timedelta(hours=every.privacy_hours),
    }


def scheduler_ports(app: App) -> SchedulerPorts:
    """Return what the scheduler needs; also for ``schedule list`` and ``schedule run``."""
    chores: Mapping[JobKind, Chore] = {
        JobKind.SWEEPERS: lambda keep: _sweep(app, keep),
        JobKind.PRIVACY: lambda keep: _remove_buyers(app, keep),
    }
    accounts = {name: account.marketplaces for name, account in app.accounts.items()}
    kinds = (*kinds_heard(app.flow), *chores)
    return SchedulerPorts(
        slots=app.store.slots,
        publish=app.publish,
        jobs=jobs_for(kinds, accounts, cadences(app)),
        chores=chores,
        unheard=kinds_unheard(app.flow),
        answers=lambda: takes_messages(app.broker),
    )


@contextmanager
def outbox_ports(app: App) -> Iterator[OutboxPorts]:
    """Yield what the outbox needs; its connection ends with the context."""
    url = app.settings.broker_url
    exchange = Exchange(url) if url else MemoryExchange()
    try:
        yield OutboxPorts(app.store.outbox, exchange)
    finally:
        exchange.close()


def bridge_ports(app: App) -> BridgePorts:
    """Return what the bridge needs.

    Raises:
        Permanent: the broker is in memory, where no other system can come in.
    """
    if not app.settings.broker_url:
        raise Permanent("the in-memory broker has no door for other systems: set BROKER_URL")
    return BridgePorts(
        broker_url=app.settings.broker_url,
        accounts=frozenset(app.accounts),
        inboxes={"tracking.entered": app.store.tracking_inbox},
        rejections=app.store.rejected_events,
        publish=app.publish,
        # A store whose clock is days behind must not reject what was entered today.
        now=lambda: max(app.store.now(), datetime.now(UTC)),
    )


def sweep_ports(app: App) -> SweepPorts:
    """Return what the sweepers need."""
    return SweepPorts(
        store=app.store.sweeps,
        reports=app.ports.reports,
        tracking=app.store.tracking_inbox,
        shipments=app.store.shipment_sweeps,
        accounts=tuple(app.accounts),
        publish=app.publish,
        queue_depth=lambda stage: _ready(app, stage),
        drain_dead_letters=lambda: drain_dead_letters(
            app.broker, [stage.name for stage in app.flow], app.store.quarantine.keep
        ),
        tell_outbox=lambda age: _tell(app, age),
        transient_codes=app.ports.policy.fulfillment.transient_codes,
        answers=lambda: takes_messages(app.broker),
    )


def run_scheduler(app: App, stop: Flag) -> None:
    """Run a scheduler until ``stop`` is set."""
    _show_metrics(app)
    scheduler.main_loop(scheduler_ports(app), stop)


def run_bridge(app: App, stop: Flag) -> None:
    """Run a bridge until ``stop`` is set.

    Raises:
        Permanent: the broker is in memory.
    """
    ports = bridge_ports(app)
    _show_metrics(app)
    bridge.main_loop(ports, stop)


def run_outbox(app: App, stop: Flag) -> None:
    """Run the outbox until ``stop`` is set."""
    _show_metrics(app)
    with outbox_ports(app) as ports:
        outbox.main_loop(ports, stop)


def run_exporter(app: App, stop: Flag) -> None:
    """Show the state of the business until ``stop`` is set.

    Raises:
        Permanent: there is no port to show it on.
    """
    if not app.settings.metrics_port:
        raise Permanent("the exporter has nowhere to show anything: set METRICS_PORT")
    exporter.main_loop(state_collector(app), _place(app), stop)


def state_collector(app: App) -> StateCollector:
    """Return what asks the store for all gauges of its state."""
    gauges = state_gauges(app)
    services = (*(stage.name for stage in app.flow), *PROCESSES)
    return StateCollector(gauges.read, gauges.gauges, services)


def state_gauges(app: App) -> StateGauges:
    """Return the gauges of what this installation does; also for ``queues``."""
    return app.store.state_gauges(
        jobs=scheduler_ports(app).jobs,
        accounts=app.accounts,
        stages=[stage.name for stage in app.flow],
        buyers_kept=timedelta(days=app.settings.privacy.buyer_days),
    )


PROCESSES: Mapping[str, Callable[[App, Flag], None]] = {
    "scheduler": run_scheduler,
    "bridge": run_bridge,
    "outbox": run_outbox,
    "exporter": run_exporter,
}


def stop_on_signals() -> Flag:
    """Return a flag that SIGTERM and SIGINT set.  For the main thread."""
    stop = Flag()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _place(app: App) -> Place:
    return Place(app.settings.metrics_host, app.settings.metrics_port)


def _show_metrics(app: App) -> None:
    show_or_exit(app.metrics.registry, _place(app))


def _ready(app: App, stage: str) -> int:
    (state,) = queue_states(app.broker, [stage])
    return state.ready or 0


def _sweep(app: App, keep: KeepClaim) -> None:
    sweep_all(sweep_ports(app), SWEEPS, keep)


def _remove_buyers(app: App, keep: KeepClaim) -> None:
    kept = timedelta(days=app.settings.privacy.buyer_days)
    remove_buyers(PrivacyPorts(app.store.kept_buyers, app.ports.orders, kept), keep)


def _tell(app: App, older_than: timedelta) -> int:
    with outbox_ports(app) as ports:
        return send(ports, older_than=older_than)
