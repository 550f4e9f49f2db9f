"""What is measured of our dealings with Amazon: calls, reports, feeds.

Calls are told by ``spapi.calls``.  Reports and feeds are told by the store after a guarded write
that won: a replay writes nothing and so counts nothing; a worker that dies in between counts one
too few.  Labels begin at zero for the kinds the flow asks for and sends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Counter, Histogram

from actors.runtime.buckets import AGES_S, DURATIONS_S, ROWS
from domain.feed_results import FeedVerdict
from domain.feeds import FEED_NAMES, FULFILLMENT, Feed, FeedState
from domain.ledger import ChunkEntry, RowOutcome
from domain.messages import ReportKind
from domain.reports import Report, ReportState
from domain.shipment_outcomes import RowOutcome as Verdict
from domain.shipments import Issue

REPORT_KINDS = (ReportKind.ORDERS,)
FEED_TYPES = (FULFILLMENT,)
REPORT_EVENTS = tuple(
    state for state in ReportState if state not in (ReportState.INTENDED, ReportState.PARSED)
)
FEED_EVENTS = (
    FeedState.PREPARED,
    FeedState.SUBMITTED,
    FeedState.DONE,
    FeedState.CANCELLED,
    FeedState.FATAL,
    FeedState.WITHDRAWN,
    FeedState.RELEASED,
)
KNOWN_CODES = (
    *("5000", "13013", "18027", "18028", "18029", "18030", "18031", "18032", "18033"),
    *("25441", "90011", "90012", "90061"),
)
"""Amazon's codes that are counted by themselves.  Amazon documents no list; these are of processing
reports seen in the field.  Any other code, with its words, stands with its order."""
OTHER = "other"
SEVERITIES = ("error", "warning")


class AmazonMetrics:
    """Calls to Amazon, told by ``spapi.calls`` one by one."""

    CLASSES = ("2xx", "4xx", "429", "5xx", "none")

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "connector_amazon_requests_total",
            "Requests to Amazon by operation and class of the answer; none: no answer came.",
            ["operation", "status_class"],
            registry=registry,
        )
        self.duration = Histogram(
            "connector_amazon_request_duration_seconds",
            "Time until Amazon answered.",
            ["operation"],
            buckets=DURATIONS_S,
            registry=registry,
        )

    def begin_at_zero(self, operations: Iterable[str]) -> None:
        """Make every counter of these operations, so that a first 429 is an increase."""
        for operation in operations:
            for each in self.CLASSES:
                self.requests.labels(operation, each)

    def answered(self, operation: str, status: int | None, seconds: float) -> None:
        """Count one request; ``status`` is None when no answer came."""
        self.begin_at_zero([operation])
        self.requests.labels(operation, status_class(status)).inc()
        self.duration.labels(operation).observe(seconds)


def status_class(status: int | None) -> str:
    """Return the class of an HTTP status; 429 is one of its own."""
    if status is None:
        return "none"
    return "429" if status == 429 else f"{status // 100}xx"  # noqa: PLR2004  Too Many Requests


class ReportMetrics:
    """Reports asked of Amazon, and what became of their rows."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.reports = Counter(
            "connector_reports_total",
            "Reports asked of Amazon, by what became of them.",
            ["kind", "event"],
            registry=registry,
        )
        self.turnaround = Histogram(
            "connector_report_turnaround_seconds",
            "From Amazon's taking the request to a document that can be read.",
            ["kind"],
            buckets=AGES_S,
            registry=registry,
        )
        self.lines = Counter(
            "connector_order_lines_total",
            "Rows of order reports and files, by how they ended.",
            ["outcome"],
            registry=registry,
        )
        for kind in REPORT_KINDS:
            self.turnaround.labels(kind.value)
            for event in REPORT_EVENTS:
                self.reports.labels(kind.value, event.value)
        for outcome in RowOutcome:
            self.lines.labels(outcome.value)

    def moved(self, report: Report, state: ReportState, at: datetime) -> None:
        """Count that a report of Amazon came to a state; a file of disk was never asked for."""
        if state not in REPORT_EVENTS or report.source == "file":
            return
        self.reports.labels(report.kind.value, state.value).inc()
        if state is ReportState.READY and report.requested_at is not None:
            self.turnaround.labels(report.kind.value).observe(_seconds(at - report.requested_at))

    def recorded(self, entry: ChunkEntry) -> None:
        """Count how the rows of a chunk ended."""
        self.lines.labels(RowOutcome.REJECTED.value).inc(len(entry.rejected))
        for verdict in entry.verdicts:
            self.lines.labels(verdict.outcome.value).inc()


