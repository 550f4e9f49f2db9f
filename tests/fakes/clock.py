"""Time that stands still until a test moves it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 23, 12, tzinfo=UTC)


class FakeClock:
    """A clock (``actors.ports.Clock``) whose ``pause`` takes no time but moves ``now``."""

    def __init__(self, now: datetime = START) -> None:
        assert now.tzinfo is not None, "every time is aware UTC"
        self._now = now
        self.pauses: list[float] = []

    def now(self) -> datetime:
        """Return the time."""
        return self._now

    def pause(self, seconds: float) -> None:
        """Let time pass, and remember for how long."""
        self.pauses.append(seconds)
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move on without anybody having waited."""
        self._now += timedelta(seconds=seconds)
