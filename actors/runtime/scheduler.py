"""The scheduler: announces what the clock says is due.  A process of its own; any number may run.

Every second it looks which slots (``domain.schedule``) have begun.  A slot is claimed in the store,
announced, and said to be announced; dying in between leaves it to whoever comes a minute later.
Two schedulers that announce the same slot announce the same fact, with the same message id.

A job that cannot be done costs no other its turn and is tried again soon.  Without RabbitMQ only
what needs nothing but the store is done, and without the store nothing.
"""

from __future__ import annotations

import os
import socket
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Event as Flag
from typing import Protocol
from uuid import uuid4

import structlog
from dramatiq.errors import BrokerError

from actors.runtime.ticks import NEED_ONLY_THE_STORE, TICKS
from domain.errors import Permanent, Transient
from domain.messages import Event
from domain.schedule import Claim, Job, JobKind, SlotRecord, due_slot

log = structlog.get_logger(__name__)

TICK_S = 1.0
AFTER_OUTAGE_S = 5.0
REFUSED_ENOUGH = 3
"""Jobs of one kind go to the same queues: after so many refusals in a pass the others wait, too.
With many accounts the trouble of one queue would take minutes of every pass."""
BY_HAND = "by hand"

KeepClaim = Callable[[], None]
Chore = Callable[[KeepClaim], None]
"""Work done in the scheduler itself; it calls what it is given at least every half minute, so that
no other scheduler takes its slot over."""


class Slots(Protocol):
    """Slots of all jobs (store).  All times are the store's; Unavailable when out of reach."""

    def now(self) -> datetime:
        """Return the store's time."""
        ...

    def claim(self, job_key: str, slot: datetime, *, holder: str) -> Claim:
        """Claim a slot, or take over an old claim that was never announced."""
        ...

    def announced(self, job_key: str, slot: datetime) -> None:
        """The slot is announced."""
        ...

    def last(self, job_keys: Collection[str]) -> Mapping[str, SlotRecord]:
        """Return the newest slot of each job."""
        ...


@dataclass(frozen=True, slots=True)
class SchedulerPorts:
    """What the scheduler needs.  A job without a tick needs a chore."""

    slots: Slots
    publish: Callable[[Event], None]
    jobs: tuple[Job, ...]
    chores: Mapping[JobKind, Chore]
    unheard: tuple[JobKind, ...] = ()
    """Jobs with a cadence that no stage works on yet; they are shown and never announced."""
    answers: Callable[[], bool] = lambda: True
    """Whether RabbitMQ takes messages at all; told within seconds."""


@dataclass(frozen=True, slots=True)
class JobStatus:
    """What ``schedule list`` shows of a job."""

    job: Job
    last: SlotRecord | None
    """None: it never ran."""
    next_at: datetime


class UnknownJob(Permanent):
    """There is no scheduled job of this name."""


class Scheduler:
    """One scheduler among any number."""

    def __init__(self, ports: SchedulerPorts, *, holder: str | None = None) -> None:
        self._ports = ports
        self._holder = holder or f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
        self._announced: dict[str, datetime] = {}
        self._broker_doubted = self._broker_away = False

    def tick(self, *, stop: Flag | None = None) -> bool:
        """Announce every slot that has begun; return False when some are to be tried again soon."""
        self._broker_doubted, self._broker_away = self._broker_doubted or self._broker_away, False
        waiting: list[str] = []
        refused = Counter[JobKind]()
        try:
            now = self._ports.slots.now()
            for job in self._ports.jobs:
                slot = due_slot(self._announced.get(job.key), now, job)
                if slot is None or (stop and stop.is_set()):
                    continue
                if refused[job.kind] >= REFUSED_ENOUGH or not self._settle(job, slot):
                    refused[job.kind] += 1
                    waiting.append(job.key)
        except Transient as outage:
            log.warning("schedule_waits", reason=type(outage).__name__)
            return False
        if waiting:
            log.warning("jobs_wait", count=len(waiting), first=waiting[0])
        return not waiting

    def _settle(self, job: Job, slot: datetime) -> bool:
        """Return whether the slot is seen to; False: it is to be tried again.

        Raises:
            Unavailable: the store is away.
        """
        if job.kind not in NEED_ONLY_THE_STORE and self._broker_is_away():
            return False
        claim = self._ports.slots.claim(job.key, slot, holder=self._holder)
        if claim is Claim.THEIRS:
            return True
        if claim is Claim.OURS:
            try:
                _do(self._ports, job, slot, holder=self._holder)
            except (Transient, BrokerError) as exc:
                # Whether it is one queue's trouble, RabbitMQ's or the store's, the next one tells.
                log.warning("job_waits", job=job.key, reason=type(exc).__name__)
                self._broker_doubted = True
                return False
            except Exception:
                # A defect costs this job this slot, not the other jobs theirs.
                log.exception("job_failed", job=job.key, slot=slot.isoformat())
        self._announced[job.key] = slot
        return True

    def _broker_is_away(self) -> bool:
        """Ask whether RabbitMQ is there, but only after something failed, until it is not.

        Trying to publish would take minutes, for every job of every pass.
        """
        if self._broker_doubted and not self._broker_away:
            self._broker_doubted, self._broker_away = False, not self._ports.answers()
        return self._broker_away


def main_loop(ports: SchedulerPorts, stop: Flag) -> None:
    """Run a scheduler until ``stop`` is set; what is being announced is finished first."""
    scheduler = Scheduler(ports)
    log.info("scheduler_started", jobs=[job.key for job in ports.jobs])
    while not stop.is_set():
        went_well = scheduler.tick(stop=stop)
        stop.wait(TICK_S if went_well else AFTER_OUTAGE_S)
    log.info("scheduler_stopped")


def schedule_list(ports: SchedulerPorts) -> tuple[JobStatus, ...]:
    """Return what is scheduled, with the last slot and the next of each job.

    Raises:
        Unavailable: the store cannot be reached.
    """
    now = ports.slots.now()
    last = ports.slots.last([job.key for job in ports.jobs])
    return tuple(JobStatus(job, last.get(job.key), job.next_slot(now)) for job in ports.jobs)


def run_now(ports: SchedulerPorts, job_key: str) -> datetime:
    """Do a job now, out of turn; return the slot it counts as.

    Raises:
        UnknownJob: no such job is scheduled; the text names those that are.
        Unavailable, BrokerError: store or broker are away; nothing was announced.
    """
    known = {job.key: job for job in ports.jobs}
    if job_key not in known:
        raise UnknownJob(f"no job {job_key!r} is scheduled: use one of {', '.join(sorted(known))}")
    slot = ports.slots.now()
    ports.slots.claim(job_key, slot, holder=BY_HAND)
    _do(ports, known[job_key], slot, holder=BY_HAND)
    return slot


def _do(ports: SchedulerPorts, job: Job, slot: datetime, *, holder: str) -> None:
    tick = TICKS.get(job.kind)
    if tick is not None:
        ports.publish(tick.announces(job, slot))
    else:
        ports.chores[job.kind](lambda: _keep(ports.slots, job, slot, holder))
    ports.slots.announced(job.key, slot)
    log.info("slot_announced", job=job.key, slot=slot.isoformat())


def _keep(slots: Slots, job: Job, slot: datetime, holder: str) -> None:
    slots.claim(job.key, slot, holder=holder)
