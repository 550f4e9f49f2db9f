"""Presigned URLs: documents are read from and written to them, not through the API.

A URL lives five minutes, carries its own signature, and gets no access token.  Its host has no
usage plan, but a state of health like an operation, so that its outage fills no quarantine.

Source: Reports API 2021-06-30, getReportDocument; Feeds API 2021-06-30, createFeedDocument.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

import httpx
from pydantic import Field

from config.accounts import Account
from domain.errors import ConnectorError, LinkExpired, Malformed, Refused, Unavailable
from spapi.calls import Calls
from spapi.operations import Prepared
from spapi.wire import AmazonJSON, Text, read

log = logging.getLogger(__name__)

DOWNLOAD = "downloadDocument"
BUSY = frozenset({httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS})
"""Answers of 4xx that say something of the host, and nothing of the URL."""
S3_CODE = re.compile(rb"<Code>(\w{1,60})</Code>")


class _Source(AmazonJSON):
    """Where a document is read from, and whether Amazon says that it is packed."""

    url: str = Field(min_length=1, repr=False)
    compression: Text = Field("", alias="compressionAlgorithm")


@dataclass(frozen=True, slots=True)
class Download:
    """A document on its way: its bytes as they come, and what is said of them."""

    chunks: Iterator[bytes]
    charset: str | None
    gzip: bool


@contextmanager
def open_presigned(
    calls: Calls, account: Account, operation: str, prepared: Prepared
) -> Iterator[Download]:
    """Open a document for reading; each call of the operation prepared gives a fresh URL.

    Raises:
        Unavailable: no answer, an error, or a second expired URL; also while the bytes are read,
            when the connection drops before the end.
        Refused: the URL is not https.
        Throttled, Suspended, Malformed: as ``Calls.send``.
    """
    source = _describe(calls, account, operation, prepared)
    try:
        response = _get(calls, account, source)
    except LinkExpired:
        source = _describe(calls, account, operation, prepared)
        response = _get(calls, account, source)
    with closing(response):
        yield Download(
            chunks=_chunks(calls, account, response),
            charset=response.charset_encoding,
            gzip=source.compression == "GZIP",
        )


def send_presigned(
    calls: Calls, account: Account, operation: str, request: httpx.Request
) -> httpx.Response:
    """Send a request to a presigned URL; return the good answer, its body not read yet.

    Raises:
        LinkExpired: a 4xx of the URL: the host is in good health.
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
    if not response.is_client_error or response.status_code in BUSY:
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


def _describe(calls: Calls, account: Account, operation: str, prepared: Prepared) -> _Source:
    return read(_Source, calls.send(account, operation, prepared).payload, operation)


def _get(calls: Calls, account: Account, source: _Source) -> httpx.Response:
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


def _failed(calls: Calls, account: Account, operation: str, why: str) -> ConnectorError:
    return calls.report(account, operation, Unavailable(f"{operation}: {why}"))


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
