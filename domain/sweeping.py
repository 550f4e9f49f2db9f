"""When something stands still for too long, and when it is looked after again.  Pure.

What a sweep looks at tells its *progress* in a word.  While the word changes, something moves.
Standing still for the maximum age makes it overdue; each time that did not help, the next look
after it is twice as far away.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

LONGEST = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Watch:
    """What is known of the standstill of one thing."""

    progress: str
    since: datetime
    """When it was first seen at this point."""
    next_at: datetime
    """Overdue from then on."""
    times: int = 0
    """How often it was announced again at this point."""

    def is_overdue(self, now: datetime) -> bool:
        """Whether it is time to announce it again."""
        return now >= self.next_at


@dataclass(frozen=True, slots=True)
class StillBook:
    """A book of shipments that stands still: whose it is, and how often it was changed so far."""

    account: str
    order_id: str
    revision: int


def seen(watch: Watch | None, progress: str, now: datetime, max_age: timedelta) -> Watch:
    """Return the watch after a look: a new one if something has moved."""
    if watch is not None and watch.progress == progress:
        return watch
    return Watch(progress=progress, since=now, next_at=now + max_age)


def announced(watch: Watch, now: datetime, max_age: timedelta) -> Watch:
    """Return the watch after the thing was announced once more."""
    times = watch.times + 1
    return replace(watch, times=times, next_at=now + interval(max_age, times))


def interval(max_age: timedelta, times: int) -> timedelta:
    """Return how long to wait after the ``times``-th announcement: doubled each, at most a day."""
    return min(max_age * (1 << min(times, 16)), LONGEST)
