"""``fulfillment``: what the next feed would send, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import click
from rich.table import Table

from actors.app import App
from actors.fulfillment.batching import Batch, next_batch
from cli.output import json_option, print_json, show, table
from cli.retrying import books_of
from cli.session import Session, account_option, pass_session
from cli.shipment_view import notes
from domain.feeds import FULFILLMENT, Lane
from domain.shipments import Outbound, Shipment
from store.shipment_views import ShipmentRow

UNSENT = tuple(each for each in Outbound if each is not Outbound.ACCEPTED)
MOST = 1000
"""Shipments left out that are told one by one."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A shipment that the next feed does not send, and why."""

    row: ShipmentRow
    why: str


@click.group
def fulfillment() -> None:
    """See what the next fulfillment feed would send."""


@fulfillment.command("preview")
@account_option
@json_option
@pass_session
def preview(session: Session, *, account: str | None, as_json: bool) -> None:
    """Show the exact file the next feed would send, and why each other shipment is not in it.

    Everything that is due is judged anew first, as the stage does; nothing is sent or claimed.
    """
    name = session.account(account)
    with session.app() as app:
        batch = next_batch(books_of(app, name))
        lane = app.store.feeds.lane(name, FULFILLMENT)
        writes = name in app.ports.policy.amazon_writes
        left_out = tuple(_left_out(app, name, batch))
    remarks = tuple(_remarks(lane, writes=writes))
    if as_json:
        print_json(_document(name, batch, remarks, left_out))
    else:
        _show(name, batch, remarks, left_out)


def _remarks(lane: Lane, *, writes: bool) -> Iterator[str]:
    if not writes:
        yield "Writing to Amazon is off for this account: the feed is prepared, shown, never sent."
    if lane.open_feed is not None and not lane.open_feed.dry:
        yield f"It has to wait for feed {lane.open_feed.feed_id} ({lane.open_feed.state.value})."
    if lane.ready_in_s > 0:
        yield f"Amazon takes the next one in {lane.ready_in_s:.0f} s."


def _left_out(app: App, account: str, batch: Batch) -> Iterator[LeftOut]:
    inside = {package.shipment_id for package in batch.file.packages} if batch.file else set()
    found = app.store.shipment_views.list_shipments(
        account=account, outbounds=UNSENT, limit=MOST + len(inside)
    )
    for row in found:
        if row.shipment.shipment_id not in inside:
            yield LeftOut(row, _why(row.shipment))


def _why(shipment: Shipment) -> str:
    match shipment.outbound:
        case Outbound.DUE:
            return "the file is full: it goes with the one after"
        case Outbound.IN_FEED:
            return f"feed {shipment.feed} carries it already"
        case _:
            return notes(shipment) or shipment.outbound.value


def _document(
    account: str, batch: Batch, remarks: tuple[str, ...], left_out: tuple[LeftOut, ...]
) -> dict[str, Any]:
    file = None
    if batch.file is not None:
        file = {
            "content": batch.file.content.decode(),
            "bytes": len(batch.file.content),
            "sha256": sha256(batch.file.content).hexdigest(),
            "rows": len(batch.file.rows),
            "shipments": [package.shipment_id for package in batch.file.packages],
        }
    return {
        "account": account,
        "file": file,
        "remarks": list(remarks),
        "not_in_it": [
            {
                "shipment_id": each.row.shipment.shipment_id,
                "order_id": each.row.order_id,
                "state": each.row.shipment.outbound.value,
                "why": each.why,
            }
            for each in left_out
        ],
    }


def _show(
    account: str, batch: Batch, remarks: tuple[str, ...], left_out: tuple[LeftOut, ...]
) -> None:
    if batch.file is None:
        show(f"Nothing of {account} is due: no feed would be made.", *remarks)
    else:
        size = f"{len(batch.file.rows)} rows, {len(batch.file.content)} bytes"
        show(f"The next fulfillment feed of {account}: {size}", *remarks, "")
        # Not as a table's text: tabs stay tabs.
        click.echo(batch.file.content, nl=False)
    if left_out:
        show("", _left_out_table(left_out))


def _left_out_table(left_out: tuple[LeftOut, ...]) -> Table:
    rows = ((each.row.shipment, each) for each in left_out)
    return table(
        "Not in it",
        ("shipment", "order", "stands", "why"),
        ((it.shipment_id, each.row.order_id, it.outbound.value, each.why) for it, each in rows),
    )
