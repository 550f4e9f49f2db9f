"""Which span of order dates a report asks for.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

LOOKBACK = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class ImportWindow:
    """Order dates from ``start`` to ``end``, whole seconds, at most 30 days apart.

    ``gap`` says that the outage was longer: orders placed before ``start`` may be missing.
    """

    start: datetime
    end: datetime
    gap: bool


def import_window(
    now: datetime, proven_until: datetime | None, lookback: timedelta = LOOKBACK
) -> ImportWindow:
    """Return the window of the next report.

    ``proven_until`` is the data end of the last report that is proven complete; None: never one.
    """
    raise NotImplementedError
