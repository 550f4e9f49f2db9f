"""What an answer of Amazon means.  Status first, body second; pure.

The package's parser looks only at a JSON ``errors`` key, so that a 503 with an HTML page reads
as an empty success.  Here the package sees an answer only after its status was judged.

    429                             Throttled
    5xx, 3xx, HTML, cut-off JSON    Unavailable   Amazon is down, or a proxy spoke in its place
    401, 403                        Denied        the access token, the role or the marketplace
    other 4xx, ``errors`` in a 2xx  Refused
    2xx with another kind of JSON   Malformed
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from sp_api.base._core import parse_response

from domain.errors import Malformed, Refused, Throttled, Unavailable
from domain.quota import Plan

MAX_TEXT = 300
SECRETS = re.compile(r"Atz[a-z]*(\.sprdt)?\|[^\s\"']+|https?://\S+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """A good answer: its JSON object (less its page token), and what its headers tell.

    ``served_at`` is Amazon's own clock (Date header); ``rate`` is calls per second.
    """

    payload: Mapping[str, Any]
    next_token: str | None
    request_id: str
    served_at: datetime | None
    rate: float | None


class Denied(Refused):
    """401 or 403.  ``token_suspect`` says that a fresh access token may help."""

    token_suspect: bool = False


def read_answer(operation: str, plan: Plan, response: httpx.Response) -> Answer:
    """Judge an answer.

    Raises:
        Throttled, Unavailable, Denied, Refused, Malformed: see the table above.
    Source: SP-API error responses ({"errors": [{code, message, details}]}); usage plans.
    """
    status = response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise Throttled(operation, retry_after_s=_wait_s(response, plan))
    body = _json(response)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or httpx.codes.is_redirect(status):
        raise Unavailable(f"{operation}: Amazon answered {status}{_trace(response)}")
    if body is None and (httpx.codes.is_success(status) or _is_html(response)):
        raise Unavailable(f"{operation}: {status}, but not Amazon's JSON{_trace(response)}")
    errors = body.get("errors") if isinstance(body, dict) else None
    if errors or not httpx.codes.is_success(status):
        raise _refusal(operation, response, errors)
    if not isinstance(body, dict):
        raise Malformed(f"{operation}: the answer is not a JSON object{_trace(response)}")
    parsed = parse_response(response, method=response.request.method)
    return Answer(
        payload=parsed.payload,
        next_token=parsed.next_token,
        request_id=request_id(response),
        served_at=_served_at(response),
        rate=_rate(response),
    )


def request_id(response: httpx.Response) -> str:
    """Return Amazon's id of the request, which its support asks for."""
    return str(response.headers.get("x-amzn-requestid", ""))


def scrub(text: str) -> str:
    """Return text without tokens and URLs, short enough for a log line."""
    return SECRETS.sub("…", text)[:MAX_TEXT]


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _is_html(response: httpx.Response) -> bool:
    kind = response.headers.get("content-type", "")
    return "html" in kind or response.content.lstrip()[:1] == b"<"


def _refusal(operation: str, response: httpx.Response, errors: Any) -> Refused:
    first = errors[0] if isinstance(errors, list) and errors else {}
    first = first if isinstance(first, dict) else {}
    status = response.status_code
    message = str(first.get("message") or "")
    details = str(first.get("details") or "")
    told = scrub(f"{message} {details}".strip()) + _trace(response)
    code = scrub(str(first.get("code") or f"HTTP{status}"))
    if status not in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        return Refused(operation, code=code, status=status, message=told)
    denied = Denied(operation, code=code, status=status, message=told)
    # Without details the answer of an expired token and of a missing role are the same words.
    denied.token_suspect = not details or "token" in f"{message} {details}".lower()
    return denied


def _trace(response: httpx.Response) -> str:
    known = request_id(response)
    return f" (request id {known})" if known else ""


def _wait_s(response: httpx.Response, plan: Plan) -> float:
    """Seconds until one more call is earned; Amazon documents no Retry-After, but may send one."""
    told = _number(response.headers.get("retry-after"))
    return max(plan.interval_s, told or 0.0, 1.0)


def _rate(response: httpx.Response) -> float | None:
    return _number(response.headers.get("x-amzn-ratelimit-limit"))


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 < value < float("inf") else None


def _served_at(response: httpx.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return None
