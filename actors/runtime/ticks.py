"""Which fact a due job announces, and whether anybody hears of it.

A job is scheduled only when the flow can bring it to its end: every fact in ``leads_to`` must have
a stage that consumes it.  A new flow adds its stages to ``actors.flow`` and its job begins.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from actors.runtime.stage import Stage, subscriptions
from domain.messages import (
    Event,
    FulfillmentDue,
    InventorySyncDue,
    OpenListingsReportReady,
    OrderReportReady,
    RefreshDue,
    ReportDue,
    ReportKind,
)
from domain.schedule import Job, JobKind


@dataclass(frozen=True, slots=True)
class Tick:
    """How a slot of a job becomes a fact."""

    announces: Callable[[Job, datetime], Event]
    leads_to: tuple[type[Event], ...]


def key_of(job: Job, slot: datetime) -> str:
    """Return what makes the tick itself: two schedulers announce the same fact."""
    return f"{job.key}@{slot.isoformat()}"


def _report(kind: ReportKind) -> Callable[[Job, datetime], Event]:
    def announce(job: Job, slot: datetime) -> Event:
        return ReportDue.first(
            key=key_of(job, slot),
            account=job.account,
            at=slot,
            kind=kind,
            marketplace=job.marketplace,
        )

    return announce


def _due(
    event: type[RefreshDue | FulfillmentDue | InventorySyncDue],
) -> Callable[[Job, datetime], Event]:
    def announce(job: Job, slot: datetime) -> Event:
        return event.first(key=key_of(job, slot), account=job.account, at=slot, due_at=slot)

    return announce


TICKS: Mapping[JobKind, Tick] = {
    JobKind.ORDER_REPORT: Tick(_report(ReportKind.ORDERS), (ReportDue, OrderReportReady)),
    JobKind.ORDER_REFRESH: Tick(_due(RefreshDue), (RefreshDue,)),
    JobKind.FULFILLMENT: Tick(_due(FulfillmentDue), (FulfillmentDue,)),
    JobKind.INVENTORY_SYNC: Tick(_due(InventorySyncDue), (InventorySyncDue,)),
    JobKind.OPEN_LISTINGS: Tick(
        _report(ReportKind.OPEN_LISTINGS), (ReportDue, OpenListingsReportReady)
    ),
}
"""The jobs that announce a fact; the others (``Scheduler.chores``) are done in place."""
NEED_ONLY_THE_STORE = frozenset({JobKind.PRIVACY})
"""The jobs that are done whether RabbitMQ is there or not."""


def kinds_heard(flow: Iterable[Stage]) -> tuple[JobKind, ...]:
    """Return the jobs whose ticks this flow brings to their end."""
    heard = subscriptions(flow).keys()
    return tuple(kind for kind, tick in TICKS.items() if heard >= set(tick.leads_to))


def kinds_unheard(flow: Iterable[Stage]) -> tuple[JobKind, ...]:
    """Return the jobs that stay away because no stage of this flow does their work."""
    heard = kinds_heard(flow)
    return tuple(kind for kind in TICKS if kind not in heard)
