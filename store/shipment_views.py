"""What people look at of shipments.  Reads only."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from domain.shipment_visibility import is_missed
from domain.shipments import Outbound, Reason, Shipment, ShipmentBook
from store.failures import translated
from store.order_mapping import key_of
from store.shipment_documents import ShipmentBookDocument
from store.shipment_mapping import bare, book_from, refused_codes
from store.tables import Database, Raw, collection_of


@dataclass(frozen=True, slots=True)
class ShipmentRow:
    """A shipment and where it belongs; ``ship_by`` is the order's."""

    account: str
    order_id: str
    ship_by: datetime | None
    shipment: Shipment


class ShipmentViews:
    """Shipments, to be looked at."""

    def __init__(self, database: Database) -> None:
        self._books = collection_of(database, ShipmentBookDocument)

    @translated
    def list_shipments(
        self,
        *,
        account: str | None = None,
        order_id: str | None = None,
        outbounds: Collection[Outbound] = (),
        reason: Reason | None = None,
        limit: int = 50,
    ) -> list[ShipmentRow]:
        """Return shipments, those of the order changed last first.

        Indexes: ``by_reason`` or ``by_outbound``, else ``newest``; ``order_id`` is looked for
        among those of the account (``_id``).
        """
        wanted: Raw = {} if account is None else {"account": account}
        if account is not None and order_id is not None:
            wanted["_id"] = key_of(account, order_id)
        elif order_id is not None:
            wanted["order_id"] = order_id
        if outbounds:
            wanted["outbounds"] = {"$in": [str(each) for each in outbounds]}
        if reason is not None:
            wanted["reasons"] = str(reason)
        rows = (
            row
            for row in self._rows(wanted)
            if (not outbounds or row.shipment.outbound in outbounds)
            and (reason is None or row.shipment.reason is reason)
        )
        return list(islice(rows, limit))

    @translated
    def shipment(self, shipment_id: str) -> ShipmentRow | None:
        """Return a shipment.  Index: ``by_shipment``."""
        wanted = {"shipments.shipment_id": shipment_id}
        rows = (_rows_of(book_from(raw)) for raw in self._books.find(wanted))
        every = (row for each in rows for row in each)
        return next((row for row in every if row.shipment.shipment_id == shipment_id), None)

    @translated
    def book(self, account: str, order_id: str) -> ShipmentBook | None:
        """Return all shipments of an order.  Index: ``_id``."""
        raw = self._books.find_one({"_id": key_of(account, order_id)})
        return book_from(raw) if raw else None

    @translated
    def with_tracking_number(self, tracking_number: str) -> list[ShipmentRow]:
        """Return the shipments with a tracking number, however it is written.

        Index: ``by_tracking_number``.
        """
        number = bare(tracking_number)
        found = self._books.find({"tracking_numbers": number})
        rows = [row for raw in found for row in _rows_of(book_from(raw))]
        return [row for row in rows if bare(row.shipment.content.tracking_number) == number]

    @translated
    def refused_with(
        self, codes: Collection[str], *, account: str | None = None, limit: int = 500
    ) -> list[ShipmentRow]:
        """Return shipments Amazon refused with one of these codes.

        Index: ``refused_by_amazon``.
        """
        wanted: Raw = {"refused_codes": {"$in": list(codes)}}
        if account is not None:
            wanted["account"] = account
        found = self._books.find(wanted).sort("_id", 1)
        rows = (row for raw in found for row in _rows_of(book_from(raw)))
        return list(islice((r for r in rows if refused_codes(r.shipment) & set(codes)), limit))

    @translated
    def missed(self, *, account: str | None = None) -> list[ShipmentRow]:
        """Return shipments that are ``not_applied``: accepted, and not shown hours later.

        Index: ``unseen``.
        """
        wanted: Raw = {"unseen_since": {"$exists": True}, "missed": True}
        if account is not None:
            wanted["account"] = account
        found = self._books.find(wanted).sort("unseen_since", 1)
        rows = (row for raw in found for row in _rows_of(book_from(raw)))
        return [row for row in rows if is_missed(row.shipment)]

    @translated
    def count_by_outbound(self, *, account: str | None = None) -> dict[Outbound, int]:
        """Return how many shipments stand where.  Reads all books of the account."""
        mine = [{"$match": {"account": account}}] if account is not None else []
        groups = self._books.aggregate(
            [
                *mine,
                {"$project": {"shipments.outbound": 1}},
                {"$unwind": "$shipments"},
                {"$group": {"_id": "$shipments.outbound", "shipments": {"$sum": 1}}},
            ]
        )
        counts = {group["_id"]: group["shipments"] for group in groups}
        return {outbound: counts.get(outbound.value, 0) for outbound in Outbound}

    def _rows(self, wanted: Raw) -> Iterator[ShipmentRow]:
        found = self._books.find(wanted).sort([("changed_at", -1), ("_id", 1)])
        for raw in found:
            yield from _rows_of(book_from(raw))


def _rows_of(book: ShipmentBook) -> Iterator[ShipmentRow]:
    for shipment in book.shipments:
        yield ShipmentRow(book.account, book.order_id, book.ship_by, shipment)
