"""What the sweepers ask for, in memory, over the memory ports of orders in."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from domain.feeds import Feed, FeedState
from domain.messages import TrackingEntered
from domain.reports import Report, ReportState
from domain.sweeping import StillBook, Watch, announced, seen
from tests.fakes.clock import FakeClock
from tests.fakes.memory_passes import MemoryPasses
from tests.fakes.memory_ports import MemoryOrders, MemoryReports
from tests.fakes.tracking_ports import MemoryInbox


@dataclass
class MemorySweeps:
    clock: FakeClock
    reports: MemoryReports
    orders: MemoryOrders
    passes: MemoryPasses
    kept: dict[str, Watch] = field(default_factory=dict)
    feeds: list[Feed] = field(default_factory=list)

    def now(self) -> datetime:
        return self.clock.now()

    def watch(self, key: str, progress: str, max_age: timedelta) -> Watch:
        return self.watches({key: progress}, max_age)[key]

    def watches(self, progress: Mapping[str, str], max_age: timedelta) -> Mapping[str, Watch]:
        now = self.clock.now()
        looked_at = {
            key: seen(self.kept.get(key), point, now, max_age) for key, point in progress.items()
        }
        self.kept |= looked_at
        return looked_at

    def announced(self, key: str, watch: Watch, max_age: timedelta) -> None:
        self.kept[key] = announced(watch, self.clock.now(), max_age)

    def open_reports(self, state: ReportState, *, limit: int) -> Sequence[tuple[Report, int]]:
        ledger = self.reports.ledger
        found = [report for report in self.reports.all.values() if report.state is state]
        return [(report, len(ledger.imported(report.report_id))) for report in found[:limit]]

    def reopen(self, report_id: str) -> None:
        report = self.reports.all[report_id]
        if report.state is ReportState.PARSED:
            self.reports.all[report_id] = replace(report, state=ReportState.READY)

    def abandoned_imports(self, *, older_than: timedelta, limit: int) -> Sequence[Report]:
        begun = self.clock.now() - older_than
        return [
            report
            for report in self.reports.all.values()
            if report.source == "file"
            and report.is_open
            and report.created_at is not None
            and report.created_at <= begun
        ][:limit]

    def pass_wanted(self, account: str) -> str | None:
        state = self.passes.all.get(account)
        if state is None or (state.until is not None and state.until > self.clock.now()):
            return None
        uncovered = state.wanted_at is not None and (
            state.covered is None or state.covered < state.wanted_at
        )
        return self._progress(account) if uncovered or state.run is not None else None

    def reading_due(self, account: str, *, since: timedelta) -> str | None:
        before = self.clock.now() - since
        due = self.orders.due_for_reading(account, before=before, limit=1)
        return self._progress(account) if due else None

    def feeds_in(self, states: Collection[FeedState], *, limit: int) -> Sequence[Feed]:
        return [each for each in self.feeds if each.state in states and each.owed is None][:limit]

    def feeds_owing(self, *, limit: int) -> Sequence[Feed]:
        return [each for each in self.feeds if each.owed is not None][:limit]

    def _progress(self, account: str) -> str:
        state = self.passes.all.get(account)
        return "never" if state is None else f"{state.covered} {state.until} {state.run}"


@dataclass
class MemoryUnrecorded:
    """The inbox as the sweepers see it: what is overdue in the flow, and in its order's book."""

    inbox: MemoryInbox
    clock: FakeClock
    next_at: dict[tuple[bool, str], tuple[int, datetime]] = field(default_factory=dict)

    def unrecorded(self, *, limit: int) -> Sequence[tuple[TrackingEntered, int]]:
        return self._overdue(self.inbox.unrecorded())[:limit]

    def untaken(self, *, limit: int) -> Sequence[tuple[TrackingEntered, int]]:
        return self._overdue(self.inbox.untaken())[:limit]

    def announced(self, entry: TrackingEntered, *, times: int, again_at: datetime) -> None:
        self.next_at[self._key(entry)] = (times + 1, again_at)

    def _overdue(self, entries: Sequence[TrackingEntered]) -> list[tuple[TrackingEntered, int]]:
        waiting = [(entry, *self._state(entry)) for entry in entries]
        return [(entry, times) for entry, times, at in waiting if at <= self.clock.now()]

    def _state(self, entry: TrackingEntered) -> tuple[int, datetime]:
        arrived = (0, entry.entered_at + timedelta(minutes=10))
        return self.next_at.setdefault(self._key(entry), arrived)

    def _key(self, entry: TrackingEntered) -> tuple[bool, str]:
        is_recorded = (entry.account, entry.source_event_id) in self.inbox.recorded
        return is_recorded, entry.source_event_id


@dataclass
class MemoryUnsettled:
    """Shipments as the sweepers see them: what each question finds."""

    found: dict[str, list[StillBook]] = field(default_factory=dict)
    feeds: list[Feed] = field(default_factory=list)
    due: str | None = None

    def joinable(self, *, older_than: timedelta) -> Sequence[StillBook]:
        return self._found("joinable")

    def waiting(self, *, older_than: timedelta) -> Sequence[StillBook]:
        return self._found("waiting")

    def unseen(self, *, older_than: timedelta) -> Sequence[StillBook]:
        return self._found("unseen")

    def refused_with(self, codes: Collection[str]) -> Sequence[StillBook]:
        return self._found("refused")

    def due_without_feed(self, account: str) -> str | None:
        return self.due

    def left_in(self, *, unverified: bool) -> Sequence[Feed]:
        return [f for f in self.feeds if (f.state is FeedState.UNVERIFIED) == unverified]

    def in_feed(self, account: str, feed: str) -> Sequence[StillBook]:
        return self._found(feed)

    def _found(self, question: str) -> Sequence[StillBook]:
        return self.found.get(question, [])
