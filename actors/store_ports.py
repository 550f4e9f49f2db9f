"""What a stage may ask of the store.  ``actors.ports`` gathers all ports."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from domain.enrichment_pass import Turn
from domain.ledger import ChunkEntry, ReportTally, SkipReason
from domain.messages import ReportDue, ReportKind, TrackingEntered
from domain.orders import Order
from domain.rejected_events import RejectedEvent
from domain.reports import Report, ReportState
from domain.tracking import Entry


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
            NotYet: another worker is on this very poll, or the one before it is not over.
        """
        ...

    def release_poll(self, report_id: str, attempt: int, *, holder: str) -> None:
        """Amazon gave no answer: the poll may be taken again at once."""
        ...

    def poll_done(self, report_id: str, attempt: int) -> None:
        """The poll's message to follow is published: the next number counts."""
        ...

    def ready(self, report_id: str, document_id: str) -> None:
        """The document can be read (requested -> ready); again is harmless."""
        ...

    def take_reading(self, report_id: str, *, holder: str, standstill: timedelta) -> set[int]:
        """Claim the reading of the document; return the chunks published within the standstill.

        Raises:
            NotYet: another worker is reading, or died of it a moment ago.
        """
        ...

    def chunk_published(
        self, report_id: str, chunk: int, *, holder: str, imported: set[int]
    ) -> None:
        """Note a published chunk, forget imported ones, keep the claim.

        Raises:
            NotYet: the claim is another worker's by now.
        """
        ...

    def release_reading(self, report_id: str, *, holder: str) -> None:
        """The document may be read by anybody."""
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

    def skipped(self, account: str, order_id: str) -> Collection[SkipReason]:
        """Return why reports' rows of an order were left alone."""
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

    def without_buyers(self, account: str, order_ids: Collection[str]) -> Mapping[str, Order]:
        """Return the orders there are, by order id, as far as they can be told in passing.

        Buyers, report lines, history and outbox are left out.
        """
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

    def is_wanted_after(self, account: str, started_at: datetime) -> bool:
        """Say whether somebody wants a pass that starts later than this."""
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

    def of_orders(
        self, account: str, order_ids: Collection[str]
    ) -> Mapping[str, Sequence[TrackingEntered]]:
        """Return the entries of orders, oldest first; orders without any are left out."""
        ...

    def taken_in(self, entries: Collection[TrackingEntered]) -> None:
        """The books of their orders have these entries; again is harmless."""
        ...


class RejectedEvents(Protocol):
    """Events of other systems that were not accepted (store)."""

    def keep(self, rejected: RejectedEvent, *, key: str) -> None:
        """Keep a rejection under a key of its own; again is harmless."""
        ...
