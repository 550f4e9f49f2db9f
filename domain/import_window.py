"""Which span of order dates a report asks for.  Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

LOOKBACK = timedelta(days=3)
"""Guide: a report of all orders placed in the last three days."""
OVERLAP = timedelta(minutes=30)
"""Order reports lag up to half an hour behind.  Source: SP-API report type values, order."""
LONGEST = timedelta(days=30)
"""Beyond it Amazon answers with a text instead of a report.  Source: as above, field reports."""


@dataclass(frozen=True, slots=True)
class ImportWindow:
    """Order dates from ``start`` to ``end``, whole seconds, at most 30 days apart.

    ``gap`` says that the outage was longer: orders placed before ``start`` may be missing.
    """

    start: datetime
    end: datetime
    gap: bool


def reaching(window: ImportWindow, days: int | None) -> ImportWindow:
    """Return the window reaching back so many days at least, as far as Amazon lets it."""
    wanted = window.end - min(timedelta(days=days or 0), LONGEST)
    return replace(window, start=min(window.start, wanted))


def import_window(
    now: datetime, proven_until: datetime | None, lookback: timedelta = LOOKBACK
) -> ImportWindow:
    """Return the window of the next report.

    It reaches back ``lookback``, and further after an outage: to ``proven_until``, the data end
    of the last report that is proven complete (None: never one), with an overlap.
    """
    end = now.replace(microsecond=0)
    wanted = end - lookback
    if proven_until is not None:
        wanted = min(wanted, proven_until.replace(microsecond=0) - OVERLAP)
    earliest = end - LONGEST
    return ImportWindow(start=max(wanted, earliest), end=end, gap=wanted < earliest)
