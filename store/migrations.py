"""Indexes and data changes of the store, made on purpose and never by the way.

``ensure_indexes`` is harmless to repeat and runs at every start.  Data changes and what may
refuse existing data run once, by ``migrate``, so that workers of the version before can go on
beside those of this one during a deploy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mongoengine import Document
from pymongo import UpdateOne
from pymongo.errors import OperationFailure

from domain.errors import Permanent
from store.bulk import write_all
from store.failures import translated
from store.feed_documents import FeedContentDocument, FeedDocument, FeedResultDocument
from store.moments import store_now
from store.order_documents import OrderDocument
from store.order_mapping import key_of, order_from, over_at
from store.rejected_events import RejectedEventDocument
from store.report_documents import ChunkDocument, ReportDocument, SkippedRowDocument
from store.shipment_documents import ShipmentBookDocument
from store.slots import SlotDocument
from store.state_documents import (
    DisclosureDocument,
    PassDocument,
    QuotaDocument,
    SchemaDocument,
)
from store.sweeps import WatchDocument
from store.tables import Database, Raw, collection_of
from store.tracking_inbox import TrackingEntryDocument

DOCUMENTS: tuple[type[Document], ...] = (
    OrderDocument,
    ReportDocument,
    ChunkDocument,
    SkippedRowDocument,
    PassDocument,
    QuotaDocument,
    DisclosureDocument,
    SlotDocument,
    WatchDocument,
    TrackingEntryDocument,
    RejectedEventDocument,
    FeedDocument,
    FeedContentDocument,
    FeedResultDocument,
    ShipmentBookDocument,
)

NOTED_AT_ONCE = 500
NEEDED_TO_FIND = {"account": 1, "order_id": 1, "source_event_id": 1}
NEEDED_TO_SAY = dict.fromkeys(("buyer", "lines", "items", "history", "outbox"), 0)

_INDEX_CONFLICTS = frozenset({85, 86})
"""IndexOptionsConflict, IndexKeySpecsConflict.  Source: MongoDB error codes."""


def declared_indexes(document: type[Document]) -> list[dict[str, Any]]:
    """Return a document's indexes: ``keys`` and the options ``create_index`` takes."""
    specs = document._meta["index_specs"]  # noqa: SLF001  where mongoengine keeps them
    return [
        {"keys": spec["fields"], **{name: spec[name] for name in spec if name != "fields"}}
        for spec in specs
    ]


@translated
def ensure_indexes(database: Database) -> None:
    """Create every declared index that is not there yet.

    Raises:
        Permanent: an index of the same name has other keys or options; the text names it.
    """
    for document in DOCUMENTS:
        for index in declared_indexes(document):
            _create(database, document, index)


def _create(database: Database, document: type[Document], index: Mapping[str, Any]) -> None:
    collection = collection_of(database, document)
    options = {name: value for name, value in index.items() if name != "keys"}
    try:
        collection.create_index(index["keys"], **options)
    except OperationFailure as exc:
        if exc.code not in _INDEX_CONFLICTS:
            raise
        raise Permanent(
            f"index {index['name']} of {collection.name} exists with another definition: "
            "drop it, then run the store's migration again"
        ) from None


@dataclass(frozen=True, slots=True)
class Step:
    """A change of data or of indexes that may refuse data.  Must be harmless to repeat."""

    version: int
    what: str
    apply: Callable[[Database], None]


def note_when_over(database: Database) -> None:
    """Note on orders of an older version when they are over, so that their buyers are removed.

    Looks at all orders once.  The guard is the revision: an order that changes meanwhile is noted
    by the worker that changes it, or by the next look.
    """
    orders = collection_of(database, OrderDocument)
    unnoted = {"over_at": {"$exists": False}, "purged_at": {"$exists": False}}
    while True:
        found = list(orders.find(unnoted, NEEDED_TO_SAY).sort("_id", 1).limit(NOTED_AT_ONCE))
        if not found:
            return
        orders.bulk_write([_noted(raw) for raw in found], ordered=False)


def _noted(raw: Raw) -> UpdateOne:
    guard = {"_id": raw["_id"], "revision": raw["revision"]}
    return UpdateOne(guard, {"$set": {"over_at": over_at(order_from(raw, None))}})


def announce_untaken(database: Database) -> None:
    """Let the sweepers announce tracking entries of an older version that no book has.

    Looks at all entries once.  One that a book takes in meanwhile is announced once too often.
    """
    entries = collection_of(database, TrackingEntryDocument)
    unknown: Raw = {name: {"$exists": False} for name in ("taken_at", "announce_at", "take_by")}
    last = ""
    while True:
        wanted = {"_id": {"$gt": last}, **unknown}
        found = list(entries.find(wanted, NEEDED_TO_FIND).sort("_id", 1).limit(NOTED_AT_ONCE))
        if not found:
            return
        last = found[-1]["_id"]
        owed = {"take_by": store_now(database), "announcements": 0}
        lost = _in_no_book(database, found)
        write_all(entries, [UpdateOne({"_id": key}, {"$set": owed}) for key in lost])


def _in_no_book(database: Database, entries: list[Raw]) -> list[str]:
    orders = {raw["_id"]: key_of(raw["account"], raw["order_id"]) for raw in entries}
    books = collection_of(database, ShipmentBookDocument)
    found = books.find({"_id": {"$in": list(set(orders.values()))}}, {"seen": 1})
    taken = {(raw["_id"], event_id) for raw in found for event_id in raw.get("seen", ())}
    return [
        raw["_id"] for raw in entries if (orders[raw["_id"]], raw["source_event_id"]) not in taken
    ]


STEPS = (
    Step(1, "the indexes of orders, reports and the ledger", ensure_indexes),
    Step(2, "when orders are over, for the removal of buyer data", note_when_over),
    Step(3, "tracking entries that were lost on their way into a book", announce_untaken),
)
SCHEMA_ID = "schema"


@translated
def schema_version(database: Database) -> int:
    """Return the last step that was made; 0: none.  Index: ``_id``."""
    raw = collection_of(database, SchemaDocument).find_one({"_id": SCHEMA_ID})
    return int(raw["version"]) if raw else 0


@translated
def migrate(database: Database) -> list[str]:
    """Make the steps that are missing; return what was done.

    A database of a newer version is left as it is: its workers may run beside ours.
    """
    before = schema_version(database)
    done = []
    for step in STEPS:
        if step.version > before:
            step.apply(database)
            told = {"$max": {"version": step.version}, "$currentDate": {"migrated_at": True}}
            collection_of(database, SchemaDocument).update_one(
                {"_id": SCHEMA_ID}, told, upsert=True
            )
            done.append(f"{step.version}: {step.what}")
    return done
