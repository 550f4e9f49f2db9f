"""What a stage may reach for.  A stage's keyword arguments name its ports.

The concrete classes live in ``store`` and ``spapi`` and satisfy these Protocols structurally;
``actors.app`` fills one ``Ports`` and mypy proves the fit there.  Fakes are in ``tests/fakes``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from domain.enrichment_pass import Turn
from domain.ledger import ChunkEntry, ReportTally
from domain.messages import ReportDue, ReportKind, TrackingEntered
from domain.order_import import FirstSeen
from domain.orders import AmazonOrder, Order, OrderPage
from domain.rejected_events import RejectedEvent
from domain.reports import AmazonReport, Report, ReportState
from domain.tracking import Entry


class Clock(Protocol):
    """Our own time.  Anything about Amazon uses Amazon's times, leases use the store's."""

    def now(self) -> datetime:
        """Return the time, aware UTC."""
        ...

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        ...


class Reports(Protocol):
    """The reports we asked for (store)."""

    def open_for(self, due: ReportDue, *, now: datetime) -> Report:
        """Return the open report of the tick's (account, kind, marketplace), or open a new one.

        A new one freezes its window (``domain.import_window``) and its chunk size.  Two ticks at
        once get the same report.
        """
        ...

    def get(self, report_id: str) -> Report | None:
        """Return a report."""
        ...

    def claim_asking(self, report_id: str, *, holder: str) -> bool:
        """Claim the right to send createReport; return whether it may have been sent before.

        Raises:
            NotYet: another worker holds the claim; it outlives the HTTP timeout.
        """
        ...

    def release_asking(self, report_id: str, *, asked_before: bool) -> None:
        """Nothing was sent: give the claim back as it was."""
        ...

    def requested(self, report_id: str, amazon_report_id: str) -> None:
        """Amazon accepted the request (intended -> requested); again is harmless."""
        ...

    def take_poll(self, report_id: str, attempt: int, *, holder: str) -> Report | None:
        """Take the poll numbered ``attempt``; None when it is done already or the report closed.

        Raises:
            NotYet: another worker is on this very poll.
        """
        ...

    def poll_done(self, report_id: str, attempt: int) -> None:
        """The poll's message to follow is published: the next number counts."""
        ...

    def ready(self, report_id: str, document_id: str) -> None:
        """The document can be read (requested -> ready); again is harmless."""
        ...

    def parsed(self, report_id: str, *, rows: int, chunks: int, truncated: bool) -> None:
        """The file was read to its end (ready -> parsed); again is harmless."""
        ...

    def close(self, report_id: str, state: ReportState, reason: str = "") -> None:
        """End the report, if it is open."""
        ...

    def close_if_accounted(self, report_id: str) -> Report | None:
        """Close a parsed report whose chunks are all in the ledger: complete if rows add up.

        Called by whoever may be last: parser, importer, sweeper.  Returns the report as it is now.
        """
        ...


class Ledger(Protocol):
    """What became of every row (store)."""

    def entry(self, report_id: str, chunk: int) -> ChunkEntry | None:
        """Return what was recorded for a chunk."""
        ...

    def record(self, entry: ChunkEntry, *, kind: ReportKind) -> ChunkEntry:
        """Record a chunk's outcomes once; return what stands (the first writer's)."""
        ...

    def imported(self, report_id: str, chunks: Collection[int] | None = None) -> set[int]:
        """Return which of these chunks (or: which chunks at all) are recorded."""
        ...

    def tally(self, report_id: str) -> ReportTally:
        """Count a report's outcomes."""
        ...


Decide = Callable[[Order | None], Order | None]
"""Given the order as it is (or None), the order as it shall be, or None for no change."""


class Orders(Protocol):
    """The orders (store)."""

    def change(
        self, account: str, decide: Mapping[str, Decide]
    ) -> dict[str, tuple[Order | None, bool]]:
        """Load the orders, ask for each what it shall be, write under the revision guard.

        A lost race loads and asks again, so ``decide`` may be called more than once and must be
        pure.  Returns per order id the order as it now stands (None: still unknown) and whether
        this call wrote it.

        Raises:
            Contended: others were faster too often.
            Unavailable: the store cannot be reached.
        """
        ...

    def get(self, account: str, order_id: str) -> Order | None:
        """Return an order, buyer included."""
        ...

    def unread_since(self, account: str, *, at_least: int) -> datetime | None:
        """Return how far back a search must reach to show the orders never read; None: few."""
        ...

    def due_for_reading(self, account: str, *, before: datetime, limit: int) -> list[str]:
        """Return ids of orders with ``next_read_at <= before``, nearest ship-by first."""
        ...


