"""``/_simulator/…``: what tests and demo do behind Amazon's back.

GET    state             time, sellers, counters, faults
GET    orders?account=A  every order of an account, nothing withheld
POST   orders            {orders: [spec]} or one spec; see ``order_spec.put_order``
POST   clock             {advance_s?, speed?}
POST   faults            {faults: [spec]} or one spec; see ``faults.Faults.add``
DELETE faults            takes them away and lets go of what they hold
POST   report_document   {text | content_base64, charset?, content_type?, compression?}
POST   settings          any of ``world.Settings``
POST   tokens            {expire: true}: every access token is expired now
"""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Callable
from datetime import datetime
from typing import Any

from simulator import control, order_view
from simulator.clock import iso
from simulator.documents import Document
from simulator.report_content import Content
from simulator.wire import Request, Response, invalid_input, json_response, not_found
from simulator.world import World

PREFIX = "/_simulator/"


def handle(world: World, request: Request, now: datetime) -> Response:
    """Answer an admin request.

    Raises:
        ApiError: no such page (404), or it makes no sense (400).
    """
    name = request.path.removeprefix(PREFIX)
    action = _ACTIONS.get((request.method, name))
    if action is None:
        raise not_found(f"{request.method} {request.path}")
    try:
        return json_response(200, action(world, request, now))
    except (ValueError, KeyError, TypeError) as error:
        raise invalid_input(str(error)) from error


def _state(world: World, _request: Request, now: datetime) -> dict[str, Any]:
    return control.state(world, now)


def _orders(world: World, request: Request, now: datetime) -> dict[str, Any]:
    account = request.query.get("account", ["demo"])[0]
    return {
        "orders": [
            order_view.render(order, order_view.INCLUDED_DATA, now, restricted_role=True)
            for order in world.seller(account).orders.values()
        ]
    }


def _feeds(world: World, request: Request, _now: datetime) -> dict[str, Any]:
    account = request.query.get("account", ["demo"])[0]
    return {
        "feeds": [
            {
                **feed.render(),
                "application": feed.application,
                "content": _uploaded(feed.document),
            }
            for feed in world.seller(account).feeds.values()
        ]
    }


def _uploaded(document: Document | None) -> str | None:
    if document is None or document.body is None:
        return None
    return document.body.decode("utf-8", errors="replace")


def _foreign_feed(world: World, request: Request, _now: datetime) -> dict[str, Any]:
    return control.add_foreign_feed(world, request.json()).render()


def _put_orders(world: World, request: Request, _now: datetime) -> dict[str, Any]:
    body = request.json()
    orders = [control.put_order(world, spec) for spec in body.get("orders", [body])]
    return {"order_ids": [order.order_id for order in orders]}


def _clock(world: World, request: Request, now: datetime) -> dict[str, Any]:
    body = request.json()
    if "speed" in body:
        world.clock.set_speed(float(body["speed"]))
    if "advance_s" in body:
        world.clock.advance(float(body["advance_s"]))
        now = world.settle()
    return {"now": iso(now), "speed": world.clock.speed}


def _add_faults(world: World, request: Request, _now: datetime) -> dict[str, Any]:
    body = request.json()
    faults = [control.add_fault(world, spec) for spec in body.get("faults", [body])]
    return {"faults": [control.told(fault) for fault in faults]}


def _clear_faults(world: World, _request: Request, _now: datetime) -> dict[str, Any]:
    return {"cleared": control.clear_faults(world)}


def _report_document(world: World, request: Request, _now: datetime) -> dict[str, Any]:
    body = request.json()
    if "content_base64" in body:
        content = base64.b64decode(body["content_base64"], validate=True)
    else:
        content = str(body["text"]).encode(body.get("charset", "utf-8"))
    world.canned.append(
        Content(
            body=content,
            content_type=body.get("content_type", "text/plain; charset=UTF-8"),
            gzipped=body.get("compression") == "GZIP",
        )
    )
    return {"waiting": len(world.canned)}


def _settings(world: World, request: Request, _now: datetime) -> dict[str, Any]:
    control.change_settings(world, request.json())
    return dataclasses.asdict(world.settings)


def _tokens(world: World, request: Request, now: datetime) -> dict[str, Any]:
    if request.json().get("expire"):
        world.tokens.expire_all(now)
    return {}


_ACTIONS: dict[tuple[str, str], Callable[[World, Request, datetime], dict[str, Any]]] = {
    ("GET", "state"): _state,
    ("GET", "orders"): _orders,
    ("POST", "orders"): _put_orders,
    ("GET", "feeds"): _feeds,
    ("POST", "feeds"): _foreign_feed,
    ("POST", "clock"): _clock,
    ("POST", "faults"): _add_faults,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "report_document"): _report_document,
    ("POST", "settings"): _settings,
    ("POST", "tokens"): _tokens,
}
