"""The sweeps of tracking entries: rows of the table in ``actors.runtime.sweeps``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from actors.runtime.sweepers import LIMIT, Sweep, SweepPorts
from domain.messages import Event, TrackingEntered
from domain.shipments import recorded_fact
from domain.sweeping import interval


def _unrecorded(ports: SweepPorts, max_age: timedelta) -> int:
    return _told_again(ports, ports.tracking.unrecorded(limit=LIMIT), _same, max_age)


def _untaken(ports: SweepPorts, max_age: timedelta) -> int:
    return _told_again(ports, ports.tracking.untaken(limit=LIMIT), recorded_fact, max_age)


def _same(entry: TrackingEntered) -> TrackingEntered:
    return entry


def _told_again(
    ports: SweepPorts,
    overdue: Sequence[tuple[TrackingEntered, int]],
    fact: Callable[[TrackingEntered], Event],
    max_age: timedelta,
) -> int:
    for entry, times in overdue:
        ports.publish(fact(entry))
        again_at = ports.store.now() + interval(max_age, times + 1)
        ports.tracking.announced(entry, times=times, again_at=again_at)
    return len(overdue)


TRACKING_SWEEPS: tuple[Sweep, ...] = (
    Sweep(
        "tracking entry: received, not recorded",
        timedelta(minutes=10),
        "TrackingEntered again",
        "TrackingNotRecorded",
        "record_tracking",
        _unrecorded,
    ),
    Sweep(
        "tracking entry: recorded, not in its order's book",
        timedelta(minutes=10),
        "ShipmentRecorded again",
        "TrackingNotTakenIn",
        "resolve_shipments",
        _untaken,
    ),
)
