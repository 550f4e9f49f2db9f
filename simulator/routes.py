"""Which request is which operation.

Every parameter named here stands in Amazon's model of the operation; a contract test sees to it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from simulator import feeds, orders_api, reports
from simulator.call import ENCODING_FLAG, Call
from simulator.wire import Response

_REPORTS = "/reports/2021-06-30/reports"
_REPORT_DOCUMENTS = "/reports/2021-06-30/documents"
_FEEDS = "/feeds/2021-06-30/feeds"
_FEED_DOCUMENTS = "/feeds/2021-06-30/documents"
_ORDERS = "/orders/2026-01-01/orders"


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of Amazon.  ``parameters`` are those of its query."""

    operation: str
    method: str
    path: str
    handler: Callable[[Call], Response]
    parameters: frozenset[str] = frozenset()

    def match(self, method: str, path: str) -> dict[str, str] | None:
        """Return the path's parameters if it is this operation."""
        if method != self.method:
            return None
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path)
        found = re.fullmatch(pattern, path)
        return found.groupdict() if found else None


def _route(
    operation: str,
    method: str,
    path: str,
    handler: Callable[[Call], Response],
    parameters: str = "",
) -> Route:
    return Route(operation, method, path, handler, frozenset(parameters.split()))


ROUTES = (
    _route("createReport", "POST", _REPORTS, reports.create_report),
    _route(
        "getReports",
        "GET",
        _REPORTS,
        reports.get_reports,
        "reportTypes processingStatuses marketplaceIds pageSize createdSince createdUntil "
        "nextToken",
    ),
    _route("getReport", "GET", _REPORTS + "/{reportId}", reports.get_report),
    _route("cancelReport", "DELETE", _REPORTS + "/{reportId}", reports.cancel_report),
    _route(
        "getReportDocument",
        "GET",
        _REPORT_DOCUMENTS + "/{reportDocumentId}",
        reports.get_report_document,
        ENCODING_FLAG,
    ),
    _route(
        "searchOrders",
        "GET",
        _ORDERS,
        orders_api.search_orders,
        "createdAfter createdBefore lastUpdatedAfter lastUpdatedBefore fulfillmentStatuses "
        "marketplaceIds fulfilledBy maxResultsPerPage paginationToken includedData",
    ),
    _route("getOrder", "GET", _ORDERS + "/{orderId}", orders_api.get_order, "includedData"),
    _route("createFeedDocument", "POST", _FEED_DOCUMENTS, feeds.create_feed_document),
    _route("createFeed", "POST", _FEEDS, feeds.create_feed),
    _route(
        "getFeeds",
        "GET",
        _FEEDS,
        feeds.get_feeds,
        "feedTypes processingStatuses marketplaceIds pageSize createdSince createdUntil nextToken",
    ),
    _route("getFeed", "GET", _FEEDS + "/{feedId}", feeds.get_feed),
    _route("cancelFeed", "DELETE", _FEEDS + "/{feedId}", feeds.cancel_feed),
    _route(
        "getFeedDocument",
        "GET",
        _FEED_DOCUMENTS + "/{feedDocumentId}",
        feeds.get_feed_document,
        ENCODING_FLAG,
    ),
)
"""Every operation the simulator knows."""


def find(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Return the operation of a request and its path's parameters."""
    for route in ROUTES:
        found = route.match(method, path)
        if found is not None:
            return route, found
    return None
