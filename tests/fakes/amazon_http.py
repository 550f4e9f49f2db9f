"""Amazon as httpx sees it, without a socket: scripted answers and a record of the requests."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

import httpx

from config.accounts import Account
from spapi.calls import Calls
from spapi.client import make_client
from tests.fakes.quotas import FakeQuotas

ENDPOINT = "https://amazon.example"
TOKEN_URL = "https://login.example/auth/o2/token"
FILES = "files.example"
"""The host of presigned URLs."""


def seller(name: str = "garage", **changes: Any) -> Account:
    return Account.model_validate(
        {
            "name": name,
            "region": "eu",
            "marketplaces": ("A1PA6795UKMFR9", "A13V1IB3VIYZZH"),
            "client_id": "amzn1.application-oa2-client.made-up",
            "client_secret": "made-up-client-secret",
            "refresh_token": "Atzr|made-up-refresh-token",
            "timezone": "Europe/Berlin",
            "endpoint": ENDPOINT,
            "token_url": TOKEN_URL,
            **changes,
        }
    )


def answer(
    payload: Any = None, status: int = 200, headers: Mapping[str, str] | None = None
) -> httpx.Response:
    return httpx.Response(
        status,
        json={} if payload is None else payload,
        headers={"x-amzn-RequestId": "request-1", **(headers or {})},
    )


def refusal(status: int, code: str, message: str = "", details: str = "") -> httpx.Response:
    error = {"code": code, "message": message, "details": details}
    return answer({"errors": [error]}, status)


Scripted = httpx.Response | Exception


class ScriptedAmazon:
    """Answers calls from ``script``, files from ``files``, tokens from ``tokens`` or anew."""

    def __init__(self, *script: Scripted) -> None:
        self.script = deque(script)
        self.tokens: deque[Scripted] = deque()
        self.files: deque[Scripted] = deque()
        self.requests: list[httpx.Request] = []
        self.token_requests: list[httpx.Request] = []
        self.file_requests: list[httpx.Request] = []
        self.quotas = FakeQuotas()
        self.client = make_client(transport=httpx.MockTransport(self._handle))
        self.calls = Calls(self.client, self.quotas)

    def will(self, *script: Scripted) -> None:
        self.script.extend(script)

    def body(self, number: int = -1) -> Any:
        return json.loads(self.requests[number].content)

    def params(self, number: int = -1) -> dict[str, str]:
        return dict(self.requests[number].url.params)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        if str(request.url) == TOKEN_URL:
            self.token_requests.append(request)
            granted = {"access_token": f"Atza|token-{len(self.token_requests)}", "expires_in": 3600}
            return _play(
                self.tokens.popleft() if self.tokens else httpx.Response(200, json=granted)
            )
        if request.url.host == FILES:
            self.file_requests.append(request)
            return _play(self.files.popleft())
        self.requests.append(request)
        return _play(self.script.popleft())


def _play(scripted: Scripted) -> httpx.Response:
    if isinstance(scripted, Exception):
        raise scripted
    return scripted


def stream(chunks: Iterable[bytes], status: int = 200, **headers: str) -> httpx.Response:
    """A file that arrives in these chunks; underscores in header names stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, content=iter(chunks), headers=named)
