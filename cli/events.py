"""``events``: what other systems sent and was not accepted; sending one to try it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import click

from actors.app import App
from actors.runtime.exchange import Exchange, NoQueue
from actors.runtime.inbound import BridgePorts, Delivery, settle
from cli.failing import Stop
from cli.inline import in_this_process
from cli.output import COUNT, json_option, plain, print_json, short, show, table
from cli.session import Session, pass_session
from domain.errors import Malformed
from domain.events import EXCHANGE, INBOUND_MODELS
from domain.rejected_events import KeptRejection


@click.group
def events() -> None:
    """Events of other systems: the rejected ones, try one."""


@events.command("rejected")
@click.argument("rejection_id", metavar="[ID]", required=False)
@click.option("--limit", type=COUNT, default=50, show_default=True)
@json_option
@pass_session
def list_rejected(session: Session, *, rejection_id: str | None, limit: int, as_json: bool) -> None:
    """Show events that were not accepted and why; with ID, the one as it was sent."""
    with session.app() as app:
        if rejection_id is not None:
            found = app.store.rejected_events.get(rejection_id)
            if found is None:
                raise Stop(f"no rejected event {rejection_id!r}; `events rejected` lists them")
            _show_one(found, as_json=as_json)
            return
        rejections = app.store.rejected_events.find(limit=limit)
    if as_json:
        print_json({"rejected": [_row(each) for each in rejections]})
    elif rejections:
        show(
            table(
                "Events that were not accepted, the newest first",
                ("id", "at (UTC)", "type", "account", "event", "why"),
                (_cells(each) for each in rejections),
            ),
            "",
            "As it was sent: events rejected ID",
        )
    else:
        show("No event was rejected.")


def _row(kept: KeptRejection) -> dict[str, Any]:
    one = kept.rejected
    return {
        "id": kept.id,
        "at": plain(kept.at),
        "type": one.type,
        "account": one.account,
        "event_id": one.event_id,
        "reason": one.reason,
        "size_bytes": one.size_bytes,
    }


def _cells(kept: KeptRejection) -> tuple[str, ...]:
    one = kept.rejected
    return kept.id, short(kept.at), one.type, one.account or "-", one.event_id or "-", one.reason


def _show_one(kept: KeptRejection, *, as_json: bool) -> None:
    body = kept.rejected.body.decode("utf-8", errors="backslashreplace")
    if as_json:
        print_json({**_row(kept), "body": body})
    else:
        show(table(f"Rejected event {kept.id}", ("", ""), _row(kept).items()), "", body)


@events.command("publish")
@click.argument("event_type", metavar="TYPE", type=click.Choice(list(INBOUND_MODELS)))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--unchecked", is_flag=True, help="Send it even if it will be rejected.")
@json_option
@pass_session
def publish(
    session: Session, *, event_type: str, file: Path, unchecked: bool, as_json: bool
) -> None:
    """Send the event in FILE (JSON) as another system would."""
    body = _read(file)
    with session.app() as app:
        if not unchecked:
            _check(app, event_type, body, file)
        if session.settings.is_in_memory:
            said = _take_in_here(app, event_type, body)
        else:
            said = _send(session.settings.broker_url, event_type, body)
    if as_json:
        print_json({"type": event_type, "event_id": _event_id(body), "said": said})
    else:
        show(said)


def _read(file: Path) -> bytes:
    if not file.is_file():
        raise Stop(f"no such file: {file}")
    return file.read_bytes()


def _check(app: App, event_type: str, body: bytes, file: Path) -> None:
    try:
        event = INBOUND_MODELS[event_type].read(body, now=app.store.now())
    except Malformed as refused:
        raise Stop(
            f"{file} would be rejected: {refused} (--unchecked sends it all the same)"
        ) from None
    if event.account not in app.accounts:
        raise Stop(f"{file} would be rejected: account {event.account!r} is not configured")


def _send(broker_url: str, event_type: str, body: bytes) -> str:
    exchange = Exchange(broker_url, mandatory=True)
    try:
        exchange(event_type, _event_id(body), body)
    except NoQueue:
        raise Stop(
            f"not sent: no queue takes {event_type}; somebody has just deleted it: send it again"
        ) from None
    finally:
        exchange.close()
    return f"sent to {EXCHANGE} with routing key {event_type}; if rejected: events rejected"


def _take_in_here(app: App, event_type: str, body: bytes) -> str:
    """Do what the bridge does: with the broker in memory nobody else would."""
    ports = BridgePorts(
        broker_url="",
        accounts=frozenset(app.accounts),
        inboxes={"tracking.entered": app.store.tracking_inbox},
        rejections=app.store.rejected_events,
        publish=app.publish,
        now=app.store.now,
    )
    delivery = Delivery(event_type, body, redelivered=False, tag=1)

    def publish_all(facts: Any) -> None:
        for fact in facts:
            app.publish(fact)

    with in_this_process(app.broker):
        rejections = settle(ports, [delivery], session=uuid4().hex, publish_all=publish_all)
    if rejections:
        raise Stop("rejected; why: events rejected")
    return "taken in and worked off here: the broker is in memory"


def _event_id(body: bytes) -> str:
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    return str(told.get("event_id", "")) if isinstance(told, dict) else ""