class Passes(Protocol):
    """The one enrichment pass per account (store).  All times are the store's."""

    def take(
        self,
        account: str,
        *,
        holder: str,
        wanted_at: datetime,
        reach_back_to: datetime | None,
    ) -> Turn:
        """Ask for a pass that started after ``wanted_at`` and try to be the one who runs it.

        A new pass searches changes since ``reach_back_to`` if that is earlier than what is known.

        See ``domain.enrichment_pass`` for the four answers.
        """
        ...

    def page_stored(
        self,
        account: str,
        *,
        holder: str,
        next_token: str | None,
        last_updated_before: datetime | None,
    ) -> bool:
        """Remember the next page of the running pass and renew the lease; False: lease lost."""
        ...

    def restart_search(self, account: str, *, holder: str) -> None:
        """The page token is no longer good: search again from where the pass began."""
        ...

    def renew(self, account: str, *, holder: str) -> bool:
        """Keep the lease a while longer; False: it is lost to another worker."""
        ...

    def put_off(self, account: str, *, holder: str, seconds: float) -> None:
        """Keep the pass for ``holder``, who will be back in ``seconds``."""
        ...

    def finish(self, account: str, *, holder: str) -> None:
        """The pass is through: its start time counts as covered, the watermark moves."""
        ...


class TrackingInbox(Protocol):
    """Tracking entries as they came in (store)."""

    def record(self, entry: TrackingEntered) -> Entry:
        """Record an entry, each sender's event id once per account."""
        ...


class RejectedEvents(Protocol):
    """Events of other systems that were not accepted (store)."""

    def keep(self, rejected: RejectedEvent, *, key: str) -> None:
        """Keep a rejection under a key of its own; again is harmless."""
        ...


class Document(Protocol):
    """A report document while it is read: lines of text, decoded strictly, never all in memory."""

    @property
    def charset(self) -> str:
        """The character set the lines were decoded with, e.g. ``cp1252``."""
        ...

    @property
    def truncated(self) -> bool:
        """Whether the file turned out to be cut off (known at its end)."""
        ...

    def __iter__(self) -> Iterator[str]:
        """Yield lines without their line ends."""
        ...


class AmazonReports(Protocol):
    """Reports API 2021-06-30 (spapi)."""

    def request(self, report: Report, *, asked_before: bool) -> str:
        """Ask for the report and return Amazon's report id.

        With ``asked_before``, look in getReports first for one of the same type and marketplace
        with exactly this data start and end, and adopt it.

        Raises:
            Waiting, Unavailable, Refused
        """
        ...

    def status(self, account: str, amazon_report_id: str) -> AmazonReport:
        """Return Amazon's word on a report (getReport).  Raises as ``request``."""
        ...

    def open_document(self, account: str, document_id: str) -> AbstractContextManager[Document]:
        """Open the document (getReportDocument, then its presigned URL), streaming."""
        ...


class AmazonOrders(Protocol):
    """Orders API 2026-01-01 (spapi)."""

    def search(self, account: str, *, updated_after: datetime, page_token: str | None) -> OrderPage:
        """Return a page of seller-fulfilled orders changed since then (searchOrders)."""
        ...

    def get(self, account: str, order_id: str) -> AmazonOrder | None:
        """Return one order, or None when Amazon does not know it (getOrder)."""
        ...


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that stages hand to the domain."""

    first_seen: FirstSeen
    marketplaces: Mapping[str, str] = field(default_factory=dict)
    """Marketplace id by sales channel as reports spell it, e.g. ``Amazon.com``."""
    poll_deadline: timedelta = timedelta(hours=2)
    """A report not ready by then is abandoned and asked for anew."""
    search_from: int = 30
    """So many orders never read are searched for; fewer are read singly (getOrder's burst)."""
    singles_at_once: int = 200
    """Orders read one by one in one go of a pass, before its lease is renewed."""
    chunk_backlog: int = 8
    """Chunks of one report published and not yet imported, at most."""
    chunk_patience_s: float = 30.0
    """How long the parser waits for importers before it gives its thread back."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Every port by name.  Filled once, in ``actors.app``, where mypy checks the fit."""

    clock: Clock
    policy: Policy
    reports: Reports
    ledger: Ledger
    orders: Orders
    passes: Passes
    amazon_reports: AmazonReports
    amazon_orders: AmazonOrders
    tracking_inbox: TrackingInbox
    rejected_events: RejectedEvents
