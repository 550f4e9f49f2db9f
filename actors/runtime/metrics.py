"""The metrics of a worker: made here and in ``amazon_metrics``, so that labels can be judged.

Labels come from closed sets: stages, outcomes, operations, classes of answers.  Never an id, a SKU
or a text.  State (how much waits, since when) is not counted here but asked of the store
(``actors.runtime.exporter``): a count kept by workers doubles on a replay and dies with them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

from actors.runtime.amazon_metrics import AmazonMetrics, FeedMetrics, ReportMetrics
from actors.runtime.buckets import AGES_S, DURATIONS_S, WAITS_S
from domain.carriers import OTHER, CarrierTable
from domain.messages import TrackingEntered
from domain.orders import EnrichmentState, Order, OrderStatus, Provenance
from domain.shipments import Shipment, ShipmentBook


class Outcome(StrEnum):
    """How one delivery of a message to a stage ended."""

    DONE = "done"
    WAITING = "waiting"
    """Put back: it was too early.  No failure."""
    RETRIED = "retried"
    QUARANTINED = "quarantined"
    RETURNED = "returned"
    """Given back to its queue: neither broker nor store could take it."""
    REJECTED = "rejected"
    """Past the failure handling: RabbitMQ dead-letters it."""
    SKIPPED = "skipped"
    """The broker had taken the delivery back already."""


class OrderEvent(StrEnum):
    """What happened to an order, each at most once per guarded write."""

    IMPORTED = "imported"
    RECOVERED = "recovered"
    """Part of imported: first seen after its Pending stage."""
    ENRICHED = "enriched"
    FULFILLED = "fulfilled"
    CANCELED = "canceled"
    BUYER_REMOVED = "buyer_removed"


class ShipmentEvent(StrEnum):
    """What happened to a package, each once per guarded write."""

    RECORDED = "recorded"
    ACCEPTED = "accepted"
    """By Amazon; a correction is accepted once more."""
    REJECTED = "rejected"
    """By Amazon."""


class StageMetrics:
    """What middleware measures of every stage."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.messages = Counter(
            "connector_stage_messages_total",
            "Deliveries handled by a stage, by how they ended.",
            ["stage", "outcome"],
            registry=registry,
        )
        self.retries = Counter(
            "connector_stage_retries_total",
            "Failed attempts that will be made again.",
            ["stage"],
            registry=registry,
        )
        self.dead_letters = Counter(
            "connector_stage_dead_letters_total",
            "Deliveries rejected to the dead letters.",
            ["stage"],
            registry=registry,
        )
        self.duration = Histogram(
            "connector_stage_duration_seconds",
            "Time a stage worked on one delivery.",
            ["stage"],
            buckets=DURATIONS_S,
            registry=registry,
        )
        self.wait = Histogram(
            "connector_stage_queue_wait_seconds",
            "From when a message was due to when a stage began with it.",
            ["stage"],
            buckets=WAITS_S,
            registry=registry,
        )
        self.in_progress = Gauge(
            "connector_stage_inprogress_messages",
            "Deliveries a stage is working on now.",
            ["stage"],
            registry=registry,
        )

    def begin_at_zero(self, stages: Iterable[str]) -> None:
        """Make every series of these stages, so that the first event is an increase."""
        for stage in stages:
            for outcome in Outcome:
                self.messages.labels(stage, outcome.value)
            for metric in (self.retries, self.dead_letters, self.duration, self.wait):
                metric.labels(stage)
            self.in_progress.labels(stage)


