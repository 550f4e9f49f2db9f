"""Decisions of a person about shipments: try a refused one again, or say it was done by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

import click

from actors.app import App
from actors.fulfillment.bookkeeping import BookKeeping
from cli.revealing import who
from domain.orders import Order
from domain.shipment_outcomes import done_by_hand
from domain.shipment_retries import sent_once_more
from domain.shipments import ShipmentBook
from store.shipment_views import ShipmentRow

Decision = Callable[..., ShipmentBook]
"""``sent_once_more`` or ``done_by_hand``."""


def books_of(app: App, account: str) -> BookKeeping:
    """Return the account's books, as the stages keep them."""
    ports = app.ports
    return BookKeeping(
        account, ports.shipments, ports.orders, ports.tracking_inbox, ports.policy, ports.clock
    )


def try_again(app: App, rows: Sequence[ShipmentRow], reason: str) -> list[ShipmentRow]:
    """Let refused or not_applied shipments go again as they are; return how they stand now.

    Raises:
        Contended, Unavailable: of the store.
    """
    return _decide(app, rows, sent_once_more, f"retried by {_by(reason)}")


def count_as_done(app: App, rows: Sequence[ShipmentRow], reason: str) -> list[ShipmentRow]:
    """Note that somebody did in Seller Central what the file cannot say.

    Raises:
        Contended, Unavailable: of the store.
    """
    return _decide(app, rows, done_by_hand, f"said by {_by(reason)}")


def given_reason(reason: str) -> str:
    """Return the reason without blanks around it.

    Raises:
        UsageError: it is empty.
    """
    if not reason.strip():
        raise click.UsageError("say why: --reason '…'")
    return reason.strip()


def _by(reason: str) -> str:
    return f"{who()}: {reason}"


def _decide(
    app: App, rows: Sequence[ShipmentRow], decision: Decision, by: str
) -> list[ShipmentRow]:
    wanted: defaultdict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        wanted[row.account][row.order_id].append(row.shipment.shipment_id)
    for account, orders in wanted.items():
        books = books_of(app, account)
        change = partial(_changed, orders, decision, by, books.clock.now())
        books.change(list(orders), change, cause=by)
    found = [app.store.shipment_views.shipment(row.shipment.shipment_id) for row in rows]
    return [row for row in found if row is not None]


def _changed(
    orders: dict[str, list[str]],
    decision: Decision,
    by: str,
    now: datetime,
    book: ShipmentBook,
    _order: Order | None,
) -> ShipmentBook:
    for shipment_id in orders[book.order_id]:
        book = decision(book, shipment_id, by=by, now=now)
    return book
