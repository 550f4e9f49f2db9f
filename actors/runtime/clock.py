"""The wall clock, behind the port."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class SystemClock:
    """This machine's time, aware UTC."""

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC)

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        time.sleep(seconds)
