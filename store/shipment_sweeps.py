"""What the sweepers ask of shipments: which are standing still although they need not."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from domain.feeds import FULFILLMENT, Feed, FeedState, lane_of
from domain.shipment_joining import gate
from domain.shipment_skips import NEVER
from domain.shipment_visibility import is_awaited, is_missed
from domain.shipments import Outbound, ShipmentBook
from domain.sweeping import StillBook
from store.failures import translated
from store.feed_documents import FeedDocument
from store.feed_preparing import feed_from
from store.moments import store_now
from store.order_documents import OrderDocument
from store.order_mapping import order_from
from store.report_documents import SkippedRowDocument
from store.shipment_documents import ShipmentBookDocument
from store.shipment_mapping import book_from
from store.tables import Database, Raw, collection_of

AT_ONCE = 500
NEEDED_TO_NAME = {"account": 1, "order_id": 1, "revision": 1}


class ShipmentSweeps:
    """Shipments of all accounts that somebody should look after."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._books = collection_of(database, ShipmentBookDocument)
        self._orders = collection_of(database, OrderDocument)
        self._skipped = collection_of(database, SkippedRowDocument)
        self._feeds = collection_of(database, FeedDocument)

    @translated
    def joinable(self, *, older_than: timedelta) -> list[StillBook]:
        """Return books with shipments that wait although their order can be shipped, or never will.

        Indexes: ``waiting``; ``_id`` of the orders and of the skipped rows.
        """
        found: list[StillBook] = []
        for books in self._waiting(older_than):
            orders, never = self._orders_of(books), self._skipped_of(books)
            found += [
                _still(book)
                for book in books
                if _has_moved(book, orders.get(_key(book))) or _key(book) in never - orders.keys()
            ]
        return found

    @translated
    def waiting(self, *, older_than: timedelta) -> list[StillBook]:
        """Return books with shipments that wait for an order that is known, the longest first.

        Indexes: ``waiting``; ``_id`` of the orders.
        """
        found: list[StillBook] = []
        for books in self._waiting(older_than):
            orders = self._orders_of(books)
            found += [_still(book) for book in books if _key(book) in orders]
        return found

    @translated
    def unseen(self, *, older_than: timedelta) -> list[StillBook]:
        """Return books with shipments accepted that long ago of which nothing is known since.

        Those that count as not applied are left to people.  Index: ``unseen``.
        """
        since = store_now(self._database) - older_than
        found = self._books.find({"unseen_since": {"$lte": since}}).sort("unseen_since", 1)
        books = (book_from(raw) for raw in found)
        return [_still(book) for book in books if _is_to_be_looked_for(book, since)]

    @translated
    def refused_with(self, codes: Collection[str]) -> list[StillBook]:
        """Return books with shipments Amazon refused with one of these codes.

        Index: ``refused_by_amazon``.
        """
        found = self._books.find({"refused_codes": {"$in": sorted(codes)}}, NEEDED_TO_NAME)
        return [_named(raw) for raw in found]

    @translated
    def due_without_feed(self, account: str) -> str | None:
        """Return the last feed of an account that has something due and no feed open.

        Indexes: ``due``; ``one_open_per_lane`` and ``attempts_of_lane`` of the feeds.
        """
        if self._books.find_one({"account": account, "due_by": {"$exists": True}}) is None:
            return None
        lane = lane_of(account, FULFILLMENT)
        if self._feeds.find_one({"open_lane": lane}) is not None:
            return None
        last = next(self._feeds.find({"lane": lane}).sort("attempt_at", -1).limit(1), None)
        return f"after {last['_id']}" if last else "no feed yet"

    @translated
    def left_in(self, *, unverified: bool) -> list[Feed]:
        """Return feeds that are over, or unverified, and have shipments in them.

        Indexes: ``in_feed``; ``_id`` of the feeds.
        """
        groups = self._books.aggregate(
            [
                {"$match": {"feeds": {"$exists": True}}},
                {"$unwind": "$feeds"},
                {"$group": {"_id": "$feeds"}},
            ]
        )
        names = [group["_id"] for group in groups]
        over: Raw = {"owed": {"$exists": False}, "closed_at": {"$exists": True}}
        feeds = [feed_from(raw) for raw in self._feeds.find({"_id": {"$in": names}} | over)]
        return [each for each in feeds if (each.state is FeedState.UNVERIFIED) == unverified]

    @translated
    def in_feed(self, account: str, feed: str) -> list[StillBook]:
        """Return books with shipments in a feed.  Index: ``in_feed``."""
        found = self._books.find({"feeds": feed, "account": account}, NEEDED_TO_NAME)
        return [_named(raw) for raw in found]

    def _waiting(self, older_than: timedelta) -> Iterator[list[ShipmentBook]]:
        """Yield all of them, some at a time: most wait with good reason, and some for ever."""
        since = store_now(self._database) - older_than
        found = self._books.find({"waiting_since": {"$lte": since}}).sort("waiting_since", 1)
        some: list[ShipmentBook] = []
        for raw in found:
            some.append(book_from(raw))
            if len(some) == AT_ONCE:
                yield some
                some = []
        yield some

    def _orders_of(self, books: list[ShipmentBook]) -> dict[str, Raw]:
        keys = [_key(book) for book in books]
        found = self._orders.find({"_id": {"$in": keys}}, {"buyer": 0, "history": 0})
        return {raw["_id"]: raw for raw in found}

    def _skipped_of(self, books: list[ShipmentBook]) -> set[str]:
        keys = [f"{_key(book)}/{reason}" for book in books for reason in NEVER]
        found = self._skipped.find({"_id": {"$in": keys}}, {"account": 1, "order_id": 1})
        return {f"{raw['account']}/{raw['order_id']}" for raw in found}


def _has_moved(book: ShipmentBook, raw: Raw | None) -> bool:
    """Whether its shipments would not wait any more, or for something else."""
    verdict = gate(order_from(raw, None) if raw else None)
    waiting = [each for each in book.shipments if each.outbound is Outbound.WAITING]
    return any(verdict is None or verdict.reason is not each.reason for each in waiting)


def _is_to_be_looked_for(book: ShipmentBook, since: datetime) -> bool:
    return any(
        is_awaited(each)
        and not is_missed(each)
        and each.accepted_at is not None
        and each.accepted_at <= since
        for each in book.shipments
    )


def _still(book: ShipmentBook) -> StillBook:
    return StillBook(book.account, book.order_id, book.revision)


def _named(raw: Raw) -> StillBook:
    return StillBook(raw["account"], raw["order_id"], raw["revision"])


def _key(book: ShipmentBook) -> str:
    return f"{book.account}/{book.order_id}"