class OrderMetrics:
    """What became true of orders.

    Told by the store after a guarded write that won, with the order before and after: a replay
    writes nothing and so counts nothing.  A worker that dies in between counts one too few.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.orders = Counter(
            "connector_orders_total",
            "Orders by what became true of them.",
            ["event"],
            registry=registry,
        )
        self.import_age = Histogram(
            "connector_order_import_age_seconds",
            "From purchase on Amazon to the order's creation here; new orders only.",
            buckets=AGES_S,
            registry=registry,
        )
        self.enrich_age = Histogram(
            "connector_order_enrich_age_seconds",
            "From the order's creation here to its first reading from the Orders API.",
            buckets=AGES_S,
            registry=registry,
        )
        for event in OrderEvent:
            self.orders.labels(event.value)

    def written(self, before: Order | None, after: Order) -> None:
        """Count what this write made true."""
        for event in order_events(before, after):
            self.orders.labels(event.value).inc()
        if after.imported_at is None:
            return
        if before is None:
            self.import_age.observe(_age_s(after.imported_at - after.purchased_at))
        elif _enriched(before, after) and after.read_at is not None:
            self.enrich_age.observe(_age_s(after.read_at - after.imported_at))


def order_events(before: Order | None, after: Order) -> list[OrderEvent]:
    """Return what the change from one state to the next made true.  Pure."""
    events = []
    if before is None:
        events.append(OrderEvent.IMPORTED)
        if after.provenance is Provenance.RECOVERED:
            events.append(OrderEvent.RECOVERED)
    elif _enriched(before, after):
        events.append(OrderEvent.ENRICHED)
    was = before.status if before is not None else None
    if after.status is not was:
        match after.status:
            case OrderStatus.FULFILLED:
                events.append(OrderEvent.FULFILLED)
            case OrderStatus.CANCELED:
                events.append(OrderEvent.CANCELED)
    if after.purged_at is not None and (before is None or before.purged_at is None):
        events.append(OrderEvent.BUYER_REMOVED)
    return events


def _enriched(before: Order, after: Order) -> bool:
    return before.enrichment is EnrichmentState.DUE and after.enrichment is not EnrichmentState.DUE


def _age_s(age: timedelta) -> float:
    return max(0.0, age.total_seconds())  # Amazon's clock and ours differ.


class ShipmentMetrics:
    """What became true of packages, told by the store as orders are."""

    def __init__(self, registry: CollectorRegistry, carriers: CarrierTable) -> None:
        self._carriers = carriers
        self._codes = {carrier.code for carrier in carriers.carriers} | {OTHER}
        self.entries = Counter(
            "connector_tracking_entries_total",
            "Tracking entries taken in, by the carrier's code at Amazon.",
            ["carrier"],
            registry=registry,
        )
        self.shipments = Counter(
            "connector_shipments_total",
            "Packages by what became true of them.",
            ["event"],
            registry=registry,
        )
        self.acceptance_age = Histogram(
            "connector_tracking_acceptance_age_seconds",
            "From the entry of a package's tracking to Amazon's first acceptance of it.",
            buckets=AGES_S,
            registry=registry,
        )
        for event in ShipmentEvent:
            self.shipments.labels(event.value)
        for code in self._codes:
            self.entries.labels(code)

    def entered(self, entry: TrackingEntered) -> None:
        """Count an entry; a name cut short to serve as a code is no label."""
        code = self._carriers.resolve(entry.carrier).code
        self.entries.labels(code if code in self._codes else OTHER).inc()

    def written(self, before: ShipmentBook, after: ShipmentBook) -> None:
        """Count what this write made true."""
        for new in after.shipments:
            old = before.shipment(new.shipment_id)
            event = shipment_event(old, new)
            if event is not None:
                self.shipments.labels(event.value).inc()
            is_first = old is not None and not old.accepted
            if event is ShipmentEvent.ACCEPTED and is_first and new.accepted_at is not None:
                self.acceptance_age.observe(_age_s(new.accepted_at - new.first_entered_at))


def shipment_event(before: Shipment | None, after: Shipment) -> ShipmentEvent | None:
    """Return what the change from one state to the next made true.  Pure."""
    if before is None:
        return ShipmentEvent.RECORDED
    if not before.in_feed or after.in_feed:
        return None  # Amazon's verdict is what ends being in a feed.
    if after.refusals > before.refusals:
        return ShipmentEvent.REJECTED
    return ShipmentEvent.ACCEPTED if after.accepted == before.in_feed else None


class Metrics:
    """All metrics of one worker process, on a registry of their own."""

    def __init__(self, carriers: CarrierTable | None = None) -> None:
        """``carriers`` are those that entries are counted by; without a table all are other."""
        # A series _created for each of ours would double the number of series for nothing.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self.stages = StageMetrics(self.registry)
        self.amazon = AmazonMetrics(self.registry)
        self.orders = OrderMetrics(self.registry)
        self.reports = ReportMetrics(self.registry)
        self.feeds = FeedMetrics(self.registry)
        self.shipments = ShipmentMetrics(self.registry, carriers or CarrierTable(()))
