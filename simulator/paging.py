"""Lists of reports and feeds: filters, pages and ``nextToken``, which work alike in both APIs."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulator.call import Call
from simulator.clock import iso, parse_iso
from simulator.wire import Response, invalid_input, json_response

DEFAULT_PAGE, LARGEST_PAGE = 10, 100
MOST_FILTER_VALUES = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """One report or feed of a list."""

    type: str
    status: str
    marketplaces: tuple[str, ...]
    created_at: datetime
    id: str
    render: Callable[[], dict[str, Any]]


def listing(
    call: Call, *, key: str, type_parameter: str, statuses: tuple[str, ...], found: Sequence[Entry]
) -> Response:
    """Answer getReports or getFeeds.

    Raises:
        ApiError: neither types nor a token, or both, or a value the model forbids (400).
    """
    query = _query(call, type_parameter, statuses)
    matching = [entry for entry in found if _matches(entry, query)]
    matching.sort(key=lambda entry: (entry.created_at, entry.id), reverse=True)
    first, size = query["offset"], query["size"]
    answer: dict[str, Any] = {key: [e.render() for e in matching[first : first + size]]}
    if first + size < len(matching):
        answer["nextToken"] = _token({**query, "offset": first + size})
    return json_response(200, answer)


def _query(call: Call, type_parameter: str, statuses: tuple[str, ...]) -> dict[str, Any]:
    token = call.text("nextToken")
    if token is not None:
        if len(call.request.query) > 1:
            raise invalid_input("nextToken may not be combined with other parameters.")
        return _read_token(token)
    types = call.many(type_parameter, most=MOST_FILTER_VALUES)
    if not types:
        raise invalid_input(f"Either {type_parameter} or nextToken is required.")
    since, until = call.moment("createdSince"), call.moment("createdUntil")
    return {
        "types": types,
        "statuses": call.many("processingStatuses", most=len(statuses), allowed=statuses),
        "marketplaces": call.many("marketplaceIds", most=MOST_FILTER_VALUES),
        "since": iso(since) if since else "",
        "until": iso(until or call.now),
        "size": call.number("pageSize", default=DEFAULT_PAGE, least=1, most=LARGEST_PAGE),
        "offset": 0,
    }


def _matches(entry: Entry, query: dict[str, Any]) -> bool:
    return (
        entry.type in query["types"]
        and (not query["statuses"] or entry.status in query["statuses"])
        and (
            not query["marketplaces"]
            or not set(query["marketplaces"]).isdisjoint(entry.marketplaces)
        )
        and (not query["since"] or entry.created_at >= parse_iso(query["since"]))
        and entry.created_at <= parse_iso(query["until"])
    )


def _token(query: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(query).encode()).decode()


def _read_token(token: str) -> dict[str, Any]:
    try:
        query = json.loads(base64.urlsafe_b64decode(token.encode()))
    except ValueError as error:
        raise invalid_input("nextToken is not valid.") from error
    if not isinstance(query, dict) or "offset" not in query:
        raise invalid_input("nextToken is not valid.")
    return query
