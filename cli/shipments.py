"""``shipments``: packages on their way to Amazon; enter one, try a refused one again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from actors.app import App
from cli.entering import take_in, tracking_entry
from cli.failing import FAILED, Stop
from cli.output import json_option, print_json, show
from cli.retrying import count_as_done, given_reason, try_again
from cli.session import Session, account_option, pass_session
from cli.shipment_view import (
    notes,
    shipment_document,
    shipment_row,
    shipment_screen,
    shipment_table,
)
from domain.shipment_visibility import NOT_APPLIED, is_missed
from domain.shipments import Outbound, Reason
from store.shipment_views import ShipmentRow

STATES = [*(each.value for each in Outbound), NOT_APPLIED]
ENOUGH = 500
"""Shipments tried again in one go; the command says when there may be more."""

reason_option = click.option("--reason", required=True, help="Why; recorded with your name.")


@click.group
def shipments() -> None:
    """Look at packages, enter one, try a refused one again."""


@shipments.command("list")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(STATES, case_sensitive=False),
    help="Only these; can be repeated.",
)
@account_option
@click.option("--order", "order_id", metavar="ID", help="Only of this order.")
@click.option("--tracking-number", metavar="N", help="Only with it, however it is written.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
@pass_session
def list_shipments(  # noqa: PLR0913  one per option
    session: Session,
    *,
    states: Sequence[str],
    account: str | None,
    order_id: str | None,
    tracking_number: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show shipments and why each stands where it stands, the last changed first.

    State not_applied: Amazon accepted it and does not show it hours later.
    """
    only = session.account_filter(account)
    with session.app() as app:
        if tracking_number is None:
            found = _found(app, states, only, order_id, limit)
        else:
            rows = app.store.shipment_views.with_tracking_number(tracking_number)
            found = [row for row in rows if _is_wanted(row, states, only, order_id)][:limit]
    if as_json:
        print_json({"shipments": [shipment_row(each) for each in found]})
    elif found:
        more = f" (the first {limit}; --limit shows more)" if len(found) == limit else ""
        title = f"Shipments, the last changed first{more}"
        show(shipment_table(title, found), "", "One of them: shipments show ID")
    else:
        show("No such shipment. Systems that ship send them, or: shipments enter ORDER …")


@shipments.command("show")
@click.argument("shipment_id", metavar="ID")
@json_option
@pass_session
def show_shipment(session: Session, *, shipment_id: str, as_json: bool) -> None:
    """Show one shipment: what was entered, where it stands, what happened to it."""
    with session.app() as app:
        row = _get(app, shipment_id)
    if as_json:
        print_json(shipment_document(row))
    else:
        show(*shipment_screen(row))


@shipments.command("retry")
@click.argument("shipment_id", metavar="[ID]", required=False)
@click.option("--code", help="All that were refused with Amazon's code, or for our reason.")
@account_option
@reason_option
@json_option
@click.pass_context
@pass_session
def retry(  # noqa: PLR0913  one per option
    session: Session,
    ctx: click.Context,
    *,
    shipment_id: str | None,
    code: str | None,
    account: str | None,
    reason: str,
    as_json: bool,
) -> None:
    """Let a refused shipment, or all refused with one code, go again as they are.

    So does one, by its ID, that Amazon accepted and does not show hours later (not_applied).

    Exit code 1 if any is refused again at once; correcting it helps then, trying again does not.
    """
    if (shipment_id is None) == (code is None):
        raise click.UsageError("say which: a shipment's ID, or --code C")
    why, only = given_reason(reason), session.account_filter(account)
    with session.app() as app:
        if shipment_id is not None:
            rows = [_retriable(_get(app, shipment_id))]
        else:
            rows = _refused_with(app, str(code), only)
        found = try_again(app, rows, why)
    _told("tried again", found, as_json=as_json, full=len(rows) == ENOUGH)
    if any(row.shipment.outbound is Outbound.REFUSED for row in found):
        ctx.exit(FAILED)


@shipments.command("done")
@click.argument("shipment_id", metavar="ID")
@reason_option
@json_option
@pass_session
def done(session: Session, *, shipment_id: str, reason: str, as_json: bool) -> None:
    """Say that a shipment that stands at "manual" was done in Seller Central."""
    why = given_reason(reason)
    with session.app() as app:
        row = _standing(_get(app, shipment_id), Outbound.MANUAL)
        found = count_as_done(app, [row], why)
    _told("done by hand", found, as_json=as_json)


