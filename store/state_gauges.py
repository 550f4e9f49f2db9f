"""Gauges of the state of the business, read from the store when somebody asks.

They are right whatever happened to the workers: a replay, a restart or more replicas change
nothing.  A question (``store.state_questions``) yields readings of the gauges declared here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.schedule import Job, JobKind
from store.failures import translated
from store.moments import store_now
from store.tables import Database

RECENT = timedelta(hours=24)
"""What is counted of the past: the last day."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """What a gauge means, and its labels; each takes few values."""

    meaning: str
    labels: tuple[str, ...]


GAUGES: Mapping[str, Gauge] = {
    "job_last_success_timestamp_seconds": Gauge(
        "When the job last reached its aim, in seconds of the epoch.", ("job_name", "account")
    ),
    "job_last_slot_timestamp_seconds": Gauge(
        "When a slot of the job was last announced.", ("job_name", "account")
    ),
    "job_first_slot_timestamp_seconds": Gauge(
        "The oldest slot kept: since when the job is scheduled.", ("job_name", "account")
    ),
    "job_cadence_seconds": Gauge("How often the job runs.", ("job_name", "account")),
    "pending_items": Gauge("What waits, by kind.", ("kind", "account")),
    "oldest_pending_age_seconds": Gauge(
        "How long the oldest of it waits; 0 when nothing does.", ("kind", "account")
    ),
    "overdue_items": Gauge(
        "What stands still although it was announced again, by kind.", ("kind",)
    ),
    "reports": Gauge(
        "Reports that were closed in the last 24 hours or are open, by state.",
        ("account", "kind", "state"),
    ),
    "last_report_incomplete": Gauge(
        "Marketplaces whose newest closed report was not imported whole.", ("account", "kind")
    ),
    "last_report_seconds": Gauge(
        "From asking for the newest closed report to its end.", ("account", "kind")
    ),
    "report_rows": Gauge(
        "Rows of reports imported in the last 24 hours, by outcome.", ("account", "outcome")
    ),
    "unknown_status_orders": Gauge(
        "Orders of reports left alone in the last 24 hours: Amazon's status is unknown here.",
        ("account",),
    ),
    "orders_missing_role": Gauge(
        "Open orders whose buyer data a missing role withholds.", ("account",)
    ),
    "orders_ship_by_soon": Gauge(
        "New orders to be shipped within 12 hours, or late, that Amazon has no shipment of.",
        ("account",),
    ),
    "tracking_entries": Gauge("Tracking entries of the last 24 hours.", ("account",)),
    "rejected_events": Gauge("Events of other systems rejected in the last 24 hours.", ()),
    "feeds": Gauge(
        "Feeds that were closed in the last 24 hours or are open, by state.",
        ("account", "feed_type", "state"),
    ),
    "feeds_held": Gauge("Lanes that a person has to release.", ("account", "feed_type")),
    "last_feed_refused": Gauge(
        "1 if Amazon ended the newest processed feed as FATAL or CANCELLED.",
        ("account", "feed_type"),
    ),
    "last_feed_seconds": Gauge(
        "From submission of the newest processed feed to its verdict.", ("account", "feed_type")
    ),
    "shipments": Gauge("Packages by where they stand.", ("account", "outbound")),
    "refused_shipments": Gauge(
        "Packages that Amazon refused and that wait for a correction, by Amazon's code.",
        ("account", "code"),
    ),
    "quota_tokens": Gauge("Calls free now.", ("account", "operation")),
    "quota_burst_tokens": Gauge("Calls free at most.", ("account", "operation")),
    "suspended": Gauge(
        "1 while no calls are made; the operation * is the whole account.",
        ("account", "operation"),
    ),
    "quarantined_messages": Gauge("Messages that no retry could save, by stage.", ("stage",)),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """The value of a gauge, with its labels in the declared order."""

    gauge: str
    value: float
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """What a question may use."""

    database: Database
    now: datetime
    """The store's time."""
    jobs: tuple[Job, ...]
    """What is scheduled."""
    accounts: tuple[str, ...]
    stages: tuple[str, ...]
    buyers_kept: timedelta
    """How long a buyer is kept after the order is over."""

    @property
    def recently(self) -> datetime:
        """The beginning of what counts as recent."""
        return self.now - RECENT

    def jobs_by_account(self) -> dict[tuple[JobKind, str], list[Job]]:
        """Return the jobs of a kind and account: one, or one for each marketplace."""
        found: dict[tuple[JobKind, str], list[Job]] = {}
        for job in self.jobs:
            found.setdefault((job.kind, job.account), []).append(job)
        return found

    def age_s(self, since: datetime | None) -> float:
        """Return how long ago something was; 0 for None."""
        return max(0.0, (self.now - since).total_seconds()) if since else 0.0


Question = Callable[[Look], Iterable[Reading]]


class StateGauges:
    """All gauges of one database."""

    gauges: Mapping[str, Gauge] = GAUGES

    def __init__(
        self,
        database: Database,
        questions: Iterable[Question],
        *,
        jobs: Iterable[Job],
        accounts: Iterable[str],
        stages: Iterable[str],
        buyers_kept: timedelta,
    ) -> None:
        self._database, self._questions = database, tuple(questions)
        self._known = (tuple(jobs), tuple(accounts), tuple(stages), buyers_kept)

    @translated
    def read(self) -> list[Reading]:
        """Ask every question.

        Raises:
            Unavailable: the store cannot be reached; then there are no readings at all.
        """
        look = Look(self._database, store_now(self._database), *self._known)
        return [each for question in self._questions for each in question(look)]
