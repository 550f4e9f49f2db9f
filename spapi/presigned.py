"""Presigned URLs: documents are read from and written to them, not through the API.

A URL lives five minutes, carries its own signature, and gets no access token.  Its host has no
usage plan, but a state of health like an operation, so that its outage fills no quarantine.

Source: Reports API 2021-06-30, getReportDocument; Feeds API 2021-06-30, createFeedDocument.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import httpx

from config.accounts import Account
from domain.errors import LinkExpired, Malformed, Refused, Unavailable
from spapi.calls import Calls
from spapi.documents import Lines, open_lines

log = logging.getLogger(__name__)

DOWNLOAD = "downloadDocument"
S3_CODE = re.compile(rb"<Code>(\w{1,60})</Code>")


@dataclass(frozen=True, slots=True)
class Source:
    """Where a document is read from.  ``gzip``: Amazon says that it is packed."""

    url: str = field(repr=False)
    gzip: bool


@contextmanager
def open_presigned(
    calls: Calls, account: Account, describe: Callable[[], Source]
) -> Iterator[Lines]:
    """Open a document for reading; ``describe`` fetches a fresh URL each time it is called.

    Raises:
        Unavailable: no answer, an error, or a second expired URL; also while the lines are read,
            when the connection drops before the end.
        Refused: the URL is not https.
        Throttled, Suspended, Malformed: as ``Calls.send``.
    """
    source = describe()
    try:
        response = _get(calls, account, source)
    except LinkExpired:
        source = describe()
        response = _get(calls, account, source)
    with closing(response):
        chunks = _chunks(calls, account, response)
        yield open_lines(chunks, charset=response.charset_encoding, gzip=source.gzip)


def send_presigned(
    calls: Calls, account: Account, operation: str, request: httpx.Request
) -> httpx.Response:
    """Send a request to a presigned URL; return the good answer, its body not read yet.

    Raises:
        LinkExpired: a 4xx.  The host is in good health, the URL is not.
        Unavailable, Refused, Throttled, Suspended: as ``open_presigned``.
    """
    _refuse_insecure(account, operation, request.url)
    calls.take(account, operation)
    try:
        response = calls.client.send(request, stream=True)
    except httpx.RequestError as exc:
        raise _failed(calls, account, operation, type(exc).__name__) from None
    log.info("%s of %s: %d", operation, account.name, response.status_code)
    if response.is_success:
        return response
    with closing(response):
        told = f"{response.status_code} {_s3_code(response)}".strip()
    if not response.is_client_error:
        raise _failed(calls, account, operation, told)
    calls.quotas.succeeded(account.name, operation)
    raise LinkExpired(f"{operation}: {told}")


def build_presigned(
    calls: Calls, method: str, url: str, *, headers: dict[str, str], body: bytes | None = None
) -> httpx.Request:
    """Build a request to a presigned URL with these headers and the client's User-Agent.

    Raises:
        Malformed: this is not a URL.
    """
    try:
        return calls.client.build_request(
            method, url, headers=headers, content=body, timeout=calls.document_timeout
        )
    except (httpx.InvalidURL, ValueError):
        raise Malformed("Amazon gave a document URL that is none") from None


def _get(calls: Calls, account: Account, source: Source) -> httpx.Response:
    # Unpacking is ours: the client's own would take a cut-off file for a whole one.
    request = build_presigned(calls, "GET", source.url, headers={"accept-encoding": "identity"})
    return send_presigned(calls, account, DOWNLOAD, request)


def _chunks(calls: Calls, account: Account, response: httpx.Response) -> Iterator[bytes]:
    expected_bytes = int(response.headers.get("content-length", 0))
    try:
        yield from response.iter_raw()
    except httpx.RequestError as exc:
        raise _failed(calls, account, DOWNLOAD, type(exc).__name__) from None
    if response.num_bytes_downloaded < expected_bytes:
        raise _failed(calls, account, DOWNLOAD, "the connection dropped before the end")
    calls.quotas.succeeded(account.name, DOWNLOAD)


def _failed(calls: Calls, account: Account, operation: str, why: str) -> Unavailable:
    failure = Unavailable(f"{operation}: {why}")
    calls.report(account, operation, failure)
    return failure


def _refuse_insecure(account: Account, operation: str, url: httpx.URL) -> None:
    """Refuse plain http, unless the account's own endpoint is (the simulator)."""
    simulated = account.endpoint.startswith("http://")
    if url.scheme == "https" or (url.scheme == "http" and simulated):
        return
    raise Refused(operation, code="InsecureURL", status=200, message="the URL is not https")


def _s3_code(response: httpx.Response) -> str:
    """Return the storage's error code, e.g. AccessDenied; the rest of its page stays unread."""
    try:
        found = S3_CODE.search(next(response.iter_raw(), b""))
    except httpx.RequestError:
        return ""
    return found[1].decode() if found else ""
