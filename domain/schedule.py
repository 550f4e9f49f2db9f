"""When which job is due.  Pure.

Time is cut into *slots* of one cadence each.  A slot has the same start for everybody who
computes it, so it can be claimed once; a job that slept through several slots owes only the one
it is in now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
"""Where the slots are counted from.  A change of it would shift every slot."""


class JobKind(StrEnum):
    """The work that comes back by the clock."""

    ORDER_REPORT = "order_report"
    ORDER_REFRESH = "order_refresh"
    FULFILLMENT = "fulfillment"
    INVENTORY_SYNC = "inventory_sync"
    OPEN_LISTINGS = "open_listings"
    SWEEPERS = "sweepers"
    PRIVACY = "privacy"


CADENCES: Mapping[JobKind, timedelta] = {
    JobKind.ORDER_REPORT: timedelta(minutes=30),
    JobKind.ORDER_REFRESH: timedelta(minutes=30),
    JobKind.FULFILLMENT: timedelta(minutes=20),
    JobKind.INVENTORY_SYNC: timedelta(minutes=60),
    JobKind.OPEN_LISTINGS: timedelta(hours=24),
    JobKind.SWEEPERS: timedelta(minutes=5),
    JobKind.PRIVACY: timedelta(hours=24),
}
"""How often each runs unless the settings say otherwise."""

PER_MARKETPLACE = frozenset({JobKind.ORDER_REPORT, JobKind.OPEN_LISTINGS})
"""Reports are asked for one marketplace at a time."""
ONCE = frozenset({JobKind.SWEEPERS, JobKind.PRIVACY})
"""One job for the whole installation; the others are one per account."""


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of work for one account (and marketplace), or for the installation."""

    kind: JobKind
    cadence: timedelta
    account: str = ""
    marketplace: str = ""

    @property
    def key(self) -> str:
        """The job's name, e.g. ``order_report/demo/ATVPDKIKX0DER``."""
        return "/".join(part for part in (self.kind, self.account, self.marketplace) if part)

    @property
    def offset(self) -> timedelta:
        """How far its slots are shifted, so that the accounts do not all start at once."""
        return offset_of(self.key, self.cadence)

    def slot(self, now: datetime) -> datetime:
        """Return the start of the slot ``now`` lies in."""
        return slot_of(now, self.cadence, self.offset)

    def next_slot(self, now: datetime) -> datetime:
        """Return the start of the slot after the one ``now`` lies in."""
        return self.slot(now) + self.cadence


def slot_of(now: datetime, cadence: timedelta, offset: timedelta = timedelta()) -> datetime:
    """Return the start of the slot ``now`` lies in: the latest start that is not after it.

    Raises:
        ValueError: the cadence is not a positive time.
    """
    if cadence <= timedelta():
        raise ValueError(f"a cadence is a positive time, not {cadence}")
    first = EPOCH + offset % cadence
    return first + (now - first) // cadence * cadence


def due_slot(last_announced: datetime | None, now: datetime, job: Job) -> datetime | None:
    """Return the slot to announce now, or None.

    Whatever was missed coalesces into the slot ``now`` lies in.  Asking for *another* slot than
    the last one, not a later one, keeps a clock that once jumped ahead from silencing the job.
    """
    slot = job.slot(now)
    return None if slot == last_announced else slot


def offset_of(key: str, cadence: timedelta) -> timedelta:
    """Return the job's share of the cadence, in whole seconds, the same on every machine.

    A hash and not a rank: an account that joins or leaves moves no other account's slots.
    """
    seconds = max(int(cadence.total_seconds()), 1)
    draw = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])
    return timedelta(seconds=draw % seconds)


def jobs_for(
    kinds: Iterable[JobKind],
    accounts: Mapping[str, Iterable[str]],
    cadences: Mapping[JobKind, timedelta] = CADENCES,
) -> tuple[Job, ...]:
    """Return the jobs of these kinds.

    ``accounts`` maps an account's name to its marketplaces; ``cadences`` may leave kinds out.
    """
    jobs: list[Job] = []
    for kind in kinds:
        cadence = cadences.get(kind, CADENCES[kind])
        if kind in ONCE:
            jobs.append(Job(kind, cadence))
            continue
        for account, marketplaces in accounts.items():
            places = marketplaces if kind in PER_MARKETPLACE else ("",)
            jobs += [Job(kind, cadence, account, place) for place in places]
    return tuple(jobs)


class Claim(StrEnum):
    """The answers to claiming a slot."""

    OURS = "ours"
    """Announce it, then say so."""
    THEIRS = "theirs"
    """Somebody else claimed it less than a minute ago and has not announced it yet."""
    DONE = "done"
    """It is announced."""


@dataclass(frozen=True, slots=True)
class SlotRecord:
    """What became of a slot; ``announced_at`` is None while it is only claimed."""

    job_key: str
    slot: datetime
    holder: str
    """Who claimed it: a scheduler, or a person."""
    claimed_at: datetime
    announced_at: datetime | None
