"""The Orders API 2026-01-01: changed orders page by page, and single ones.

Buyer, address, items and packages come with one call and need no restricted data token.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import httpx
from pydantic import Field, ValidationError

from domain.errors import Refused, StalePageToken
from domain.orders import AmazonOrder, OrderPage
from spapi.answers import Answer
from spapi.gateway import Gateway
from spapi.models import Order
from spapi.operations import OrderOperations
from spapi.wire import AmazonJSON, Moment, fields_of, read, to_wire

INCLUDED_DATA = ("BUYER", "RECIPIENT", "FULFILLMENT", "CANCELLATION", "PACKAGES")
PAGE_SIZE = 100


class _Page(AmazonJSON):
    orders: tuple[Any, ...]
    last_updated_before: Moment | None = Field(None, alias="lastUpdatedBefore")


class _One(AmazonJSON):
    order: dict[str, Any]


class AmazonOrdersGateway(Gateway):
    """Reads orders of the configured accounts."""

    def search(self, account: str, *, updated_after: datetime, page_token: str | None) -> OrderPage:
        """Return a page of seller-fulfilled orders changed since then.

        The end of the span is never given: a clock ahead of Amazon's would make it a 400.  Only
        the account's own marketplaces are asked for, since a foreign one makes the call a 403.

        Raises:
            Throttled, Suspended, Unavailable, Refused, Malformed: as ``Calls.send``.
            StalePageToken: the page token is no longer good; search again without it.
            UnknownAccount: no such account.
        Source: Orders API 2026-01-01, searchOrders.
        """
        seller = self._account(account)
        filters = {
            "lastUpdatedAfter": to_wire(updated_after),
            "marketplaceIds": list(seller.marketplaces),
            "fulfilledBy": ["MERCHANT"],
            "includedData": list(INCLUDED_DATA),
            "maxResultsPerPage": PAGE_SIZE,
        }
        if page_token:
            filters["paginationToken"] = page_token
        prepared = OrderOperations(seller.endpoint).search_orders(**filters)
        try:
            return _page(self._calls.send(seller, "searchOrders", prepared))
        except Refused as exc:
            if page_token and exc.status == httpx.codes.BAD_REQUEST:
                # The same filters were good for the first page, so it is the token.
                raise _stale(exc) from None
            raise

    def get(self, account: str, order_id: str) -> AmazonOrder | None:
        """Return one order, or None when Amazon does not know it.

        Raises:
            Refused: this order cannot be read (e.g. another seller's); others may be.
            Throttled, Suspended, Unavailable, Malformed: as ``Calls.send``.
            UnknownAccount: no such account.
        Source: Orders API 2026-01-01, getOrder.
        """
        seller = self._account(account)
        operations = OrderOperations(seller.endpoint)
        prepared = operations.get_order(order_id, includedData=list(INCLUDED_DATA))
        try:
            answer = self._calls.send(seller, "getOrder", prepared)
        except Refused as exc:
            if exc.status == httpx.codes.NOT_FOUND:
                return None
            raise
        order = read(_One, answer.payload, "getOrder").order
        return read(Order, order, "getOrder").to_domain()


def _page(answer: Answer) -> OrderPage:
    page = read(_Page, answer.payload, "searchOrders")
    orders: list[AmazonOrder] = []
    unreadable: list[tuple[str, str]] = []
    for raw in page.orders:
        try:
            orders.append(Order.model_validate(raw).to_domain())
        except ValidationError as exc:
            order_id = raw.get("orderId") if isinstance(raw, dict) else None
            unreadable.append((str(order_id or ""), fields_of(exc)))
    return OrderPage(
        orders=tuple(orders),
        next_token=answer.next_token,
        last_updated_before=page.last_updated_before,
        unreadable=tuple(unreadable),
    )


def _stale(exc: Refused) -> StalePageToken:
    return StalePageToken(exc.operation, code=exc.code, status=exc.status, message="page token")
