"""Facts for other systems that wait in the documents they were decided with.

They were written in the same guarded update as the change they tell of.  A fact is cleared by its
event id after it was published, so a crash in between says it twice, with the same id, and a
change of the document meanwhile cannot lose it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from domain.orders import OutEvent
from domain.outbox import Unsent
from store.failures import translated
from store.mapping import from_document
from store.moments import LONG_AGO, store_now
from store.order_documents import OrderDocument
from store.shipment_documents import ShipmentBookDocument
from store.tables import Collection, Database, Raw, collection_of

DOCUMENTS = (OrderDocument, ShipmentBookDocument)
"""Which documents have an outbox."""


class Outbox:
    """The outboxes of all documents that have one (``orders``, ``shipment_books``)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        tables = [collection_of(database, each) for each in DOCUMENTS]
        self._collections = {table.name: table for table in tables}

    @translated
    def unsent(self, *, limit: int, older_than: timedelta = timedelta()) -> list[Unsent]:
        """Return what waits since then, the longest waiting documents first.

        ``limit`` counts documents; the facts of one come in their order.  Index: ``unsent``.

        Raises:
            Unavailable: the store cannot be reached; so does ``clear``.
        """
        waiting: Raw = {"$gt": LONG_AGO}
        if older_than:
            waiting["$lte"] = store_now(self._database) - older_than
        return [
            Unsent(name, raw["_id"], from_document(OutEvent, part))
            for name, table in self._collections.items()
            for raw in _longest_waiting(table, waiting, limit)
            for part in raw["outbox"]
        ]

    @translated
    def clear(self, sent: Unsent) -> None:
        """Take a published fact out of its document; again is harmless.  Index: ``_id``."""
        self._collections[sent.collection].update_one(
            {"_id": sent.key}, {"$pull": {"outbox": {"event_id": sent.event.event_id}}}
        )


def _longest_waiting(table: Collection, waiting: Raw, limit: int) -> Iterable[Raw]:
    return table.find({"outbox.at": waiting}, {"outbox": 1}).sort("outbox.at", 1).limit(limit)
