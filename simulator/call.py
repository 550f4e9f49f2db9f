"""One authorized call of an operation, and how its parameters are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from simulator.clock import parse_iso
from simulator.documents import Document
from simulator.marketplaces import MARKETPLACES
from simulator.wire import Request, invalid_input
from simulator.world import Seller, World

ENCODING_FLAG = "enableContentEncodingUrlHeader"
MOST_MARKETPLACES = 25


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose token is good.  ``base_url`` is what presigned URLs begin with."""

    world: World
    seller: Seller
    application: str
    operation: str
    now: datetime
    request: Request
    base_url: str
    path: Mapping[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """Return a query parameter, None if absent.

        Raises:
            ApiError: it is given more than once (400).
        """
        values = self.request.query.get(name, [])
        if len(values) > 1:
            raise invalid_input(f"{name} may be given once.")
        return values[0] if values else None

    def many(self, name: str, *, most: int, allowed: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a comma-separated query parameter, empty if absent.

        Raises:
            ApiError: too many values, or one that is not allowed (400).
        """
        raw = ",".join(self.request.query.get(name, []))
        values = tuple(value for value in raw.split(",") if value)
        if len(values) > most:
            raise invalid_input(f"{name} may hold {most} values at most.")
        for value in values:
            if allowed and value not in allowed:
                raise invalid_input(f"{value!r} is not a value of {name}.")
        return values

    def moment(self, name: str) -> datetime | None:
        """Return a time from the query, None if absent.

        Raises:
            ApiError: it is not ISO 8601 (400).
        """
        raw = self.text(name)
        return None if raw is None else read_time(raw, name)

    def download(self, document: Document) -> dict[str, str]:
        """Return where a document is, and how it is packed, as both APIs tell it."""
        gzip = document.gzipped and self.text(ENCODING_FLAG) == "true"
        url = self.world.documents.sign(
            document, "GET", self.now, content_encoding="gzip" if gzip else ""
        )
        packed = {"compressionAlgorithm": "GZIP"} if document.gzipped else {}
        return {"url": self.base_url + url, **packed}

    def number(self, name: str, *, default: int, least: int, most: int) -> int:
        """Return a whole number from the query.

        Raises:
            ApiError: it is none, or out of its range (400).
        """
        raw = self.text(name)
        if raw is None:
            return default
        if not raw.isascii() or not raw.isdigit() or not least <= int(raw) <= most:
            raise invalid_input(f"{name} must be a number from {least} to {most}.")
        return int(raw)


def read_time(raw: object, name: str) -> datetime:
    """Read a time of a request.

    Raises:
        ApiError: it is not ISO 8601 (400).
    """
    try:
        return parse_iso(str(raw))
    except ValueError as error:
        raise invalid_input(f"{name} is not an ISO 8601 date-time.") from error


def marketplace_ids(body: dict[str, Any]) -> tuple[str, ...]:
    """Read ``marketplaceIds`` of a creating request, 1 to 25 of them.

    Raises:
        ApiError: none, too many or unknown ones (400).
    """
    ids = body.get("marketplaceIds")
    if not isinstance(ids, list) or not 1 <= len(ids) <= MOST_MARKETPLACES:
        raise invalid_input("marketplaceIds must hold 1 to 25 ids.")
    for id_ in ids:
        if id_ not in MARKETPLACES:
            raise invalid_input(f"{id_!r} is not a marketplace.")
    return tuple(ids)


def note_unknown(call: Call, body: Mapping[str, Any], known: set[str]) -> None:
    """Note what a body holds that the API does not have; Amazon ignores it."""
    for name in body.keys() - known:
        call.world.unknown_parameters[call.operation, name] += 1
