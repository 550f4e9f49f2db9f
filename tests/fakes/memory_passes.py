"""The turns of enrichment passes in memory, for unit tests of stages: same promises, one thread."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from actors.ports import Clock
from domain.enrichment_pass import Busy, Covered, Run, Turn

LEASE = timedelta(seconds=150)


@dataclass
class _Pass:
    wanted_at: datetime | None = None
    covered: datetime | None = None
    watermark: datetime | None = None
    run: Run | None = None
    seen_before: datetime | None = None
    holder: str = ""
    until: datetime | None = None
    put_off: bool = False


@dataclass
class MemoryPasses:
    clock: Clock
    all: dict[str, _Pass] = field(default_factory=dict)

    def take(
        self,
        account: str,
        *,
        holder: str,
        wanted_at: datetime,
        reach_back_to: datetime | None = None,
    ) -> Turn:
        state, now = self.all.setdefault(account, _Pass()), self.clock.now()
        state.wanted_at = max(wanted_at, state.wanted_at or wanted_at)
        if state.until is not None and state.until > now and not self._is_back(state, holder):
            if state.holder == holder:
                return Busy((state.until - now).total_seconds())
            return Covered()
        if state.run is None:
            if state.covered is not None and state.covered > state.wanted_at:
                return Covered()
            self.clock.pause(0.001)  # the store's time never stands still
            now = self.clock.now()
            since = (state.watermark or now - timedelta(days=3)) - timedelta(minutes=10)
            if reach_back_to is not None:
                since = min(since, reach_back_to - timedelta(minutes=10))
            state.run = Run(started_at=now, updated_after=since, page_token=None)
        state.holder, state.until, state.put_off = holder, now + LEASE, False
        return state.run

    def _is_back(self, state: _Pass, holder: str) -> bool:
        assert state.until is not None
        return state.put_off and state.holder == holder and state.until - LEASE <= self.clock.now()

    def page_stored(
        self,
        account: str,
        *,
        holder: str,
        next_token: str | None,
        last_updated_before: datetime | None,
    ) -> bool:
        state = self.all[account]
        if state.holder != holder or state.run is None:
            return False
        state.run = replace(state.run, page_token=next_token, searched=next_token is None)
        state.seen_before = last_updated_before
        return self.renew(account, holder=holder)

    def restart_search(self, account: str, *, holder: str) -> None:
        state = self.all[account]
        assert state.run is not None
        state.run = replace(state.run, page_token=None)

    def renew(self, account: str, *, holder: str) -> bool:
        self.all[account].until = self.clock.now() + LEASE
        return self.all[account].holder == holder

    def is_wanted_after(self, account: str, started_at: datetime) -> bool:
        wanted_at = self.all[account].wanted_at
        return wanted_at is not None and wanted_at > started_at

    def put_off(self, account: str, *, holder: str, seconds: float) -> None:
        state = self.all[account]
        if state.holder == holder:
            state.put_off = True
            state.until = self.clock.now() + timedelta(seconds=seconds) + LEASE

    def finish(self, account: str, *, holder: str) -> None:
        state = self.all[account]
        if state.holder == holder and state.run is not None:
            state.covered = state.run.started_at
            state.watermark = state.seen_before or state.run.started_at
            state.run, state.holder, state.until = None, "", None
