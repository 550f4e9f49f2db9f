"""Amazon's operations as the package knows them: path, parameters, body.

The package's clients keep the state of a request on themselves and send it their own way.  Here
they only *prepare*: their ``_request`` returns what would be sent, and ``spapi.calls`` sends it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sp_api.api import FeedsV20210630, OrdersV20260101, Reports
from sp_api.base import fill_query_params
from sp_api.base._core import prepare_request, resolve_method


@dataclass
class Prepared:
    """A request, not yet sent.  Neither slots nor frozen: the package sets attributes on it."""

    method: str
    url: str
    params: dict[str, Any]
    content: str | None = field(repr=False)


class _Preparing:
    """Replaces the package's way of sending, and the constructor that asks for credentials."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def _request(self, path: str, *, data: Any = None, params: Any = None, **_: Any) -> Prepared:
        method, params, data = resolve_method(params, data)
        data.pop("path", None)  # The package leaves it in the bodies of feeds.
        prepared = prepare_request(
            method=method,
            endpoint=self.endpoint.rstrip("/"),
            path=path,
            params=params,
            data=data,
            headers={},
            add_marketplace=False,  # It would add four spellings of marketplaceIds.
            marketplace_id=None,
            version=None,
        )
        del prepared["headers"]
        return Prepared(**prepared)


class ReportOperations(_Preparing, Reports):  # type: ignore[misc]  # the package has no types
    """Reports API 2021-06-30."""


class OrderOperations(_Preparing, OrdersV20260101):  # type: ignore[misc]  # the package has no types
    """Orders API 2026-01-01."""


class FeedOperations(_Preparing, FeedsV20210630):  # type: ignore[misc]  # the package has no types
    """Feeds API 2021-06-30."""

    def describe_document(self, document_id: str) -> Prepared:
        """Prepare getFeedDocument; the package's method downloads the whole document, too."""
        path = fill_query_params("/feeds/2021-06-30/documents/{}", document_id)
        return self._request(path, params={"method": "GET"})