class FeedMetrics:
    """Feeds, and Amazon's verdicts on their rows."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.feeds = Counter(
            "connector_feeds_total",
            "Feeds by what became of them.",
            ["feed_type", "event"],
            registry=registry,
        )
        self.batch_rows = Histogram(
            "connector_feed_batch_rows",
            "Rows of a feed that was prepared to be sent.",
            ["feed_type"],
            buckets=ROWS,
            registry=registry,
        )
        self.turnaround = Histogram(
            "connector_feed_turnaround_seconds",
            "From a feed's submission to Amazon's verdict.",
            ["feed_type"],
            buckets=AGES_S,
            registry=registry,
        )
        self.rows = Counter(
            "connector_feed_rows_total",
            "Rows of feeds by Amazon's verdict; unverified: it says nothing of them.",
            ["feed_type", "outcome"],
            registry=registry,
        )
        self.errors = Counter(
            "connector_feed_errors_total",
            "What Amazon said against rows or files, by its code.",
            ["feed_type", "severity", "code"],
            registry=registry,
        )
        for name in (FEED_NAMES[each] for each in FEED_TYPES):
            self._begin_at_zero(name)

    def _begin_at_zero(self, name: str) -> None:
        self.batch_rows.labels(name)
        self.turnaround.labels(name)
        for event in FEED_EVENTS:
            self.feeds.labels(name, event.value)
        for outcome in Verdict:
            self.rows.labels(name, outcome.value)
        for severity in SEVERITIES:
            for code in (*KNOWN_CODES, OTHER):
                self.errors.labels(name, severity, code)

    def moved(self, feed: Feed, state: FeedState) -> None:
        """Count that a feed came to a state; one that only shows what would be sent is none."""
        name = FEED_NAMES[feed.feed_type]
        if state is FeedState.LATE:
            # The verdict of a released feed is what Amazon says, not when.
            state = FeedState(feed.processing_status.lower())
        if state not in FEED_EVENTS or feed.dry:
            return
        self.feeds.labels(name, state.value).inc()
        if state is FeedState.PREPARED:
            self.batch_rows.labels(name).observe(feed.rows)
        elif state not in (FeedState.SUBMITTED, FeedState.WITHDRAWN, FeedState.RELEASED):
            self._judged_after(feed, name)

    def _judged_after(self, feed: Feed, name: str) -> None:
        if feed.processed_at is not None and feed.submitted_at is not None:
            self.turnaround.labels(name).observe(_seconds(feed.processed_at - feed.submitted_at))

    def judged(self, feed: Feed, verdict: FeedVerdict) -> None:
        """Count Amazon's verdict on the rows of a feed."""
        name = FEED_NAMES[feed.feed_type]
        for row in verdict.rows:
            self.rows.labels(name, row.outcome.value).inc()
        for issue in _issues(verdict):
            severity = SEVERITIES[0] if issue.is_error else SEVERITIES[1]
            code = issue.code if issue.code in KNOWN_CODES else OTHER
            self.errors.labels(name, severity, code).inc()


def _issues(verdict: FeedVerdict) -> Iterator[Issue]:
    """Yield what was said; of the file once, though each of its rows repeats it."""
    yield from verdict.file_issues
    for row in verdict.rows:
        if row.issues != verdict.file_issues:
            yield from row.issues


def _seconds(age: timedelta) -> float:
    return max(0.0, age.total_seconds())
