"""One authorized call of an operation, and how its parameters are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from simulator.clock import parse_iso
from simulator.wire import Request, invalid_input
from simulator.world import Seller, World


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
