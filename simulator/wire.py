"""A request, a response and Amazon's error body, without any socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Request:
    """What came in.  ``headers`` have lower-case names; ``query`` keeps every value."""

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        """The query's parameters, blank ones included."""
        return parse_qs(urlsplit(self.target).query, keep_blank_values=True)

    def json(self) -> dict[str, Any]:
        """Read the body as a JSON object.

        Raises:
            ApiError: it is not one (400).
        """
        try:
            value = json.loads(self.body or b"{}")
        except ValueError as error:
            raise invalid_input("The request body is not valid JSON.") from error
        if not isinstance(value, dict):
            raise invalid_input("The request body is not a JSON object.")
        return value


@dataclass(slots=True)
class Response:
    """What goes out; ``drop`` closes the connection instead, ``hang_s`` (real time) delays it."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    hang_s: float = 0.0

    def json(self) -> Any:
        """Read the body back (tests)."""
        return json.loads(self.body)


class ApiError(Exception):
    """An answer of Amazon that is not a success."""

    def __init__(self, status: int, code: str, message: str, details: str = "") -> None:
        super().__init__(f"{status} {code}: {message} {details}".rstrip())
        self.status = status
        self.code = code
        self.message = message
        self.details = details

    def response(self) -> Response:
        """Render Amazon's error body: ``{"errors": [{code, message, details}]}``."""
        error = {"code": self.code, "message": self.message, "details": self.details}
        return json_response(self.status, {"errors": [error]})


def invalid_input(details: str) -> ApiError:
    """Return the 400 Amazon gives for a parameter it does not like."""
    return ApiError(400, "InvalidInput", "Invalid Input", details)


def not_found(what: str) -> ApiError:
    """Return the 404 for an id nobody knows."""
    return ApiError(404, "NotFound", "Resource not found.", what)


def json_response(status: int, payload: Any) -> Response:
    """Render a JSON answer."""
    body = json.dumps(payload, ensure_ascii=False).encode()
    return Response(status, body, {"Content-Type": "application/json"})
