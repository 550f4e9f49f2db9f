"""Shipments: the books of many orders loaded, rewritten, stored together, each guarded."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace

from pymongo import UpdateOne

from domain.errors import Contended
from domain.shipments import ShipmentBook
from store.bulk import guarded, literal, write_all
from store.failures import translated
from store.moments import NOW
from store.order_mapping import key_of
from store.shipment_documents import ShipmentBookDocument
from store.shipment_mapping import book_changes, book_from
from store.tables import Database, Raw, collection_of

Rewrite = Callable[[Mapping[str, ShipmentBook]], Mapping[str, ShipmentBook]]
"""Given books by order id as they are, those as they shall be; those left out stay."""

OnWritten = Callable[[ShipmentBook, ShipmentBook], None]
"""Is told of a book that was written: as it was, as it is."""

ROUNDS = 10


class Shipments:
    """The shipment books of all accounts (collection ``shipment_books``)."""

    def __init__(self, database: Database) -> None:
        self._books = collection_of(database, ShipmentBookDocument)
        self.on_written: OnWritten = lambda _before, _after: None
        """Told after a round in which no book was lost to another writer; metrics listen here."""

    @translated
    def change(
        self, account: str, order_ids: Collection[str], rewrite: Rewrite
    ) -> dict[str, ShipmentBook]:
        """Load the books, ask what they shall be, write each under its revision guard.

        An order without shipments has an empty book, which is not stored until something is in
        it.  ``rewrite`` is asked after the books were loaded, so that what it reads besides is at
        least as new as they are; it is asked again about the books of a round in which any was
        lost to another writer, so asking it twice must change nothing more.  Returns the books
        as they then stand.  Index: ``_id``.

        Raises:
            Contended: others were faster too often.
            Unavailable: the store cannot be reached; so do the other methods.
        """
        stands: dict[str, ShipmentBook] = {}
        asked = list(order_ids)
        for number in range(ROUNDS):
            loaded = self._load(account, asked)
            wanted = rewrite(loaded)
            stands |= loaded
            written = self._write(loaded, wanted)
            if written is not None:
                for order_id, book in written.items():
                    self.on_written(loaded[order_id], book)
                return stands | written
            time.sleep(random.uniform(0, 0.005 * 2**number))  # noqa: S311  spreads rivals
        raise Contended(f"shipments of {account} were changed by others all the time")

    @translated
    def books(self, account: str, order_ids: Iterable[str]) -> dict[str, ShipmentBook]:
        """Return the books there are, by order id.  Index: ``_id``."""
        keys = [key_of(account, order_id) for order_id in order_ids]
        found = self._books.find({"_id": {"$in": keys}})
        return {raw["order_id"]: book_from(raw) for raw in found}

    @translated
    def due(self, account: str, *, limit: int) -> list[str]:
        """Return ids of orders with something due, nearest ship-by first.  Index: ``due``."""
        due = {"account": account, "due_by": {"$exists": True}}
        found = self._books.find(due, {"order_id": 1}).sort([("due_by", 1), ("_id", 1)])
        return [raw["order_id"] for raw in found.limit(limit)]

    @translated
    def in_feed(self, account: str, feed: str) -> list[str]:
        """Return ids of orders with shipments in a feed, no verdict on them yet.

        Index: ``in_feed``.
        """
        found = self._books.find({"feeds": feed, "account": account}, {"order_id": 1})
        return sorted(raw["order_id"] for raw in found)

    @translated
    def unsent_in_feed(self, account: str, feed: str) -> list[str]:
        """Return ids of orders with shipments in a feed that do not know it is at Amazon.

        Index: ``unsent_in_feed``.
        """
        found = self._books.find({"unsent_feeds": feed, "account": account}, {"order_id": 1})
        return sorted(raw["order_id"] for raw in found)

    def _load(self, account: str, order_ids: Collection[str]) -> dict[str, ShipmentBook]:
        known = self.books(account, order_ids)
        return {each: known.get(each) or ShipmentBook(account, each) for each in order_ids}

    def _write(
        self, loaded: Mapping[str, ShipmentBook], wanted: Mapping[str, ShipmentBook]
    ) -> dict[str, ShipmentBook] | None:
        """Return the books that were written; None: not all of them were."""
        updates, written, created = list[UpdateOne](), dict[str, ShipmentBook](), 0
        for order_id, new in wanted.items():
            old = loaded[order_id]
            if (new.account, new.order_id) != (old.account, old.order_id):
                raise ValueError(f"asked for the shipments of {order_id}, was given others")
            changes = book_changes(old, new)
            if not changes:
                continue
            written[order_id] = replace(new, revision=old.revision + 1)
            updates.append(_update(old, changes))
            created += not old.revision
        done = write_all(self._books, updates)
        if len(done.created) == created and done.modified == len(updates) - created:
            return written
        return None


def _update(old: ShipmentBook, changes: Raw) -> UpdateOne:
    key, revision = key_of(old.account, old.order_id), old.revision
    changes = changes | {"revision": revision + 1}
    if not revision:
        known = {"account": old.account, "order_id": old.order_id, **changes}
        fields = {name: value for name, value in known.items() if value is not None}
        # Where the book exists by now, only its time of change moves on, which harms nobody.
        making = {"$setOnInsert": fields, "$currentDate": {"changed_at": True}}
        return UpdateOne({"_id": key}, making, upsert=True)
    written = {name: literal(value) for name, value in changes.items()}
    return guarded(key, {"$eq": ["$revision", revision]}, written | {"changed_at": NOW})
