"""Orders API 2026-01-01: searchOrders and getOrder."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from simulator import order_view
from simulator.call import Call
from simulator.clock import iso, parse_iso
from simulator.orders import STATUSES, Order
from simulator.wire import Response, invalid_input, json_response, not_found

MOST_MARKETPLACES = 50
LARGEST_PAGE = 100
TOKEN_LIFE = timedelta(hours=24)
LEAST_AGE = timedelta(minutes=2)
"""How long before the request a ``…Before`` must lie.  Source: the model's parameters."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched; a page token is good for exactly the same search."""

    by_update: bool
    after: datetime
    before: datetime | None
    statuses: tuple[str, ...]
    marketplaces: tuple[str, ...]
    fulfilled_by: tuple[str, ...]

    def when(self, order: Order) -> datetime:
        """Return the time the search goes by."""
        return order.last_updated_at if self.by_update else order.placed_at

    def finds(self, order: Order, until: datetime) -> bool:
        """Tell whether an order matches; ``until`` closes the window."""
        return (
            self.after <= self.when(order) <= until
            and (not self.statuses or order.status in self.statuses)
            and (not self.marketplaces or order.marketplace_id in self.marketplaces)
            and (not self.fulfilled_by or order.fulfilled_by in self.fulfilled_by)
        )


def search_orders(call: Call) -> Response:
    """Return a page of orders, oldest first, and the upper bound the whole search used."""
    search = _search(call)
    size = call.number("maxResultsPerPage", default=LARGEST_PAGE, least=1, most=LARGEST_PAGE)
    included = _included(call)
    until, cursor = _position(call, search)
    found = sorted(
        (o for o in call.seller.orders.values() if search.finds(o, until)),
        key=lambda order: (search.when(order), order.order_id),
    )
    rest = [o for o in found if (iso(search.when(o)), o.order_id) > cursor]
    page = rest[:size]
    answer: dict[str, Any] = {
        "orders": [_render(call, order, included) for order in page],
        "lastUpdatedBefore" if search.by_update else "createdBefore": iso(until),
    }
    if len(rest) > size:
        last = (iso(search.when(page[-1])), page[-1].order_id)
        answer["pagination"] = {"nextToken": _token(call, search, until, last)}
    return json_response(200, answer)


def get_order(call: Call) -> Response:
    """Return one order."""
    order_id = call.path["orderId"]
    included = _included(call)
    order = call.seller.orders.get(order_id)
    if order is None:
        wellformed = [len(part) for part in order_id.split("-")] == [3, 7, 7]
        raise not_found(order_id) if wellformed else invalid_input("orderId is malformed.")
    return json_response(200, {"order": _render(call, order, included)})


def _render(call: Call, order: Order, included: tuple[str, ...]) -> dict[str, Any]:
    missing = call.world.faults.holds("missing_role", call.seller.seller_id, call.now)
    return order_view.render(order, included, call.now, restricted_role=not missing)


def _included(call: Call) -> tuple[str, ...]:
    allowed = order_view.INCLUDED_DATA
    return call.many("includedData", most=len(allowed), allowed=allowed)


def _search(call: Call) -> Search:
    created = (call.moment("createdAfter"), call.moment("createdBefore"))
    updated = (call.moment("lastUpdatedAfter"), call.moment("lastUpdatedBefore"))
    if (created[0] is None) == (updated[0] is None):
        raise invalid_input("Give exactly one of createdAfter and lastUpdatedAfter.")
    if (created[0] and updated[1]) or (updated[0] and created[1]):
        raise invalid_input("created… and lastUpdated… parameters exclude each other.")
    after, before = updated if updated[0] else created
    if after is None:
        raise invalid_input("Give exactly one of createdAfter and lastUpdatedAfter.")
    if before and (before < after or before > call.now - LEAST_AGE):
        raise invalid_input("…Before must not be before …After, and two minutes before now.")
    return Search(
        by_update=updated[0] is not None,
        after=after,
        before=before,
        statuses=call.many("fulfillmentStatuses", most=len(STATUSES), allowed=STATUSES),
        marketplaces=call.many("marketplaceIds", most=MOST_MARKETPLACES),
        fulfilled_by=call.many("fulfilledBy", most=2, allowed=("MERCHANT", "AMAZON")),
    )


def _position(call: Call, search: Search) -> tuple[datetime, tuple[str, str]]:
    """Return the closing time of the search and the last order already told."""
    token = call.text("paginationToken")
    if not token:
        lag = timedelta(seconds=call.world.settings.orders_lag_s)
        return search.before or call.now - lag, ("", "")
    told = _read_token(token)
    if told.get("search") != _fingerprint(call, search):
        raise invalid_input("paginationToken belongs to another search.")
    if call.now > parse_iso(told["expires"]):
        raise invalid_input("paginationToken has expired.")
    return parse_iso(told["until"]), (told["cursor"][0], told["cursor"][1])


def _token(call: Call, search: Search, until: datetime, cursor: tuple[str, str]) -> str:
    told = {
        "search": _fingerprint(call, search),
        "until": iso(until),
        "cursor": list(cursor),
        "expires": iso(call.now + TOKEN_LIFE),
    }
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode()


def _fingerprint(call: Call, search: Search) -> list[Any]:
    return [
        call.seller.seller_id,
        search.by_update,
        iso(search.after),
        iso(search.before) if search.before else "",
        sorted(search.statuses),
        sorted(search.marketplaces),
        sorted(search.fulfilled_by),
    ]


def _read_token(token: str) -> dict[str, Any]:
    try:
        told = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, binascii.Error) as error:
        raise invalid_input("paginationToken is not valid.") from error
    if not isinstance(told, dict):
        raise invalid_input("paginationToken is not valid.")
    return told
