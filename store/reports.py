"""The reports we asked for: one document each, moved on by guarded updates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from domain.errors import NotYet
from domain.import_window import LOOKBACK
from domain.messages import ReportDue
from domain.reports import OPEN_STATES, Report, ReportState
from store.failures import translated
from store.moments import NOW, in_seconds, is_over, seconds_until, store_now
from store.polls import Polls
from store.readings import Readings
from store.report_documents import ChunkDocument, ReportDocument
from store.report_opening import OPEN, Openings, report_from
from store.tables import Database, Raw, collection_of

LEASE = timedelta(seconds=150)
"""Outlives the time limit of a call to Amazon, so that a claim is not taken over mid-call."""

POLLED = [str(state) for state in OPEN_STATES - {ReportState.INTENDED}]

OnMoved = Callable[[Report, ReportState, datetime], None]
"""Is told of a report that a guarded write brought to a state, as it is now, and of the time."""


class Reports:
    """The reports of all accounts (collection ``reports``)."""

    def __init__(
        self,
        database: Database,
        *,
        chunk_rows: int,
        lookback: timedelta = LOOKBACK,
        lease: timedelta = LEASE,
    ) -> None:
        self._database, self._chunk_rows = database, chunk_rows
        self._lease_s = lease.total_seconds()
        self._openings = Openings(database, chunk_rows=chunk_rows, lookback=lookback)
        self._reports = collection_of(database, ReportDocument)
        self._chunks = collection_of(database, ChunkDocument)
        self._readings = Readings(database, self._reports, self._lease_s)
        self.on_moved: OnMoved = lambda _report, _state, _at: None
        """Told once of each move; for metrics, must not raise."""

    @translated
    def open_for(self, due: ReportDue, *, now: datetime) -> Report:
        """Return the open report of the tick's (account, kind, marketplace), or open a new one.

        Two ticks at once get the same report; a tick that comes again after its report closed
        gets that one.  A report that was never asked for gets a window that reaches to now.

        Raises:
            Contended: others took and left the lane all the time.
        """
        return self._openings.open_for(due, now)

    @translated
    def open_file(
        self, account: str, *, digest: str, now: datetime, chunk_rows: int | None = None
    ) -> Report:
        """Return the report for a file read from disk: the open one of this content, or a new one.

        ``digest`` is the hex SHA-256 of the content.  A file imported before and closed since
        (complete, cut off or refused) is imported anew; two imports at once share one report.

        Raises:
            Contended: others imported the same file all the time.
        """
        return self._openings.open_file(account, digest, now, chunk_rows or self._chunk_rows)

    @translated
    def get(self, report_id: str) -> Report | None:
        """Return a report.  Index: ``_id``."""
        raw = self._reports.find_one({"_id": report_id, "state": {"$exists": True}})
        return report_from(raw) if raw else None

    @translated
    def claim_asking(self, report_id: str, *, holder: str) -> bool:
        """Claim the right to send createReport; return whether it may have been sent before.

        Index: ``_id``.

        Raises:
            NotYet: somebody holds the claim, which outlives the HTTP timeout.
        """
        never = {"$eq": [{"$ifNull": ["$asked_at", None]}, None]}
        claim = {
            "asked_before": {"$not": [never]},
            "asked_at": {"$ifNull": ["$asked_at", NOW]},
            "asking_holder": {"$literal": holder},
            "asking_until": in_seconds(self._lease_s),
        }
        free = {"_id": report_id, "state": ReportState.INTENDED.value, **is_over("asking_until")}
        won = self._reports.update_one(free, [{"$set": claim}]).matched_count
        raw = self._reports.find_one({"_id": report_id}) or {}
        if won or raw.get("state") != ReportState.INTENDED.value:
            return bool(raw.get("asked_before", True))
        wait = seconds_until(raw.get("asking_until"), store_now(self._database))
        raise NotYet("another worker is asking for this report", retry_after_s=wait)

    @translated
    def release_asking(self, report_id: str, *, asked_before: bool) -> None:
        """Nothing was sent: give the claim back as it was.  Index: ``_id``."""
        gone = {"asking_holder": "", "asking_until": ""}
        if not asked_before:
            gone["asked_at"] = ""
        self._move(report_id, [ReportState.INTENDED.value], {"$unset": gone})

    @translated
    def requested(self, report_id: str, amazon_report_id: str) -> None:
        """Amazon accepted the request (intended -> requested); again is harmless."""
        accepted = {"state": ReportState.REQUESTED.value, "amazon_report_id": amazon_report_id}
        update = {"$set": accepted, "$currentDate": {"requested_at": True}}
        self._move(report_id, [ReportState.INTENDED.value], update)

    @translated
    def take_poll(self, report_id: str, attempt: int, *, holder: str) -> Report | None:
        """Take the poll numbered ``attempt``; None when it is done already or the report closed.

        A report that is ready by now is still given: its poll may have died before it could say
        so.  Index: ``_id``.

        Raises:
            NotYet: another worker is on this very poll, or died on it a moment ago; or the poll
                before it is not over.
        """
        known: Raw = {"_id": report_id, "state": {"$in": POLLED}}
        raw = Polls(self._database, self._reports, self._lease_s).take(known, attempt, holder)
        return report_from(raw) if raw else None

    @translated
    def release_poll(self, report_id: str, attempt: int, *, holder: str) -> None:
        """Amazon gave no answer: the poll may be taken again at once.  Index: ``_id``."""
        ours = {"_id": report_id, "poll_attempt": attempt, "poll_holder": holder}
        self._reports.update_one(ours, {"$unset": {"poll_holder": "", "poll_until": ""}})

    @translated
    def poll_done(self, report_id: str, attempt: int) -> None:
        """The poll's message to follow is published: the next number counts.  Index: ``_id``."""
        update = {
            "$set": {"poll_attempt": attempt + 1},
            "$unset": {"poll_holder": "", "poll_until": ""},
        }
        self._reports.update_one({"_id": report_id, "poll_attempt": attempt}, update)

    @translated
    def ready(self, report_id: str, document_id: str) -> None:
        """The document can be read (requested -> ready); again is harmless."""
        update = {"$set": {"state": ReportState.READY.value, "document_id": document_id}}
        self._move(report_id, [ReportState.REQUESTED.value], update)

    @translated
    def take_reading(self, report_id: str, *, holder: str, standstill: timedelta) -> set[int]:
        """Claim the reading of the document; return the chunks that count as under way.

        Those were published less than ``standstill`` ago; they may be imported by now.
        Index: ``_id``.

        Raises:
            NotYet: another worker is reading, or died of it a moment ago.
        """
        return self._readings.take(report_id, holder, standstill)

    @translated
    def chunk_published(
        self, report_id: str, chunk: int, *, holder: str, imported: set[int]
    ) -> None:
        """Note a published chunk, forget ``imported`` ones, keep the claim.  Index: ``_id``.

        Raises:
            NotYet: the claim ran out and is another worker's by now.
        """
        self._readings.published(report_id, holder, chunk, imported)

    @translated
    def release_reading(self, report_id: str, *, holder: str) -> None:
        """The document may be read by anybody.  Index: ``_id``."""
        self._readings.release(report_id, holder)

    @translated
    def parsed(self, report_id: str, *, rows: int, chunks: int, truncated: bool) -> None:
        """The file was read to its end (ready -> parsed); again is harmless."""
        found = {"rows": rows, "chunks": chunks, "truncated": truncated}
        update = {"$set": {"state": ReportState.PARSED.value, **found}}
        self._move(report_id, [ReportState.READY.value], update)

    @translated
    def close(self, report_id: str, state: ReportState, reason: str = "") -> None:
        """End the report, if it is open: its lane is free from now on."""
        update = {
            "$set": {"state": state.value, "reason": reason},
            "$unset": dict.fromkeys(("lane", "asking_until", "poll_until", "under_way"), ""),
            "$currentDate": {"closed_at": True},
        }
        self._move(report_id, OPEN, update)

    @translated
    def close_if_accounted(self, report_id: str) -> Report | None:
        """Close a parsed report whose chunks are all in the ledger: complete if rows add up.

        Returns the report as it is now.  Indexes: ``_id``; ``of_report`` of the ledger.
        """
        report = self.get(report_id)
        if report is None or report.state is not ReportState.PARSED:
            return report
        chunks = [raw["rows"] for raw in self._chunks.find({"report_id": report_id}, {"rows": 1})]
        if len(chunks) < (report.chunks or 0):
            return report
        shortfall = _shortfall(report, sum(chunks))
        state = ReportState.INCOMPLETE if shortfall else ReportState.COMPLETE
        self.close(report_id, state, shortfall)
        return self.get(report_id)

    def _move(self, report_id: str, states: list[str], update: Raw) -> None:
        """Update the report if it is in one of these states.  Index: ``_id``."""
        there = {"_id": report_id, "state": {"$in": states}}
        moved = self._reports.update_one(there, update).matched_count
        state = update.get("$set", {}).get("state")
        report = self.get(report_id) if moved and state else None
        if report is not None:
            self.on_moved(report, ReportState(state), store_now(self._database))


def _shortfall(report: Report, counted: int) -> str:
    """Say why a report is not complete; empty when it is."""
    if counted != report.rows:
        return f"{counted} of {report.rows} rows are accounted for"
    return "the file is cut off" if report.truncated else ""
