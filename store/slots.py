"""Slots of the schedule: each is claimed once, announced, and said to be announced.

A scheduler that dies between its claim and the announcement leaves a claimed slot behind; after a
minute whoever asks first takes it over.
"""

# mongoengine has no types; every class built on it counts as untyped.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from mongoengine import DateTimeField, Document, StringField
from pymongo.errors import DuplicateKeyError

from domain.schedule import Claim, SlotRecord
from store.documents import about
from store.failures import translated
from store.mapping import in_ms
from store.moments import store_now
from store.tables import Database, Raw, collection_of

SLOTS_KEPT = timedelta(days=30)
CLAIM_HOLDS = timedelta(minutes=1)


class SlotDocument(Document):
    """A slot of a job; ``_id`` is job key@slot, so each exists once."""

    meta = about(
        "slots",
        {"name": "newest_of_job", "fields": ["job_key", "-slot"]},
        {
            "name": "kept",
            "fields": ["claimed_at"],
            "expireAfterSeconds": int(SLOTS_KEPT.total_seconds()),
        },
    )

    id = StringField(primary_key=True)
    job_key = StringField(required=True)
    slot = DateTimeField(required=True)
    holder = StringField(required=True)
    claimed_at = DateTimeField(required=True)
    announced_at = DateTimeField()


class Slots:
    """The slots of all jobs (collection ``slots``).  All times are the store's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._slots = collection_of(database, SlotDocument)

    @translated
    def now(self) -> datetime:
        """Return the store's time, aware UTC.

        Raises:
            Unavailable: the store cannot be reached; so do the other methods.
        """
        return store_now(self._database)

    @translated
    def claim(self, job_key: str, slot: datetime, *, holder: str) -> Claim:
        """Claim a slot, or take over a claim that is a minute old and not announced.

        Asking again as the same holder renews the claim.  Index: ``_id``.
        """
        now = store_now(self._database)
        claimed = {"holder": holder, "claimed_at": now}
        key = _key(job_key, slot)
        try:
            self._slots.insert_one({"_id": key, "job_key": job_key, "slot": in_ms(slot), **claimed})
        except DuplicateKeyError:
            return self._take_over(key, claimed)
        return Claim.OURS

    @translated
    def announced(self, job_key: str, slot: datetime) -> None:
        """Record that the slot is announced; again is harmless.  Index: ``_id``."""
        self._slots.update_one(
            {"_id": _key(job_key, slot), "announced_at": None},
            {"$set": {"announced_at": store_now(self._database)}},
        )

    @translated
    def last(self, job_keys: Collection[str]) -> dict[str, SlotRecord]:
        """Return the newest slot of each of these jobs.  Index: ``newest_of_job``."""
        newest = ((key, self._newest(key)) for key in job_keys)
        return {key: _record(raw) for key, raw in newest if raw is not None}

    def _newest(self, job_key: str) -> Raw | None:
        return self._slots.find_one({"job_key": job_key}, sort=[("slot", -1)])

    def _take_over(self, key: str, claimed: Raw) -> Claim:
        free = [
            {"holder": claimed["holder"]},
            {"claimed_at": {"$lte": claimed["claimed_at"] - CLAIM_HOLDS}},
        ]
        taken = self._slots.update_one(
            {"_id": key, "announced_at": None, "$or": free}, {"$set": claimed}
        )
        if taken.matched_count:
            return Claim.OURS
        raw = self._slots.find_one({"_id": key}, {"announced_at": 1})
        waiting = raw is not None and raw.get("announced_at") is None
        return Claim.THEIRS if waiting else Claim.DONE


def _key(job_key: str, slot: datetime) -> str:
    return f"{job_key}@{in_ms(slot).astimezone(UTC).isoformat()}"


def _record(raw: Raw) -> SlotRecord:
    return SlotRecord(
        job_key=raw["job_key"],
        slot=raw["slot"],
        holder=raw["holder"],
        claimed_at=raw["claimed_at"],
        announced_at=raw.get("announced_at"),
    )
