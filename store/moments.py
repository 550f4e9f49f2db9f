"""The store's own time, in commands and in expressions.

Leases, quotas and coverage compare times of one clock, the server's; workers' clocks differ.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from store.tables import Database

NOW = "$$NOW"
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def store_now(database: Database) -> datetime:
    """Return the server's time, aware UTC."""
    at = database.command("hello", codec_options=database.codec_options)["localTime"]
    assert isinstance(at, datetime)  # noqa: S101  what hello promises
    return at


def in_seconds(seconds: float) -> dict[str, Any]:
    """Return the expression for that many seconds from now."""
    return {"$dateAdd": {"startDate": NOW, "unit": "millisecond", "amount": round(seconds * 1000)}}


def is_over(field: str) -> dict[str, Any]:
    """Return the filter for a time that has come, or was never set."""
    return {"$expr": has_come(f"${field}")}


def has_come(at: Any) -> dict[str, Any]:
    """Return the expression for a time that has come, or was never set."""
    return {"$lte": [in_ms_since_1970(at), in_ms_since_1970(NOW)]}


def in_ms_since_1970(at: Any) -> dict[str, Any]:
    """Return the expression for a time as a number; for none, of long ago.

    Times are compared as numbers because the embedded server's fallback takes a stored time and
    ``$$NOW`` for equal, whatever they are.
    """
    return {"$ifNull": [{"$toLong": at}, 0]}


def seconds_until(at: datetime | None, now: datetime) -> float:
    """Return how long it is until then; never less than a moment."""
    return max(0.05, (at - now).total_seconds()) if at else 0.05
