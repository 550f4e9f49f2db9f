"""What people look at of orders: lists, counts, the export.  Reads only, but for disclosures."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import nsmallest
from itertools import islice
from typing import Self

from domain.errors import Malformed
from domain.order_status import ready_to_ship
from domain.orders import EnrichmentState, Order, OrderStatus
from store.encryption import FieldCipher
from store.failures import translated
from store.moments import store_now
from store.order_documents import OrderDocument
from store.order_mapping import key_of, order_from
from store.state_documents import DisclosureDocument
from store.tables import Database, Raw, collection_of

EXPORTED = [EnrichmentState.COMPLETE.value, EnrichmentState.CLOSED.value]
"""Closed ones too: whoever ships by the export must hear that an order was cancelled."""
NEVER = datetime.max.replace(tzinfo=UTC)
SETTLES = timedelta(seconds=1)
"""A write shows at most so long after the time it is stamped with."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the order of changes: behind this change of this order."""

    at: datetime
    key: str

    def __str__(self) -> str:
        """Return it as a reader of the export keeps it."""
        return f"{self.at.isoformat(timespec='milliseconds')}/{self.key}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Read a cursor.

        Raises:
            Malformed: it is none of ours.
        """
        at, _, key = text.partition("/")
        try:
            moment = datetime.fromisoformat(at)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None or not key:
            raise Malformed("not a cursor of the export: copy it from an exported line")
        return cls(moment, key)


class OrderViews:
    """Orders, to be looked at."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database, self._cipher = database, cipher
        self._orders = collection_of(database, OrderDocument)
        self._disclosures = collection_of(database, DisclosureDocument)

    @translated
    def list_orders(
        self,
        *,
        account: str | None = None,
        statuses: Collection[OrderStatus] = (),
        after: Order | None = None,
        limit: int = 50,
    ) -> list[Order]:
        """Return orders, the newest first.  ``after``: go on behind this one.

        Index: ``newest_of_status`` for one account, else ``newest``.
        """
        wanted: Raw = {} if account is None else {"account": account}
        if account is not None or statuses:
            # All statuses are named, so that the index is used from its beginning.
            wanted["status"] = {"$in": [str(each) for each in statuses or OrderStatus]}
        if after is not None:
            same = {
                "purchased_at": after.purchased_at,
                "_id": {"$lt": key_of(after.account, after.order_id)},
            }
            wanted["$or"] = [{"purchased_at": {"$lt": after.purchased_at}}, same]
        found = self._orders.find(wanted).sort([("purchased_at", -1), ("_id", -1)])
        return [order_from(raw, self._cipher) for raw in islice(found, limit)]

    @translated
    def list_to_ship(self, *, account: str | None = None, limit: int = 50) -> list[Order]:
        """Return orders a warehouse may pack now, the one to be shipped soonest first.

        All open orders are read: whether one is ready is decided by ``domain.order_status`` alone.
        Index: ``newest_of_status`` for one account.
        """
        wanted: Raw = {} if account is None else {"account": account}
        found = self._orders.find(wanted | {"status": OrderStatus.NEW.value})
        orders = (order_from(raw, self._cipher) for raw in found)
        return nsmallest(limit, filter(ready_to_ship, orders), key=_urgency)

    @translated
    def count_by_status(self, *, account: str | None = None) -> dict[OrderStatus, int]:
        """Return how many orders show each status.

        Index: ``newest_of_status``; over all accounts, the whole collection.
        """
        mine = [{"$match": {"account": account}}] if account is not None else []
        groups = self._orders.aggregate(
            [*mine, {"$group": {"_id": "$status", "orders": {"$sum": 1}}}]
        )
        counts = {group["_id"]: group["orders"] for group in groups}
        return {status: counts.get(status.value, 0) for status in OrderStatus}

    @translated
    def export(
        self, *, since: str = "", account: str | None = None, limit: int = 200
    ) -> list[tuple[str, Order]]:
        """Return complete orders that changed behind a cursor, the oldest change first.

        Each comes with the cursor to go on behind it; an order that changes comes again.  Buyers
        are included: whoever reveals them records it first (``record_disclosure``).  No change is
        passed over: one that was stamped before the last one told, and shows only now, is waited
        for (at most a second, and only when orders are changing right now).  Index: ``changed``.

        Raises:
            Malformed: the cursor is none of ours.
            Permanent: a buyer's encryption key is not configured.
        """
        now = store_now(self._database)
        wanted: Raw = {"changed_at": {"$lte": now}, "enrichment": {"$in": EXPORTED}}
        if account is not None:
            wanted["account"] = account
        if since:
            wanted |= _behind(Cursor.read(since), now)
        page = self._page(wanted, limit)
        if page and page[-1]["changed_at"] > now - SETTLES:
            time.sleep(SETTLES.total_seconds())
            page = self._page(wanted, limit)
        return [
            (str(Cursor(raw["changed_at"], raw["_id"])), order_from(raw, self._cipher))
            for raw in page
        ]

    @translated
    def record_disclosure(self, orders: Sequence[Order], *, who: str, reason: str) -> None:
        """Record who is about to see the buyers of these orders, and what for.

        Raises:
            ValueError: a name or a reason is missing.
        """
        if not who.strip() or not reason.strip():
            raise ValueError("a disclosure needs who and why")
        what = [key_of(order.account, order.order_id) for order in orders]
        seen = {"who": who, "why": reason, "what": what, "at": store_now(self._database)}
        self._disclosures.insert_one(seen)

    def _page(self, wanted: Raw, limit: int) -> list[Raw]:
        return list(self._orders.find(wanted).sort([("changed_at", 1), ("_id", 1)]).limit(limit))


def _urgency(order: Order) -> tuple[datetime, datetime, str]:
    return order.ship_by or NEVER, order.purchased_at, order.order_id


def _behind(cursor: Cursor, now: datetime) -> Raw:
    same = {"changed_at": cursor.at, "_id": {"$gt": cursor.key}}
    return {
        "changed_at": {"$gte": cursor.at, "$lte": now},
        "$or": [{"changed_at": {"$gt": cursor.at}}, same],
    }
