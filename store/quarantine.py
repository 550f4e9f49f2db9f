"""What cannot succeed is kept here until a person decides: retry or discard.

One document per message and replay; keeping it again changes nothing.  Nothing is ever deleted,
by age or otherwise: a decision is recorded with who, when and why.

What is shown of an error: the class of any error, and the text of our own errors only, which
promise to hold no buyer data.  The text of foreign errors (pydantic quotes its input, drivers
quote documents) is left out.  Tracebacks are frames and source lines, without values.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

import bson
import pymongo
from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import DuplicateKeyError

from domain.errors import ConnectorError
from store.failures import translated

INDEXES: Final = (
    pymongo.IndexModel(
        [("state", 1), ("stage", 1), ("error_class", 1), ("kept_at", 1)], name="group"
    ),
    pymongo.IndexModel([("flow_id", 1)], name="flow"),
)
KEPT, RETRIED, DISCARDED = "kept", "retried", "discarded"

_TEXT_LIMIT = 2_000
_TRACEBACK_LIMIT = 20_000
_PLAIN_LIMIT_BYTES = 500_000
_PACKED_LIMIT_BYTES = 12_000_000
_TELLING = re.compile(r"[^\s@]+@[^\s@]+|(?<=\?)\S+|Atz[ar]\|\S+")
"""E-mail addresses, the query of a (signed) URL, Amazon's tokens: cut out even of our own texts."""


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A kept message and what became of it."""

    id: str
    stage: str
    error_class: str
    error: str
    traceback: str | None
    flow_id: str
    account: str
    attempts: int
    kind: str
    """``transient``, ``permanent`` or ``defect``."""
    source: str
    """``stage``, or ``dead_letter`` when RabbitMQ itself gave up on it."""
    kept_at: datetime
    died_at: datetime | None
    message: dict[str, Any]
    """The message's fields; ``{"body_base64": …}`` when it is not one of our messages."""
    state: str
    settled_at: datetime | None
    settled_by: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """Messages of one stage that failed in the same way."""

    stage: str
    error_class: str
    count: int
    first_kept_at: datetime
    last_kept_at: datetime


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
            "stage": stage,
            "error_class": type(error).__name__,
            "error": safe_text(error),
            "traceback": traceback[-_TRACEBACK_LIMIT:] if traceback else None,
            "flow_id": flow_id,
            "account": account,
            "attempts": attempts,
            "kind": kind,
            "source": source,
            "kept_at": self.now(),
            "died_at": died_at,
            "state": KEPT,
            **_packed(message),
        }
        key = _key(message, stage, died_at)
        # The loser of two upserts at the same moment is refused, and needs nothing more.
        with suppress(DuplicateKeyError):
            self._collection.update_one({"_id": key}, {"$setOnInsert": entry}, upsert=True)

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
                _utc(row["first_kept_at"]),
                _utc(row["last_kept_at"]),
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
    ) -> list[Quarantined]:
        """Return entries, oldest first.  Index: group."""
        wanted: dict[str, Any] = {"state": state}
        wanted |= {"stage": stage} if stage is not None else {}
        wanted |= {"error_class": error_class} if error_class is not None else {}
        rows = self._collection.find(wanted).sort("kept_at", 1).limit(limit)
        return [_entry(row) for row in rows]

    @translated
    def get(self, entry_id: str) -> Quarantined | None:
        """Return one entry.  Index: _id."""
        row = self._collection.find_one({"_id": entry_id})
        return None if row is None else _entry(row)

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

    @property
    def _collection(self) -> Collection[dict[str, Any]]:
        return self.database["quarantine"]


def safe_text(error: BaseException) -> str:
    """Return what may be shown of an error's text: ours, without what looks personal or secret."""
    if not isinstance(error, ConnectorError):
        return ""
    return _TELLING.sub("…", str(error))[:_TEXT_LIMIT]


def _key(message: Mapping[str, Any], stage: str, died_at: datetime | None) -> str:
    """Return a digest of what makes a message itself: its content and how often it came back.

    Not its attempts: every delivery of a message is one entry.  Two foreign bodies that are alike
    are told apart by when they died.
    """
    identity: list[Any] = [stage]
    if "body_base64" in message:
        identity += [message, str(died_at)]
    else:
        replays = message["options"].get("replays", 0)
        identity += [message["message_id"], message["args"], message["kwargs"], replays]
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]


def _packed(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the message as JSON text: MongoDB has limits on keys, nesting and numbers, text none.

    A large one is compressed.  Only a foreign message can be too large even then (our own are
    below one megabyte); its beginning, size and digest are kept.
    """
    text = json.dumps(message, separators=(",", ":"))
    if len(text) <= _PLAIN_LIMIT_BYTES:
        return {"body": text}
    packed = gzip.compress(text.encode(), mtime=0)
    if len(packed) <= _PACKED_LIMIT_BYTES:
        return {"body_gzip": bson.Binary(packed)}
    digest = hashlib.sha256(text.encode()).hexdigest()
    cut = {"body_base64": "", "beginning": text[:1000], "size_bytes": len(text), "sha256": digest}
    return {"body": json.dumps(cut)}


def _entry(row: Mapping[str, Any]) -> Quarantined:
    text = gzip.decompress(row["body_gzip"]) if "body_gzip" in row else row["body"]
    same = ("stage", "error_class", "error", "traceback", "flow_id", "account", "attempts")
    return Quarantined(
        **{name: row[name] for name in (*same, "kind", "source", "state")},
        id=row["_id"],
        kept_at=_utc(row["kept_at"]),
        died_at=_utc(row["died_at"]) if row["died_at"] else None,
        message=json.loads(text),
        settled_at=_utc(row["settled_at"]) if row.get("settled_at") else None,
        settled_by=row.get("settled_by"),
        reason=row.get("reason"),
    )


def _utc(at: datetime) -> datetime:
    """MongoDB stores UTC; a client without ``tz_aware`` returns it without its zone."""
    return at if at.tzinfo else at.replace(tzinfo=UTC)
