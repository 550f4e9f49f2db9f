"""Composition root: the only module that knows every concrete class.

    dramatiq actors.app:setup -Q import_orders      one worker process for one stage
    app = build(load_settings())                    the same parts for the command line

Which broker, store and Amazon are used is one setting each; no code differs.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dramatiq

import config
import domain
from actors.flow import FLOW
from actors.ports import Clock, Policy, Ports
from actors.runtime.broker import make_broker
from actors.runtime.clock import SystemClock
from actors.runtime.confirms import CONFIRM_LIMIT_S, WORKER_LIMIT_S
from actors.runtime.exposition import Exposition, Place
from actors.runtime.failures import FailurePolicy
from actors.runtime.metrics import Metrics
from actors.runtime.middleware import LogContext, StageWatch
from actors.runtime.publisher import Publisher
from actors.runtime.stage import Stage, bind, subscriptions
from config.accounts import Account, marketplaces
from config.carriers import carriers
from config.keys import encryption_keys
from config.logging import configure_logging
from config.settings import Settings, load_settings
from domain.feeds import FeedTiming
from domain.fulfillment_rules import FulfillmentRules
from spapi.calls import Calls
from spapi.client import make_client
from spapi.feeds import AmazonFeedsGateway
from spapi.orders import AmazonOrdersGateway
from spapi.plans import usage_plans
from spapi.reports import AmazonReportsGateway
from store.database import Store, connect
from store.embedded import ensure_running
from store.encryption import FieldCipher, keys_from
from store.quarantine import Quarantine

CALLS_PER_LEASE = 5
"""A claim around a call to Amazon is held for as many time limits of a call: it must not be taken
over while the call, a fresh token before it and the store's answers after it are under way."""


@dataclass(frozen=True)
class App:
    """Everything a process of ours needs, ready to use.  Close it at the end."""

    settings: Settings
    accounts: Mapping[str, Account]
    store: Store
    broker: dramatiq.Broker
    ports: Ports
    publish: Publisher
    flow: tuple[Stage, ...]
    metrics: Metrics
    resources: ExitStack

    def close(self) -> None:
        """Give everything back."""
        self.resources.close()


def build(
    settings: Settings,
    *,
    broker: dramatiq.Broker | None = None,
    clock: Clock | None = None,
    confirm_limit_s: float = CONFIRM_LIMIT_S,
) -> App:
    """Connect the parts that the settings name; a broker or clock given replaces its own.

    ``confirm_limit_s``: how long RabbitMQ may take to confirm a message (``make_broker``).

    Raises:
        Unavailable: the store cannot be reached or started.
        Permanent: encryption keys are missing.
    """
    metrics = Metrics(carriers())
    metrics.amazon.begin_at_zero(usage_plans())
    watch = StageWatch(metrics.stages)
    with ExitStack() as resources:
        store = _store(settings, resources)
        _measure(store, metrics)
        accounts = settings.resolved_accounts()
        client = resources.enter_context(make_client(settings.http))
        answered = metrics.amazon.answered
        calls = Calls(client, store.quotas, limits=settings.http, answered=answered)
        ports = _ports(settings, store, accounts, calls)
        if clock is not None:
            ports = replace(ports, clock=clock)
        broker = broker or _broker(settings, metrics, watch, confirm_limit_s)
        resources.callback(broker.close)
        failures = FailurePolicy(broker, Quarantine(store.database), settled=watch.settled)
        bind(broker, FLOW, ports, failures)
        publish = Publisher(broker, subscriptions(FLOW))
        return App(
            settings, accounts, store, broker, ports, publish, FLOW, metrics, resources.pop_all()
        )


def _measure(store: Store, metrics: Metrics) -> None:
    """Let the store tell the metrics what became true."""
    store.orders.on_written = metrics.orders.written
    store.shipments.on_written = metrics.shipments.written
    store.tracking_inbox.on_recorded = metrics.shipments.entered
    store.reports.on_moved = metrics.reports.moved
    store.ledger.on_recorded = metrics.reports.recorded
    store.feeds.on_moved = metrics.feeds.moved
    store.feeds.on_judged = metrics.feeds.judged


