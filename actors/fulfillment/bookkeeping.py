"""Shipments and their orders, changed together: what every stage of the tracking flow does.

Entries and orders meet here, and cannot miss each other: both are written first (entry in the
inbox, order in the store), and read only after the book was loaded, whose guard then holds.  The
order shows what its book says; if the book moved on while the order was written, it is written
again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from actors.ports import Clock, Orders, Policy, Shipments, TrackingInbox
from domain.messages import TrackingEntered
from domain.order_shipping import with_shipping
from domain.orders import Order
from domain.shipment_judging import judged
from domain.shipment_visibility import looked_for
from domain.shipments import ShipmentBook, taken_in

AT_ONCE = 500
"""Books loaded and written together."""

Change = Callable[[ShipmentBook, Order | None], ShipmentBook]
"""A change of a book, the order given as it is; made twice it must change nothing more."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A book as it stands, and the order it was judged by."""

    book: ShipmentBook
    order: Order | None


def as_it_is(book: ShipmentBook, order: Order | None) -> ShipmentBook:
    """Change nothing: entries are taken in and everything is judged anew."""
    del order
    return book


@dataclass(frozen=True, slots=True)
class BookKeeping:
    """The books of an account."""

    account: str
    shipments: Shipments
    orders: Orders
    tracking_inbox: TrackingInbox
    policy: Policy
    clock: Clock

    def change(
        self, order_ids: Collection[str], change: Change = as_it_is, *, cause: str
    ) -> dict[str, Kept]:
        """Change the books of orders, judge every shipment, let the orders show it.

        Orders without any shipment are left out.  ``cause`` goes to the orders' history.

        Raises:
            Contended: others were changing the same all the time.
            Unavailable: the store does not answer.
        """
        kept: dict[str, Kept] = {}
        for some in _parts(list(order_ids)):
            kept |= self._change(some, change, cause)
        return kept

    def ask_reading(self, order_ids: Collection[str]) -> None:
        """Let the next pass read these orders one by one, whatever else is due."""
        now = self.clock.now()
        for some in _parts(list(order_ids)):
            self.orders.change(self.account, {each: partial(_due, now=now) for each in some})

    def _change(self, order_ids: Sequence[str], change: Change, cause: str) -> dict[str, Kept]:
        now = self.clock.now()
        known: dict[str, Order] = {}
        read: dict[str, Sequence[TrackingEntered]] = {}

        def rewrite(books: Mapping[str, ShipmentBook]) -> dict[str, ShipmentBook]:
            # Both are read now, after the books: no entry and no order can be older than they.
            entries = self.tracking_inbox.of_orders(self.account, list(books))
            read.update(entries)
            mine = [key for key, book in books.items() if book.shipments or key in entries]
            known.update(self.orders.without_buyers(self.account, mine) if mine else {})
            return {
                key: self._rewritten(books[key], known.get(key), entries.get(key, ()), change, now)
                for key in mine
            }

        books = self.shipments.change(self.account, order_ids, rewrite)
        books = {key: book for key, book in books.items() if book.shipments}
        self._show(books, known, cause, now)
        self._note(books, read)
        return {key: Kept(book, known.get(key)) for key, book in books.items()}

    def _rewritten(
        self,
        book: ShipmentBook,
        order: Order | None,
        entries: Sequence[TrackingEntered],
        change: Change,
        now: datetime,
    ) -> ShipmentBook:
        for entry in entries:
            book = taken_in(book, entry, now=now)
        book = looked_for(change(book, order), order, now=now)
        book = judged(book, order, self.policy.fulfillment.carriers, now=now)
        return replace(book, ship_by=order.ship_by) if order is not None else book

    def _show(
        self,
        books: Mapping[str, ShipmentBook],
        known: Mapping[str, Order],
        cause: str,
        now: datetime,
    ) -> None:
        """Let the orders show what their books say, until no book has moved on meanwhile."""

        def shown(order: Order | None, book: ShipmentBook) -> Order | None:
            return order and with_shipping(order, book, cause=cause, now=now)

        stale = {key: book for key, book in books.items() if shown(known.get(key), book)}
        while stale:
            after = {key: partial(shown, book=book) for key, book in stale.items()}
            self.orders.change(self.account, after)
            latest = self.shipments.books(self.account, list(stale))
            stale = {
                key: book for key, book in latest.items() if book.revision != stale[key].revision
            }

    def _note(
        self, books: Mapping[str, ShipmentBook], read: Mapping[str, Sequence[TrackingEntered]]
    ) -> None:
        """Nobody has to be told any more of the entries that the books hold and the orders show."""
        self.tracking_inbox.taken_in(
            [
                entry
                for key, book in books.items()
                for entry in read.get(key, ())
                if entry.source_event_id in book.seen
            ]
        )


def _due(order: Order | None, now: datetime) -> Order | None:
    if order is None or (order.next_read_at is not None and order.next_read_at <= now):
        return None
    return replace(order, next_read_at=now)


def _parts(order_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(order_ids), AT_ONCE):
        yield order_ids[start : start + AT_ONCE]
