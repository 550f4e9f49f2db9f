"""The outbox in memory, and somebody who is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from domain.outbox import Unsent


@dataclass
class MemoryOutbox:
    """``ages`` makes the facts of some documents older than nothing."""

    waiting: list[Unsent] = field(default_factory=list)
    ages: dict[str, timedelta] = field(default_factory=dict)
    raises: list[Exception] = field(default_factory=list)
    """Raised by the next calls of ``clear``, one each."""

    def unsent(self, *, limit: int, older_than: timedelta = timedelta()) -> list[Unsent]:
        old = [one for one in self.waiting if self.ages.get(one.key, timedelta()) >= older_than]
        keys = list(dict.fromkeys(one.key for one in old))[:limit]
        return [one for one in old if one.key in keys]

    def clear(self, sent: Unsent) -> None:
        if self.raises:
            raise self.raises.pop(0)
        self.waiting = [one for one in self.waiting if one != sent]