def setup() -> None:
    """Make this process a worker: what ``dramatiq actors.app:setup`` calls."""
    refuse_strangers()
    settings = load_settings()
    configure_logging(settings.log_level)
    dramatiq.set_broker(build(settings, confirm_limit_s=WORKER_LIMIT_S).broker)


def refuse_strangers() -> None:
    """Stop when another distribution's ``domain`` or ``config`` was imported instead of ours.

    Raises:
        SystemExit: a package of our name comes from somewhere else.
    """
    root = Path(__file__).parent.parent
    for package in (domain, config):
        found = Path(str(package.__file__)).parent.parent
        if found != root:
            raise SystemExit(f"{package.__name__} is not ours: it was found in {found}")


def _broker(
    settings: Settings, metrics: Metrics, watch: StageWatch, confirm_limit_s: float
) -> dramatiq.Broker:
    place = Place(settings.metrics_host, settings.metrics_port)
    return make_broker(
        settings.broker_url,
        middleware=[LogContext(), watch, Exposition(metrics.registry, place)],
        confirm_limit_s=confirm_limit_s,
    )


def _store(settings: Settings, resources: ExitStack) -> Store:
    url = settings.mongodb_url or ensure_running(settings.data_dir)
    keys = encryption_keys(settings)
    importing = settings.order_import
    store = connect(
        url,
        settings.mongodb_database,
        cipher=FieldCipher(keys_from(keys.keys, keys.active)),
        chunk_rows=importing.chunk_rows,
        lookback=timedelta(days=importing.lookback_days),
        lease=CALLS_PER_LEASE * timedelta(seconds=settings.http.call_timeout_s),
        feed_timing=_feed_timing(settings),
    )
    resources.callback(store.close)
    store.ensure_indexes()
    return store


def _ports(
    settings: Settings, store: Store, accounts: Mapping[str, Account], calls: Calls
) -> Ports:
    importing = settings.order_import
    return Ports(
        clock=SystemClock(),
        policy=Policy(
            first_seen=importing.first_seen,
            marketplaces={each.domain: each.id for each in marketplaces().values()},
            poll_deadline=timedelta(minutes=importing.poll_deadline_minutes),
            chunk_backlog=importing.chunk_backlog,
            chunk_standstill=timedelta(seconds=importing.chunk_standstill_s),
            chunk_patience_s=importing.chunk_patience_s,
            amazon_writes=frozenset(
                name for name, account in accounts.items() if account.amazon_writes
            ),
            feeds=_feed_timing(settings),
            fulfillment=_fulfillment(settings, accounts),
        ),
        reports=store.reports,
        ledger=store.ledger,
        orders=store.orders,
        passes=store.passes,
        amazon_reports=AmazonReportsGateway(accounts, calls),
        amazon_orders=AmazonOrdersGateway(accounts, calls),
        tracking_inbox=store.tracking_inbox,
        shipments=store.shipments,
        rejected_events=store.rejected_events,
        feeds=store.feeds,
        amazon_feeds=AmazonFeedsGateway(accounts, calls),
    )


def _fulfillment(settings: Settings, accounts: Mapping[str, Account]) -> FulfillmentRules:
    return FulfillmentRules(
        carriers=carriers(),
        carrier_name=settings.fulfillment.carrier_name,
        zones={name: ZoneInfo(account.timezone) for name, account in accounts.items()},
        marketplaces={name: account.marketplaces for name, account in accounts.items()},
        orders_per_feed=settings.fulfillment.orders_per_feed,
        transient_codes=settings.fulfillment.transient_codes,
    )


def _feed_timing(settings: Settings) -> FeedTiming:
    feeds = settings.feeds
    return FeedTiming(
        spacing=timedelta(minutes=feeds.spacing_minutes),
        settle=timedelta(minutes=feeds.settle_minutes),
        look_again=timedelta(minutes=feeds.look_again_minutes),
        first_poll=timedelta(seconds=feeds.first_poll_s),
        slow=timedelta(minutes=feeds.slow_minutes),
        stuck=timedelta(hours=feeds.stuck_hours),
    )
