"""What the scheduler asks for, in memory: same promises as the store's, one thread."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from domain.messages import Event
from domain.schedule import Claim, SlotRecord
from tests.fakes.clock import FakeClock


@dataclass
class MemorySlots:
    clock: FakeClock
    all: dict[tuple[str, datetime], SlotRecord] = field(default_factory=dict)
    raises: list[Exception] = field(default_factory=list)
    """Raised by the next calls of ``announced``, one each."""

    def now(self) -> datetime:
        return self.clock.now()

    def claim(self, job_key: str, slot: datetime, *, holder: str) -> Claim:
        found = self.all.get((job_key, slot))
        now = self.clock.now()
        if found is not None and found.announced_at is not None:
            return Claim.DONE
        fresh = found is not None and found.claimed_at > now - timedelta(minutes=1)
        if found is not None and fresh and found.holder != holder:
            return Claim.THEIRS
        self.all[job_key, slot] = SlotRecord(job_key, slot, holder, now, None)
        return Claim.OURS

    def announced(self, job_key: str, slot: datetime) -> None:
        if self.raises:
            raise self.raises.pop(0)
        record = self.all[job_key, slot]
        self.all[job_key, slot] = replace(record, announced_at=self.clock.now())

    def last(self, job_keys: Collection[str]) -> dict[str, SlotRecord]:
        newest: dict[str, SlotRecord] = {}
        for (key, _), record in sorted(self.all.items()):
            if key in job_keys:
                newest[key] = record
        return newest


@dataclass
class Published:
    """A publisher that remembers; ``raises`` holds what the next calls raise, one each."""

    events: list[Event] = field(default_factory=list)
    raises: list[Exception] = field(default_factory=list)

    def __call__(self, event: Event) -> None:
        if self.raises:
            raise self.raises.pop(0)
        self.events.append(event)
