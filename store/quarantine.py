"""What cannot succeed is kept here until a person decides: retry or discard.

One document per message and replay; keeping it again changes nothing.  Nothing is ever deleted,
by age or otherwise: a decision is recorded with who, when and why.  A decided message that is
announced anew (by a sweeper, under the same id) and fails again is open again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import pymongo
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from store.failures import translated
from store.quarantine_entries import (
    TRACEBACK_LIMIT,
    Group,
    Quarantined,
    entry_from,
    key_of,
    packed,
    published_at,
    safe_text,
    short_name,
    utc,
)

INDEXES: Final = (
    pymongo.IndexModel(
        [("state", 1), ("stage", 1), ("error_class", 1), ("kept_at", 1)], name="group"
    ),
    pymongo.IndexModel([("flow_id", 1)], name="flow"),
    pymongo.IndexModel([("state", 1), ("settled_at", -1)], name="decided"),
)
KEPT, RETRIED, DISCARDED = "kept", "retried", "discarded"
DECIDED: Final = ("state", "settled_at", "settled_by", "reason")


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Quarantine:
    """The quarantine of one database.  Without a store every method raises ``Unavailable``."""

    database: Database[dict[str, Any]]
    now: Callable[[], datetime] = field(default=_now)

    def ensure_indexes(self) -> None:
        """Create the indexes the queries below name."""
        self._collection.create_indexes(list(INDEXES))

    @translated
    def keep(  # noqa: PLR0913  all of it is shown to whoever decides about the message
        self,
        message: Mapping[str, Any],
        *,
        stage: str,
        flow_id: str,
        account: str,
        error: BaseException,
        traceback: str | None,
        attempts: int,
        kind: str,
        source: str,
        died_at: datetime | None = None,
    ) -> None:
        """Keep a message with what is known of its failure; again is harmless.

        Raises:
            Unavailable: the store cannot be reached, the message is not kept.
        """
        entry = {
            "stage": short_name(stage),
            "error_class": type(error).__name__,
            "error": safe_text(error),
            "traceback": traceback[-TRACEBACK_LIMIT:] if traceback else None,
            "flow_id": short_name(flow_id),
            "account": short_name(account),
            "attempts": attempts,
            "kind": kind,
            "source": source,
            "kept_at": self.now(),
            "died_at": died_at,
            "state": KEPT,
            **packed(message),
        }
        key = key_of(message, stage, died_at)
        # The loser of two upserts at the same moment is refused, and needs nothing more.
        with suppress(DuplicateKeyError):
            done = self._collection.update_one({"_id": key}, {"$setOnInsert": entry}, upsert=True)
            if done.upserted_id is None:
                self._reopen(key, entry, published_at(message))

    @translated
    def groups(self, *, state: str = KEPT) -> list[Group]:
        """Return stage and error class with their counts, largest first.  Index: group."""
        pipeline: list[dict[str, Any]] = [
            {"$match": {"state": state}},
            {
                "$group": {
                    "_id": {"stage": "$stage", "error_class": "$error_class"},
                    "count": {"$sum": 1},
                    "first_kept_at": {"$min": "$kept_at"},
                    "last_kept_at": {"$max": "$kept_at"},
                }
            },
        ]
        rows = self._collection.aggregate(pipeline)
        groups = [
            Group(
                row["_id"]["stage"],
                row["_id"]["error_class"],
                row["count"],
                utc(row["first_kept_at"]),
                utc(row["last_kept_at"]),
            )
            for row in rows
        ]
        return sorted(groups, key=lambda each: (-each.count, each.stage, each.error_class))

    @translated
    def find(
        self,
        *,
        stage: str | None = None,
        error_class: str | None = None,
        state: str = KEPT,
        limit: int = 100,
        skip: int = 0,
    ) -> list[Quarantined]:
        """Return entries, oldest first; decided ones by their decision, newest first.

        Indexes: group, decided.
        """
        wanted: dict[str, Any] = {"state": state}
        wanted |= {"stage": stage} if stage is not None else {}
        wanted |= {"error_class": error_class} if error_class is not None else {}
        order = ("kept_at", 1) if state == KEPT else ("settled_at", -1)
        rows = self._collection.find(wanted).sort(*order).skip(skip).limit(limit)
        return [entry_from(row) for row in rows]

    @translated
    def get(self, entry_id: str) -> Quarantined | None:
        """Return one entry.  Index: _id."""
        row = self._collection.find_one({"_id": entry_id})
        return None if row is None else entry_from(row)

    def mark_retried(self, entry_id: str, *, who: str) -> bool:
        """Record that it was sent again; False when it was settled before or is unknown."""
        return self._settle(entry_id, RETRIED, who=who, reason=None)

    def discard(self, entry_id: str, *, reason: str, who: str) -> bool:
        """Record that it shall not be sent again; it stays readable.

        Raises:
            ValueError: no reason is given.
        """
        if not reason.strip():
            raise ValueError("a reason is needed to discard a message")
        return self._settle(entry_id, DISCARDED, who=who, reason=reason.strip())

    @translated
    def _settle(self, entry_id: str, state: str, *, who: str, reason: str | None) -> bool:
        settled = {"state": state, "settled_at": self.now(), "settled_by": who, "reason": reason}
        done = self._collection.update_one({"_id": entry_id, "state": KEPT}, {"$set": settled})
        return bool(done.modified_count)

    def _reopen(self, key: str, entry: Mapping[str, Any], announced_at: datetime | None) -> None:
        """Open a decided entry for a message that was announced since, and failed anew.

        What was under way already when it was decided is covered by the decision: a late copy of
        the same failure, or a second announcement of it.
        """
        settled = {"_id": key, "state": {"$ne": KEPT}, "settled_at": {"$lt": announced_at}}
        old = None if announced_at is None else self._collection.find_one(settled, DECIDED)
        if old is None:
            return
        decision = {name: old.get(name) for name in DECIDED}
        outdated = {*DECIDED, "body", "body_gzip"} - entry.keys()
        self._collection.update_one(
            # Of several failures at the same moment the first opens it.
            {"_id": key, "state": old["state"], "settled_at": old["settled_at"]},
            {
                "$set": entry,
                "$unset": dict.fromkeys(outdated, ""),
                "$push": {"decisions": decision},
            },
        )

    @property
    def _collection(self) -> Collection[dict[str, Any]]:
        return self.database["quarantine"]
