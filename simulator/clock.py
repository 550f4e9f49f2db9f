"""The simulator's own time: it can be advanced, sped up and frozen."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """Simulated time, in milliseconds like Amazon's, running ``speed`` times as fast as ours.

    A speed of 0 freezes it: then only ``advance`` moves it, which is what tests want.
    """

    def __init__(
        self,
        start: datetime | None = None,
        speed: float = 1.0,
        ticker: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lock = threading.Lock()
        self._ticker = ticker
        self._base = start or datetime.now(UTC)
        self._since = ticker()
        self.speed = speed

    def now(self) -> datetime:
        """Return the simulated time, aware UTC."""
        with self._lock:
            return _whole_ms(self._read())

    def advance(self, seconds: float) -> datetime:
        """Let ``seconds`` of simulated time pass at once."""
        with self._lock:
            self._base = self._read() + timedelta(seconds=seconds)
            self._since = self._ticker()
            return _whole_ms(self._base)

    def set_speed(self, speed: float) -> None:
        """Run ``speed`` times as fast from now on; time never jumps by it."""
        with self._lock:
            self._base, self._since = self._read(), self._ticker()
            self.speed = speed

    def _read(self) -> datetime:
        return self._base + timedelta(seconds=(self._ticker() - self._since) * self.speed)


def _whole_ms(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def iso(moment: datetime) -> str:
    """Write a time as the APIs do: ``2026-11-22T14:03:11.000Z``."""
    return (
        moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
    )


def parse_iso(text: str) -> datetime:
    """Read ISO 8601; a time without a zone is UTC.

    Raises:
        ValueError: it is not a time.
    """
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
