"""The sweepers: what stands still for too long is announced again.  A job of the scheduler.

They heal whatever was lost on the way, a deleted queue included, because every unfinished thing
is known to the store.  They touch only what is overdue, wait twice as long each time it did not
help, do at most 500 a pass, and hold back while the stage concerned has a backlog: then the thing
is late, not lost.  docs/sweeps.md is drawn from the table.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from dramatiq.errors import BrokerError

from actors.ports import Reports
from domain.errors import Transient
from domain.feeds import Feed, FeedState
from domain.messages import Event, TrackingEntered
from domain.reports import Report, ReportState
from domain.sweeping import StillBook, Watch

log = structlog.get_logger(__name__)

LIMIT = 500
BACKLOG = 100
"""Messages waiting for a stage from which on it counts as late."""


class SweepStore(Protocol):
    """What is unfinished, and for how long (store).  Times are the store's."""

    def now(self) -> datetime:
        """Return the store's time."""
        ...

    def watch(self, key: str, progress: str, max_age: timedelta) -> Watch:
        """Return for how long something has been standing at this point."""
        ...

    def watches(self, progress: Mapping[str, str], max_age: timedelta) -> Mapping[str, Watch]:
        """Return the same of many: the watches by key, given the points by key."""
        ...

    def announced(self, key: str, watch: Watch, max_age: timedelta) -> None:
        """It was announced once more."""
        ...

    def open_reports(self, state: ReportState, *, limit: int) -> Sequence[tuple[Report, int]]:
        """Return open reports in a state, each with its chunks in the ledger."""
        ...

    def reopen(self, report_id: str) -> None:
        """Let a parsed report be read again for the chunks that are missing."""
        ...

    def abandoned_imports(self, *, older_than: timedelta, limit: int) -> Sequence[Report]:
        """Return imports of files that were begun and left."""
        ...

    def pass_wanted(self, account: str) -> str | None:
        """Return how far the account's pass is, if one is wanted and none runs."""
        ...

    def reading_due(self, account: str, *, since: timedelta) -> str | None:
        """Return how far the account's pass is, if orders have been due that long."""
        ...

    def feeds_in(self, states: Collection[FeedState], *, limit: int) -> Sequence[Feed]:
        """Return feeds that somebody should be working on: neither dry nor held, nothing owed."""
        ...

    def feeds_owing(self, *, limit: int) -> Sequence[Feed]:
        """Return feeds whose members have not taken their outcome."""
        ...


class UnrecordedEntries(Protocol):
    """Tracking entries that did not arrive in the flow, or not in their order's book (store)."""

    def unrecorded(self, *, limit: int) -> Sequence[tuple[TrackingEntered, int]]:
        """Return those overdue in the flow, and how often each was announced again."""
        ...

    def untaken(self, *, limit: int) -> Sequence[tuple[TrackingEntered, int]]:
        """Return those recorded and overdue in their order's book."""
        ...

    def announced(self, entry: TrackingEntered, *, times: int, again_at: datetime) -> None:
        """It was announced once more."""
        ...


class UnsettledShipments(Protocol):
    """Shipments that stand still although they need not (store).

    All of them: only the watches tell which are overdue.
    """

    def joinable(self, *, older_than: timedelta) -> Sequence[StillBook]:
        """Return books with shipments that wait for what is there by now."""
        ...

    def waiting(self, *, older_than: timedelta) -> Sequence[StillBook]:
        """Return books with shipments that wait for an order that is known."""
        ...

    def unseen(self, *, older_than: timedelta) -> Sequence[StillBook]:
        """Return books with shipments accepted that long ago of which nothing is known since."""
        ...

    def refused_with(self, codes: Collection[str]) -> Sequence[StillBook]:
        """Return books with shipments Amazon refused with one of these codes."""
        ...

    def due_without_feed(self, account: str) -> str | None:
        """Return the last feed of an account that has something due and no feed open."""
        ...

    def left_in(self, *, unverified: bool) -> Sequence[Feed]:
        """Return feeds that are over, or unverified, and have shipments in them."""
        ...

    def in_feed(self, account: str, feed: str) -> Sequence[StillBook]:
        """Return books with shipments in a feed."""
        ...


@dataclass(frozen=True, slots=True)
class SweepPorts:
    """What the sweepers need."""

    store: SweepStore
    reports: Reports
    tracking: UnrecordedEntries
    shipments: UnsettledShipments
    accounts: Iterable[str]
    publish: Callable[[Event], None]
    queue_depth: Callable[[str], int]
    """Messages waiting for a stage."""
    drain_dead_letters: Callable[[], int]
    """Moves what the broker gave up on into the quarantine; returns how many."""
    tell_outbox: Callable[[timedelta], int]
    """Tells other systems what has been waiting that long; returns how many facts."""
    transient_codes: frozenset[str] = frozenset()
    """Amazon's error codes that heal by themselves."""
    answers: Callable[[], bool] = lambda: True
    """Whether RabbitMQ takes messages at all; told within seconds."""


Run = Callable[[SweepPorts, timedelta], int]


@dataclass(frozen=True, slots=True)
class Sweep:
    """One row of the table."""

    state: str
    """What is looked at."""
    max_age: timedelta
    remedy: str
    alarm: str
    """Fires when the remedy does not help."""
    stage: str = ""
    """Held back while this stage has a backlog."""
    run: Run | None = None
    """Sees to what is overdue and returns how many; None: somebody else does it all the time."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What a pass of one sweep came to."""

    sweep: Sweep
    count: int
    held_back: bool = False


def sweep_all(
    ports: SweepPorts, sweeps: Sequence[Sweep], keep: Callable[[], None] = lambda: None
) -> tuple[Swept, ...]:
    """Run every sweep once.  ``keep`` is called between them, to keep the scheduler's claim.

    Raises:
        Unavailable, BrokerError: a sweep could not be done, the others were; or store or broker
            are away, and the pass ended there.
    """
    done: list[Swept] = []
    failed: dict[str, Exception] = {}
    for sweep in sweeps:
        keep()
        if sweep.run is None:
            continue
        try:
            done.append(_swept(ports, sweep, sweep.run))
        except (Transient, BrokerError) as exc:
            _raise_if_away(ports, exc)
            # One queue that takes nothing must not keep the others from healing.
            log.warning("sweep_waits", state=sweep.state, reason=type(exc).__name__)
            failed[sweep.state] = exc
        except Exception:
            # Nor must a defect in one sweep.
            log.exception("sweep_failed", state=sweep.state)
    found = {each.sweep.state: each.count for each in done if each.count}
    held = [each.sweep.state for each in done if each.held_back]
    log.info("swept", **found, held_back=held, waiting=list(failed))
    for failure in failed.values():
        raise failure
    return tuple(done)


def _swept(ports: SweepPorts, sweep: Sweep, run: Run) -> Swept:
    if sweep.stage and ports.queue_depth(sweep.stage) > BACKLOG:
        return Swept(sweep, 0, held_back=True)
    return Swept(sweep, run(ports, sweep.max_age))


def _raise_if_away(ports: SweepPorts, exc: Exception) -> None:
    """Raise what a sweep raised if the others would raise it, too, each after a long wait."""
    ports.store.now()
    if not ports.answers():
        raise exc