@shipments.command("enter")
@click.argument("order_id", metavar="ORDER")
@account_option
@click.option("--carrier", required=True, help="Name or code; `carriers resolve` tries one.")
@click.option("--tracking-number", required=True)
@click.option("--shipped-at", required=True, help="With offset: 2026-11-23T15:40:00-05:00")
@click.option(
    "--item",
    "items",
    multiple=True,
    required=True,
    metavar="ID_OR_SKU:QTY",
    help="Units of an order item in the package; can be repeated.",
)
@click.option("--ref", "shipment_ref", help="Your reference; the same again corrects.")
@click.option("--ship-method", help="The service level, e.g. Ground.")
@json_option
@click.pass_context
@pass_session
def enter(
    session: Session,
    ctx: click.Context,
    /,
    *,
    order_id: str,
    account: str | None,
    as_json: bool,
    **given: Any,
) -> None:
    """Enter the tracking of a package by hand, as another system's event would.

    Exit code 1 if it is refused.
    """
    name = session.account(account)
    with session.app() as app:
        order = app.ports.orders.get(name, order_id)
        entry = tracking_entry(name, order_id, order, given, now=app.store.now())
        row = take_in(app, entry)
    if row is not None:
        _told("entered", [row], as_json=as_json)
    elif as_json:
        print_json({"entered": 1, "event_id": entry.source_event_id, "shipments": []})
    else:
        show(f"Entered; workers are on it: shipments list --order {order_id}")
    if row is not None and row.shipment.outbound is Outbound.REFUSED:
        ctx.exit(FAILED)


def _get(app: App, shipment_id: str) -> ShipmentRow:
    row = app.store.shipment_views.shipment(shipment_id)
    if row is None:
        raise Stop(f"no shipment {shipment_id!r}; `shipments list` shows what there is")
    return row


def _found(
    app: App, states: Sequence[str], account: str | None, order_id: str | None, limit: int
) -> list[ShipmentRow]:
    views, rows = app.store.shipment_views, list[ShipmentRow]()
    wanted = tuple(Outbound(each) for each in states if each != NOT_APPLIED)
    if wanted or not states:
        rows += views.list_shipments(
            account=account, order_id=order_id, outbounds=wanted, limit=limit
        )
    if NOT_APPLIED in states:
        missed = views.missed(account=account)
        rows += [row for row in missed if order_id in (None, row.order_id)]
    return list({row.shipment.shipment_id: row for row in rows}.values())[:limit]


def _is_wanted(
    row: ShipmentRow, states: Sequence[str], account: str | None, order_id: str | None
) -> bool:
    stands = {row.shipment.outbound.value, *([NOT_APPLIED] if is_missed(row.shipment) else ())}
    is_there = account in (None, row.account) and order_id in (None, row.order_id)
    return is_there and (not states or not stands.isdisjoint(states))


def _retriable(row: ShipmentRow) -> ShipmentRow:
    return row if is_missed(row.shipment) else _standing(row, Outbound.REFUSED)


def _standing(row: ShipmentRow, wanted: Outbound) -> ShipmentRow:
    each = row.shipment
    if each.outbound is not wanted:
        raise Stop(f"shipment {each.shipment_id} is {each.outbound.value}, not {wanted.value}")
    return row


def _refused_with(app: App, code: str, account: str | None) -> list[ShipmentRow]:
    views = app.store.shipment_views
    if code in {each.value for each in Reason if each is not Reason.NONE}:
        refused, why = (Outbound.REFUSED,), Reason(code)
        rows = views.list_shipments(account=account, outbounds=refused, reason=why, limit=ENOUGH)
    else:
        rows = views.refused_with([code], account=account, limit=ENOUGH)
    if not rows:
        raise Stop(f"no shipment is refused with {code!r}; see: shipments list --state refused")
    return rows


def _told(what: str, rows: Sequence[ShipmentRow], *, as_json: bool, full: bool = False) -> None:
    if as_json:
        name = what.replace(" ", "_")
        print_json({name: len(rows), "shipments": [shipment_row(each) for each in rows]})
        return
    for row in rows:
        each = row.shipment
        why = f": {notes(each)}" if notes(each) else ""
        show(f"{what}: shipment {each.shipment_id} of {row.order_id} is {each.outbound.value}{why}")
    if full:
        show(f"These were {ENOUGH}; call it again for more.")
