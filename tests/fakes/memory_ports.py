"""The store's ports in memory, for unit tests of stages: same promises, one thread."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from actors.ports import Clock, Decide
from domain.errors import NotYet
from domain.import_window import import_window
from domain.ledger import ChunkEntry, ReportTally, SkipReason
from domain.messages import ReportDue, ReportKind
from domain.orders import EnrichmentState, Order
from domain.reports import Report, ReportState

LEASE = timedelta(seconds=150)


@dataclass
class MemoryReports:
    clock: Clock
    ledger: MemoryLedger
    chunk_rows: int = 3
    all: dict[str, Report] = field(default_factory=dict)
    claims: dict[str, datetime] = field(default_factory=dict)
    polls: dict[str, tuple[int, datetime]] = field(default_factory=dict)
    readings: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    under_way: dict[tuple[str, int], datetime] = field(default_factory=dict)

    def open_for(self, due: ReportDue, *, now: datetime) -> Report:
        for report in self.all.values():
            lane = (report.account, report.kind, report.marketplace)
            if report.is_open and lane == (due.account, due.kind, due.marketplace):
                return report
        window = import_window(now, None)
        report = Report(
            report_id=due.event_id,
            account=due.account,
            kind=due.kind,
            marketplace=due.marketplace,
            state=ReportState.INTENDED,
            source="amazon",
            data_start=window.start,
            data_end=window.end,
            flow_id=due.flow_id,
            flow_started_at=due.flow_started_at,
            chunk_rows=self.chunk_rows,
        )
        # A tick that comes again after its report closed opens no second one.
        return self.all.setdefault(report.report_id, report)

    def get(self, report_id: str) -> Report | None:
        return self.all.get(report_id)

    def claim_asking(self, report_id: str, *, holder: str) -> bool:
        until = self.claims.get(report_id)
        if until is not None and until > self.clock.now():
            raise NotYet("asked", retry_after_s=(until - self.clock.now()).total_seconds())
        self.claims[report_id] = self.clock.now() + LEASE
        asked_before = self.all[report_id].asked_at is not None
        self._set(report_id, asked_at=self.clock.now())
        return asked_before

    def release_asking(self, report_id: str, *, asked_before: bool) -> None:
        self.claims.pop(report_id, None)
        if not asked_before:
            self._set(report_id, asked_at=None)

    def requested(self, report_id: str, amazon_report_id: str) -> None:
        if self.all[report_id].state is ReportState.INTENDED:
            self._set(
                report_id,
                state=ReportState.REQUESTED,
                amazon_report_id=amazon_report_id,
                requested_at=self.clock.now(),
            )

    def take_poll(self, report_id: str, attempt: int, *, holder: str) -> Report | None:
        report = self.all[report_id]
        if not report.is_open or report.poll_attempt not in (attempt, attempt - 1):
            return None
        if report.poll_attempt < attempt:
            raise NotYet("the poll before is not over", retry_after_s=5)
        taken = self.polls.get(report_id)
        if taken is not None and taken[0] == attempt and taken[1] > self.clock.now():
            raise NotYet("polled", retry_after_s=(taken[1] - self.clock.now()).total_seconds())
        self.polls[report_id] = (attempt, self.clock.now() + LEASE)
        return report

    def release_poll(self, report_id: str, attempt: int, *, holder: str) -> None:
        if self.polls.get(report_id, (None,))[0] == attempt:
            del self.polls[report_id]

    def poll_done(self, report_id: str, attempt: int) -> None:
        if self.all[report_id].poll_attempt == attempt:
            self._set(report_id, poll_attempt=attempt + 1)

    def ready(self, report_id: str, document_id: str) -> None:
        if self.all[report_id].state is ReportState.REQUESTED:
            self._set(report_id, state=ReportState.READY, document_id=document_id)

    def take_reading(self, report_id: str, *, holder: str, standstill: timedelta) -> set[int]:
        now = self.clock.now()
        _, until = self.readings.get(report_id, ("", now))
        if until > now:
            raise NotYet("read", retry_after_s=(until - now).total_seconds())
        self.readings[report_id] = (holder, now + LEASE)
        return {
            chunk
            for (report, chunk), at in self.under_way.items()
            if report == report_id and now - at < standstill
        }

    def chunk_published(
        self, report_id: str, chunk: int, *, holder: str, imported: set[int]
    ) -> None:
        if self.readings.get(report_id, ("",))[0] != holder:
            raise NotYet("read elsewhere", retry_after_s=LEASE.total_seconds())
        self.readings[report_id] = (holder, self.clock.now() + LEASE)
        self.under_way[report_id, chunk] = self.clock.now()
        for each in imported:
            self.under_way.pop((report_id, each), None)

    def release_reading(self, report_id: str, *, holder: str) -> None:
        if self.readings.get(report_id, ("",))[0] == holder:
            del self.readings[report_id]

    def parsed(self, report_id: str, *, rows: int, chunks: int, truncated: bool) -> None:
        if self.all[report_id].state is ReportState.READY:
            self._set(
                report_id, state=ReportState.PARSED, rows=rows, chunks=chunks, truncated=truncated
            )

    def close(self, report_id: str, state: ReportState, reason: str = "") -> None:
        if self.all[report_id].is_open:
            self._set(report_id, state=state, reason=reason, closed_at=self.clock.now())

    def close_if_accounted(self, report_id: str) -> Report | None:
        report = self.all.get(report_id)
        if report is None or report.state is not ReportState.PARSED:
            return report
        if len(self.ledger.imported(report_id)) == report.chunks:
            counted = sum(e.rows for (r, _), e in self.ledger.entries.items() if r == report_id)
            whole = counted == report.rows and not report.truncated
            self.close(report_id, ReportState.COMPLETE if whole else ReportState.INCOMPLETE)
        return self.all[report_id]

    def _set(self, report_id: str, **changes: object) -> None:
        self.all[report_id] = replace(self.all[report_id], **changes)  # type: ignore[arg-type]


@dataclass
class MemoryLedger:
    clock: Clock
    entries: dict[tuple[str, int], ChunkEntry] = field(default_factory=dict)

    def entry(self, report_id: str, chunk: int) -> ChunkEntry | None:
        return self.entries.get((report_id, chunk))

    def record(self, entry: ChunkEntry, *, kind: ReportKind) -> ChunkEntry:
        stamped = replace(entry, imported_at=self.clock.now())
        return self.entries.setdefault((entry.report_id, entry.chunk), stamped)

    def imported(self, report_id: str, chunks: Collection[int] | None = None) -> set[int]:
        found = {chunk for report, chunk in self.entries if report == report_id}
        return found if chunks is None else found & set(chunks)

    def skipped(self, account: str, order_id: str) -> set[SkipReason]:
        verdicts = [v for e in self.entries.values() if e.account == account for v in e.verdicts]
        return {v.reason for v in verdicts if v.order_id == order_id and v.reason is not None}

    def tally(self, report_id: str) -> ReportTally:
        raise NotImplementedError


@dataclass
class MemoryOrders:
    clock: Clock
    all: dict[tuple[str, str], Order] = field(default_factory=dict)

    def change(
        self, account: str, decide: Mapping[str, Decide]
    ) -> dict[str, tuple[Order | None, bool]]:
        after: dict[str, tuple[Order | None, bool]] = {}
        for order_id, ask in decide.items():
            before = self.all.get((account, order_id))
            wanted = ask(before)
            if wanted is not None:
                revision = 1 if before is None else before.revision + 1
                imported_at = self.clock.now() if before is None else before.imported_at
                wanted = replace(wanted, revision=revision, imported_at=imported_at)
                self.all[account, order_id] = wanted
            after[order_id] = (wanted or before, wanted is not None)
        return after

    def get(self, account: str, order_id: str) -> Order | None:
        return self.all.get((account, order_id))

    def without_buyers(self, account: str, order_ids: Collection[str]) -> dict[str, Order]:
        found = {each: self.all.get((account, each)) for each in order_ids}
        left_out: dict[str, Any] = {"buyer": None, "lines": (), "history": (), "outbox": ()}
        return {each: replace(order, **left_out) for each, order in found.items() if order}

    def unread_since(self, account: str, *, at_least: int) -> datetime | None:
        unread = [
            order.amazon_status_at
            for (owner, _), order in self.all.items()
            if owner == account and order.enrichment is EnrichmentState.DUE
        ]
        return min(unread) if len(unread) >= at_least else None

    def due_for_reading(self, account: str, *, before: datetime, limit: int) -> list[str]:
        due = [
            order
            for (owner, _), order in self.all.items()
            if owner == account and order.next_read_at is not None and order.next_read_at <= before
        ]
        far = datetime.max.replace(tzinfo=before.tzinfo)
        due.sort(key=lambda order: (order.ship_by or far, order.order_id))
        return [order.order_id for order in due[:limit]]
