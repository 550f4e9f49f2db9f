"""Whose buyer data is there for longer than it may be: what the daily removal asks."""

from __future__ import annotations

from datetime import datetime

from domain.privacy import OverOrder
from store.failures import translated
from store.moments import store_now
from store.order_documents import OrderDocument
from store.order_mapping import key_of
from store.tables import Database, Raw, collection_of


class KeptBuyers:
    """Orders by when they are over (collection ``orders``)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._orders = collection_of(database, OrderDocument)

    @translated
    def now(self) -> datetime:
        """Return the store's time, aware UTC.

        Raises:
            Unavailable: the store cannot be reached; so does ``over``.
        """
        return store_now(self._database)

    @translated
    def over(
        self, *, before: datetime, behind: OverOrder | None = None, limit: int
    ) -> list[OverOrder]:
        """Return orders that were over at that time, the longest over first.

        ``behind``: only those that come after this one.  Index: ``over``.
        """
        wanted: Raw = {"over_at": {"$lte": before}}
        if behind is not None:
            same = {
                "over_at": behind.over_at,
                "_id": {"$gt": key_of(behind.account, behind.order_id)},
            }
            wanted["over_at"] |= {"$gte": behind.over_at}
            wanted["$or"] = [{"over_at": {"$gt": behind.over_at}}, same]
        found = self._orders.find(wanted, {"account": 1, "order_id": 1, "over_at": 1})
        page = found.sort([("over_at", 1), ("_id", 1)]).limit(limit)
        return [OverOrder(raw["account"], raw["order_id"], raw["over_at"]) for raw in page]
