"""Documents behind presigned URLs, as reports and feeds use them.

Source: Reports and Feeds API 2021-06-30: a URL is good for five minutes and needs no token; an
upload must carry exactly the Content-Type the document was created with.
"""

from __future__ import annotations

import gzip
import hashlib
import itertools
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.clock import iso
from simulator.wire import Response

URL_LIFE_S = 300
PREFIX = "/_documents/"


@dataclass(slots=True, eq=False)
class Document:
    """Bytes and how they are told.  ``body`` is None until something was uploaded."""

    document_id: str
    seller_id: str
    content_type: str
    body: bytes | None
    gzipped: bool
    created_at: datetime
    content_encoding: str = ""


@dataclass(frozen=True, slots=True)
class _Signature:
    document: Document
    method: str
    expires_at: datetime
    content_encoding: str


class Documents:
    """All documents and the URLs signed for them."""

    def __init__(self) -> None:
        self._documents: dict[str, Document] = {}
        self._signatures: dict[str, _Signature] = {}
        self._serial = itertools.count(1)

    def create(
        self,
        seller_id: str,
        content_type: str,
        body: bytes | None,
        now: datetime,
        *,
        gzipped: bool = False,
    ) -> Document:
        """Keep bytes as they are; ``gzipped`` only says what is declared of them."""
        name = uuid.UUID(bytes=hashlib.sha256(f"{next(self._serial)}".encode()).digest()[:16])
        document = Document(
            document_id=f"amzn1.spdoc.1.4.sim.{name}",
            seller_id=seller_id,
            content_type=content_type,
            body=body,
            gzipped=gzipped,
            created_at=now,
        )
        self._documents[document.document_id] = document
        return document

    def find(self, document_id: str, seller_id: str) -> Document | None:
        """Return a seller's document."""
        document = self._documents.get(document_id)
        return document if document and document.seller_id == seller_id else None

    def sign(
        self, document: Document, method: str, now: datetime, *, content_encoding: str = ""
    ) -> str:
        """Return the path and query of a URL good for five minutes."""
        nonce = f"{document.document_id}/{method}/{next(self._serial)}"
        signature = hashlib.sha256(nonce.encode()).hexdigest()
        expires_at = now + timedelta(seconds=URL_LIFE_S)
        self._signatures[signature] = _Signature(document, method, expires_at, content_encoding)
        return (
            f"{PREFIX}{document.document_id}?X-Amz-Date={iso(now)}"
            f"&X-Amz-Expires={URL_LIFE_S}&X-Amz-Signature={signature}"
        )

    def get(self, signature: str, now: datetime) -> Response:
        """Serve a download."""
        signed = self._signatures.get(signature)
        refusal = _refusal(signed, "GET", now)
        if refusal or signed is None:
            return refusal or _forbidden("AccessDenied", "Access Denied")
        document = signed.document
        if document.body is None:
            return _error(404, "NoSuchKey", "The specified key does not exist.")
        headers = {"Content-Type": document.content_type, "ETag": f'"{document.document_id[-12:]}"'}
        if signed.content_encoding:
            headers["Content-Encoding"] = signed.content_encoding
        return Response(200, document.body, headers)

    def put(self, signature: str, content_type: str, body: bytes, now: datetime) -> Response:
        """Take an upload."""
        signed = self._signatures.get(signature)
        refusal = _refusal(signed, "PUT", now)
        if refusal or signed is None:
            return refusal or _forbidden("AccessDenied", "Access Denied")
        if content_type != signed.document.content_type:
            return _forbidden(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided.",
            )
        signed.document.body = body
        return Response(200, b"", {"ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"'})


def compressed(body: bytes) -> bytes:
    """Gzip, the same bytes for the same input."""
    return gzip.compress(body, mtime=0)


def _refusal(signed: _Signature | None, method: str, now: datetime) -> Response | None:
    if signed is None or signed.method != method:
        return _forbidden("SignatureDoesNotMatch", "The signature is not valid for this request.")
    if now >= signed.expires_at:
        return _forbidden("AccessDenied", "Request has expired")
    return None


def _forbidden(code: str, message: str) -> Response:
    return _error(403, code, message)


def _error(status: int, code: str, message: str) -> Response:
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    return Response(status, body.encode(), {"Content-Type": "application/xml"})
