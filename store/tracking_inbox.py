"""Tracking entries as they came in, each sender's event once.

The bridge writes an entry before it acks the sender's event, the stage ``record_tracking`` says
that it arrived in the flow, and whoever writes the book of its order that it is taken in there.
While ``announce_at`` stands, the first is owed, while ``take_by`` stands the second: an entry whose
message was lost with its queue is announced again by the sweeper.  One without either, and without
``taken_at``, was recorded by a version that did not look any further, and knows nothing of
``take_by``: it may run beside this one.
"""

# mongoengine has no types; every class built on it counts as untyped.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from mongoengine import (
    DateTimeField,
    Document,
    EmbeddedDocumentListField,
    IntField,
    StringField,
)
from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from domain.messages import TrackingEntered
from domain.tracking import Entry, content_digest
from store.bulk import guarded, literal, write_all
from store.documents import Part, about
from store.failures import translated
from store.mapping import in_ms
from store.moments import NOW, in_seconds, store_now
from store.tables import Database, Raw, collection_of

ENTRIES_KEPT = timedelta(days=400)
"""How long a sender's event id is remembered."""
UNRECORDED_AFTER = UNTAKEN_AFTER = timedelta(minutes=10)
UNRECORDED = {"$eq": [{"$ifNull": ["$recorded_at", None]}, None]}
UNTAKEN = {"$eq": [{"$ifNull": ["$taken_at", None]}, None]}
RECORDING_OWED = {"$ne": [{"$ifNull": ["$announce_at", None]}, None]}
TAKING_OWED = {"$ne": [{"$ifNull": ["$take_by", None]}, None]}

OnRecorded = Callable[[TrackingEntered], None]
"""Is told of an entry that arrived in the flow."""


class TrackedItemDocument(Part):
    """Units of one order item in the package."""

    order_item_id = StringField()
    sku = StringField()
    quantity = IntField(required=True)


class TrackingEntryDocument(Document):
    """A tracking entry; ``_id`` is account/the sender's event id."""

    meta = about(
        "tracking_entries",
        {"name": "of_order", "fields": ["account", "order_id"]},
        {
            "name": "unrecorded",
            "fields": ["announce_at"],
            "partialFilterExpression": {"announce_at": {"$exists": True}},
        },
        {
            "name": "untaken",
            "fields": ["take_by"],
            "partialFilterExpression": {"take_by": {"$exists": True}},
        },
        {
            "name": "kept",
            "fields": ["received_at"],
            "expireAfterSeconds": int(ENTRIES_KEPT.total_seconds()),
        },
    )

    id = StringField(primary_key=True)
    account = StringField(required=True)
    event_id = StringField(required=True)
    flow_id = StringField(required=True)
    flow_started_at = DateTimeField(required=True)
    source_event_id = StringField(required=True)
    order_id = StringField(required=True)
    shipment_ref = StringField()
    carrier = StringField(required=True)
    tracking_number = StringField(required=True)
    shipped_at = DateTimeField(required=True)
    ship_method = StringField()
    items = EmbeddedDocumentListField(TrackedItemDocument)
    entered_at = DateTimeField(required=True)
    digest = StringField(required=True)
    received_at = DateTimeField(required=True)
    recorded_at = DateTimeField()
    taken_at = DateTimeField()
    announce_at = DateTimeField()
    take_by = DateTimeField()
    announcements = IntField()


