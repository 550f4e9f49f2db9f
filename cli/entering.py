"""Entering tracking by hand: the same event another system would send, taken in the same way."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any
from uuid import uuid4

import click

from actors.app import App
from cli.failing import Stop
from cli.inline import in_this_process, is_in_memory
from cli.revealing import who
from domain.errors import Malformed
from domain.events import TrackingEnteredV1
from domain.messages import TrackingEntered
from domain.orders import Order
from domain.shipments import shipment_id_of
from store.shipment_views import ShipmentRow

ITEM_ID_DIGITS = 14
"""Source: Orders API, orderItemId as seen in the field; a SKU of that form is rare."""
LONGEST_WHO = 40
QUANTITY = re.compile(r"[0-9]{1,9}", re.ASCII)


def tracking_entry(
    account: str, order_id: str, order: Order | None, given: dict[str, Any], *, now: datetime
) -> TrackingEntered:
    """Return the entry for what was given on the command line; ``items`` are ID_OR_SKU:QTY.

    ``now`` is the store's time: a person's computer with a clock ahead of it must not make an
    entry that beats every later one.

    Raises:
        UsageError: it is no valid event; the text names fields and rules.
    """
    body = {
        **{name: value for name, value in given.items() if value is not None},
        "event_id": f"by hand/{who()[:LONGEST_WHO]}/{uuid4()}",
        "version": 1,
        "account": account,
        "order_id": order_id,
        "items": [_item(text, order) for text in given["items"]],
        "entered_at": now.isoformat(),
    }
    try:
        return TrackingEnteredV1.read(json.dumps(body).encode(), now=now).fact()
    except Malformed as refused:
        raise click.UsageError(str(refused)) from None


def take_in(app: App, entry: TrackingEntered) -> ShipmentRow | None:
    """Hand an entry over and see it through; return its shipment, or None: workers are on it.

    Raises:
        Stop: it was not accepted, or could not be worked off in this process.
    """
    with in_this_process(app.broker):
        hand_over(app, entry)
    book = app.store.shipment_views.book(entry.account, entry.order_id)
    shipments = book.shipments if book else ()
    ship_by = book.ship_by if book else None
    row = next(
        (
            ShipmentRow(entry.account, entry.order_id, ship_by, shipment)
            for shipment in shipments
            # A newer entry of the same reference may stand in place of this one.
            if shipment.content.source_event_id == entry.source_event_id
            or shipment.shipment_id == shipment_id_of(entry)
        ),
        None,
    )
    if row is None and is_in_memory(app.broker):
        raise Stop("the entry is kept, but could not be worked off here; why: failed list")
    return row


def hand_over(app: App, entry: TrackingEntered) -> None:
    """Do what the bridge does with an event.

    The entry is kept before it is announced, so that the sweeper finds it if this process dies.

    Raises:
        Stop: another content has its event id.
    """
    if app.store.tracking_inbox.receive([entry]):
        raise Stop("another content has this event id; why: events rejected")
    app.publish(entry)


def _item(text: str, order: Order | None) -> dict[str, Any]:
    name, separator, quantity = text.rpartition(":")
    if not separator or not name or not QUANTITY.fullmatch(quantity):
        raise click.BadParameter(f"{text!r} is not ID_OR_SKU:QUANTITY", param_hint="--item")
    field = "order_item_id" if _is_item_id(name, order) else "sku"
    return {field: name, "quantity": int(quantity)}


def _is_item_id(name: str, order: Order | None) -> bool:
    """Tell an order-item id from a SKU: by the order's own items, else by how ids look."""
    items = order.items if order is not None else ()
    if any(name == item.order_item_id for item in items):
        return True
    if any(name == item.sku for item in items):
        return False
    return len(name) == ITEM_ID_DIGITS and name.isascii() and name.isdecimal()
