"""Time that passes for the store, too: what its clock is compared with grows older.

The store's clock is the server's and cannot be moved.  Moving the times it is compared with the
other way is the same to every query and every guarded update that compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from store.tables import Database
from tests.fakes.tracking_system import TrackingSystem

COMPARED: Mapping[str, tuple[str, ...]] = {
    "quotas": ("tat", "suspended_until"),
    "passes": ("lease_until", "back_at"),
    "reports": ("asking_until", "poll_until"),
    "feeds": ("sending_until", "poll_until", "documented_at", "attempt_at", "submitted_at"),
}
"""Appointments and claims, and how old a feed's steps are."""


def let_the_store_age(system: TrackingSystem) -> None:
    """Let every jump of the system's clock be one of the store's as well."""
    system.clock.moved.append(lambda seconds: grow_older(system.app.store.database, seconds))


def at(system: TrackingSystem, moment: datetime, act: Callable[[], object]) -> None:
    """Do something once, as soon as it is this late."""
    waiting = [act]

    def look(_seconds: float) -> None:
        if waiting and system.clock.now() >= moment:
            waiting.pop()()

    system.clock.moved.append(look)


def grow_older(database: Database, seconds: float) -> None:
    """Move every time that is compared with the store's back by so much."""
    ms = round(seconds * 1000)
    for name, fields in COMPARED.items():
        for field in fields:
            before = {
                "$dateSubtract": {"startDate": f"${field}", "unit": "millisecond", "amount": ms}
            }
            database[name].update_many({field: {"$type": "date"}}, [{"$set": {field: before}}])
