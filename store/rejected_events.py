"""Rejected events of other systems, each kept once, with its reason.

An event that names itself is one entry, however often it comes: type and body are its key.  Of
other bodies two senders may send the same nonsense, and RabbitMQ delivers again what a killed
bridge had not acked.  So an entry remembers which bridge session has not acked it yet, and a
*redelivered* body takes such an entry for its own instead of becoming a second one.
"""

# mongoengine has no types; every class built on it counts as untyped.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import timedelta

from bson import ObjectId
from mongoengine import (
    BinaryField,
    DateTimeField,
    Document,
    IntField,
    LongField,
    ObjectIdField,
    StringField,
)
from pymongo.errors import DuplicateKeyError

from domain.rejected_events import KeptRejection, RejectedEvent
from store.documents import about
from store.failures import translated
from store.moments import store_now
from store.tables import Database, Raw, collection_of

REJECTIONS_KEPT = timedelta(days=90)


class RejectedEventDocument(Document):
    """An event that was not accepted."""

    meta = about(
        "rejected_events",
        {"name": "newest", "fields": ["-at"]},
        {
            "name": "unacked_body",
            "fields": ["digest"],
            "partialFilterExpression": {"unacked_by": {"$exists": True}},
        },
        {
            "name": "unacked",
            "fields": ["unacked_by", "tag"],
            "partialFilterExpression": {"unacked_by": {"$exists": True}},
        },
        {
            "name": "kept",
            "fields": ["at"],
            "expireAfterSeconds": int(REJECTIONS_KEPT.total_seconds()),
        },
    )

    id = ObjectIdField(primary_key=True)
    type = StringField(required=True)
    reason = StringField(required=True)
    body = BinaryField()
    size_bytes = IntField(required=True)
    account = StringField()
    event_id = StringField()
    digest = StringField(required=True)
    at = DateTimeField(required=True)
    unacked_by = StringField()
    tag = LongField()


class RejectedEvents:
    """What was not accepted (collection ``rejected_events``), kept 90 days."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rejected = collection_of(database, RejectedEventDocument)

    @translated
    def keep(self, rejected: RejectedEvent, *, key: str) -> None:
        """Keep a rejection that has an identity; again is harmless.  Index: ``_id``.

        Raises:
            Unavailable: the store cannot be reached; so do the other methods.
        """
        document = self._document(rejected) | {"_id": ObjectId(_digest(key.encode())[:24])}
        try:
            self._rejected.insert_one(document)
        except DuplicateKeyError:
            return

    @translated
    def keep_delivered(
        self, rejected: RejectedEvent, *, session: str, tag: int, redelivered: bool
    ) -> None:
        """Keep a rejected delivery of a bridge session that has not acked it yet.

        Again with the same delivery tag is harmless; so is an event that names itself in any
        delivery: its entry then says when and why it was rejected last.  Indexes: ``_id``,
        ``unacked``, ``unacked_body``.
        """
        document = self._document(rejected)
        mine = {"unacked_by": session, "tag": tag}
        if self._rejected.count_documents(mine, limit=1):
            return
        if redelivered:
            same = {"digest": document["digest"], "unacked_by": {"$exists": True, "$ne": session}}
            # Also of an event that names itself: bridges of earlier versions marked those, too.
            if self._rejected.update_one(same, {"$set": mine}).matched_count:
                return
        if rejected.names_itself:
            self._keep_named(document)
        else:
            self._rejected.update_one(mine, {"$setOnInsert": document}, upsert=True)

    @translated
    def acked(self, session: str) -> None:
        """Everything this session kept so far is acked.  Index: ``unacked``."""
        self._rejected.update_many(
            {"unacked_by": session}, {"$unset": {"unacked_by": "", "tag": ""}}
        )

    @translated
    def find(self, *, limit: int = 100) -> list[KeptRejection]:
        """Return the newest rejections, newest first.  Index: ``newest``."""
        return [_kept(raw) for raw in self._rejected.find().sort("at", -1).limit(limit)]

    @translated
    def get(self, rejection_id: str) -> KeptRejection | None:
        """Return one rejection.  Index: ``_id``."""
        if not ObjectId.is_valid(rejection_id):
            return None
        raw = self._rejected.find_one({"_id": ObjectId(rejection_id)})
        return None if raw is None else _kept(raw)

    @translated
    def count(self) -> int:
        """Return how many are kept."""
        return self._rejected.count_documents({})

    def _keep_named(self, document: Raw) -> None:
        last = {name: document.pop(name) for name in ("at", "reason")}
        key = {"_id": ObjectId(document["digest"][:24])}
        # A duplicate key: another bridge keeps the same event at this moment.
        with suppress(DuplicateKeyError):
            self._rejected.update_one(key, {"$set": last, "$setOnInsert": document}, upsert=True)

    def _document(self, rejected: RejectedEvent) -> Raw:
        return {
            "type": rejected.type,
            "reason": rejected.reason,
            "body": rejected.body,
            "size_bytes": rejected.size_bytes,
            "account": rejected.account,
            "event_id": rejected.event_id,
            "digest": _digest(rejected.type.encode() + b"\0" + rejected.body),
            "at": store_now(self._database),
        }


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _kept(raw: Raw) -> KeptRejection:
    return KeptRejection(
        id=str(raw["_id"]),
        at=raw["at"],
        rejected=RejectedEvent(
            type=raw["type"],
            reason=raw["reason"],
            body=raw["body"],
            size_bytes=raw["size_bytes"],
            account=raw.get("account", ""),
            event_id=raw.get("event_id", ""),
        ),
    )