class TrackingInbox:
    """The tracking entries of all accounts (collection ``tracking_entries``)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._entries = collection_of(database, TrackingEntryDocument)
        self.on_recorded: OnRecorded = lambda _entry: None
        """Told of each sender's event once; for metrics, must not raise."""

    @translated
    def receive(self, entries: Sequence[TrackingEntered]) -> set[int]:
        """Keep entries that are on their way to the stage, each once.

        Returns the positions of those whose event id came before with other content.  Index:
        ``_id``.

        Raises:
            Unavailable: the store cannot be reached; so do the other methods.
        """
        if not entries:
            return set()
        now = store_now(self._database)
        waiting = {"received_at": now, "announce_at": now + UNRECORDED_AFTER, "announcements": 0}
        wanted = [_document(entry) for entry in entries]
        write_all(
            self._entries,
            [
                UpdateOne({"_id": each["_id"]}, {"$setOnInsert": each | waiting}, upsert=True)
                for each in wanted
            ],
        )
        found = self._entries.find(
            {"_id": {"$in": [each["_id"] for each in wanted]}}, {"digest": 1}
        )
        stored = {raw["_id"]: raw for raw in found}
        return {
            number
            for number, each in enumerate(wanted)
            if _compared(each, stored.get(each["_id"], each)) is Entry.CONFLICTING
        }

    @translated
    def record(self, entry: TrackingEntered) -> Entry:
        """Record that an entry arrived in the flow.  Index: ``_id``."""
        document = _document(entry)
        if (
            self._mark_recorded(document)
            or self._insert_recorded(document)
            # It is there, and was not to be recorded a moment ago: known, or received just now.
            or self._mark_recorded(document)
        ):
            self.on_recorded(entry)
            return Entry.RECORDED
        return _compared(document, self._entries.find_one({"_id": document["_id"]}) or {})

    @translated
    def taken_in(self, entries: Collection[TrackingEntered]) -> None:
        """The books of their orders have these entries; again is harmless.  Index: ``_id``."""
        if not entries:
            return
        wanted = {"_id": {"$in": [_key(each) for each in entries]}}
        found = self._entries.find(wanted, {"announce_at": 1, "take_by": 1, "taken_at": 1})
        new = [raw["_id"] for raw in found if raw.keys() & {"announce_at", "take_by"}]
        # One that is not recorded yet is announced until it is.
        after = {"taken_at": NOW, "take_by": literal(None)}
        write_all(self._entries, [guarded(key, UNTAKEN, after) for key in new])

    @translated
    def of_orders(
        self, account: str, order_ids: Collection[str]
    ) -> dict[str, tuple[TrackingEntered, ...]]:
        """Return the entries of orders, oldest first; orders without any are left out.

        Index: ``of_order``.
        """
        wanted = {"account": account, "order_id": {"$in": list(order_ids)}}
        found: defaultdict[str, list[TrackingEntered]] = defaultdict(list)
        for raw in self._entries.find(wanted):
            found[raw["order_id"]].append(TrackingEntered.read(raw))
        return {order_id: tuple(sorted(each, key=_age)) for order_id, each in found.items()}

    @translated
    def unrecorded(self, *, limit: int) -> list[tuple[TrackingEntered, int]]:
        """Return entries overdue in the flow, oldest first, and how often each was announced again.

        Index: ``unrecorded``.
        """
        return self._overdue("announce_at", limit)

    @translated
    def untaken(self, *, limit: int) -> list[tuple[TrackingEntered, int]]:
        """Return the same of entries that were recorded and are overdue in their order's book.

        Index: ``untaken``.
        """
        return self._overdue("take_by", limit)

    @translated
    def announced(self, entry: TrackingEntered, *, times: int, again_at: datetime) -> None:
        """The entry was announced once more, after ``times`` earlier ones.  Index: ``_id``."""
        same = {"$eq": ["$announcements", times]}
        guard = {"$and": [same, {"$or": [RECORDING_OWED, TAKING_OWED]}]}
        later = literal(in_ms(again_at))
        after = {
            "announcements": literal(times + 1),
            "announce_at": {"$cond": [RECORDING_OWED, later, literal(None)]},
            "take_by": {"$cond": [TAKING_OWED, later, literal(None)]},
        }
        write_all(self._entries, [guarded(_key(entry), guard, after)])

    def _overdue(self, owed_by: str, limit: int) -> list[tuple[TrackingEntered, int]]:
        overdue = {owed_by: {"$lte": store_now(self._database)}}
        found = self._entries.find(overdue).sort(owed_by, 1).limit(limit)
        return [(TrackingEntered.read(raw), raw["announcements"]) for raw in found]

    def _mark_recorded(self, document: Raw) -> bool:
        same = {"$eq": ["$digest", literal(document["digest"])]}
        again_at = in_seconds(UNTAKEN_AFTER.total_seconds())
        done = {
            "recorded_at": NOW,
            "announce_at": literal(None),
            "take_by": {"$cond": [UNTAKEN, again_at, literal(None)]},
            "announcements": literal(0),
        }
        update = guarded(document["_id"], {"$and": [same, UNRECORDED]}, done)
        return write_all(self._entries, [update]).modified == 1

    def _insert_recorded(self, document: Raw) -> bool:
        now = store_now(self._database)
        recorded = {
            "received_at": now,
            "recorded_at": now,
            "take_by": now + UNTAKEN_AFTER,
            "announcements": 0,
        }
        try:
            self._entries.insert_one(document | recorded)
        except DuplicateKeyError:
            return False
        return True


def _age(entry: TrackingEntered) -> tuple[datetime, str]:
    return entry.entered_at, entry.source_event_id


def _key(entry: TrackingEntered) -> str:
    return f"{entry.account}/{entry.source_event_id}"


def _document(entry: TrackingEntered) -> Raw:
    fields = entry.model_dump(exclude={"cause_id"}, exclude_defaults=True)
    fields |= {name: in_ms(at) for name, at in fields.items() if isinstance(at, datetime)}
    return {"_id": _key(entry), **fields, "digest": content_digest(entry)}


def _compared(document: Raw, stored: Raw) -> Entry:
    same = stored.get("digest") == document["digest"]
    return Entry.KNOWN if same else Entry.CONFLICTING
