"""Access tokens: one per account, renewed by one thread at a time.

Body and headers of the exchange are the package's; its cache is not used, being shared by all
clients of the process without a lock.

Source: Login with Amazon, refresh token grant (``POST /auth/o2/token``); tokens live an hour.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError
from sp_api.auth._core import build_headers, build_refresh_token_data
from sp_api.base import BaseClient

from config.accounts import Account
from domain.errors import Throttled, Unavailable
from spapi.answers import scrub
from spapi.client import USER_AGENT

LIFETIME_S = 55 * 60.0
"""Five minutes less than the hour a token lives."""
THROTTLED_S = 60.0
OPERATION = "getAccessToken"


class CredentialsRefused(Exception):
    """Login with Amazon does not accept the account's credentials (revoked, rotated, mistyped)."""


class _Granted(BaseModel):
    model_config = ConfigDict(hide_input_in_errors=True)

    access_token: str
    expires_in: float = 3600.0


@dataclass(slots=True)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    token: str = field(default="", repr=False)
    good_until: float = 0.0


class Tokens:
    """The access tokens of all accounts."""

    def __init__(
        self, client: httpx.Client, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._monotonic = monotonic
        self._slots: dict[str, _Slot] = {}
        self._slots_lock = threading.Lock()

    def get(self, account: Account) -> str:
        """Return a token that is good for some minutes more.

        Raises:
            CredentialsRefused: the account needs a person.
            Throttled, Unavailable: the token endpoint does not answer as it should.
        """
        slot = self._slot(account)
        with slot.lock:
            if self._monotonic() >= slot.good_until:
                self._refresh(account, slot)
            return slot.token

    def renew(self, account: Account, *, stale: str) -> str:
        """Return another token than ``stale``, which Amazon refused.  Raises as ``get``.

        Several threads may come with the same stale token; only the first one asks for a new one.
        """
        slot = self._slot(account)
        with slot.lock:
            if slot.token == stale:
                self._refresh(account, slot)
            return slot.token

    def _slot(self, account: Account) -> _Slot:
        with self._slots_lock:
            return self._slots.setdefault(account.name, _Slot())

    def _refresh(self, account: Account, slot: _Slot) -> None:
        slot.good_until = 0.0
        granted = self._exchange(account)
        slot.token = granted.access_token
        slot.good_until = self._monotonic() + min(LIFETIME_S, max(granted.expires_in - 300, 0.0))

    def _exchange(self, account: Account) -> _Granted:
        credentials = SimpleNamespace(
            client_id=account.client_id,
            client_secret=account.client_secret.get_secret_value(),
            refresh_token=account.refresh_token.get_secret_value(),
        )
        try:
            response = self._client.post(
                account.token_url,
                data=build_refresh_token_data(credentials, "refresh_token"),
                headers=build_headers(USER_AGENT, BaseClient.content_type),
            )
        except httpx.RequestError as exc:
            raise Unavailable(f"{OPERATION}: {type(exc).__name__}") from None
        return _read(response)


def _read(response: httpx.Response) -> _Granted:
    status = response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise Throttled(OPERATION, retry_after_s=THROTTLED_S)
    if httpx.codes.is_success(status):
        try:
            return _Granted.model_validate_json(response.content)
        except ValidationError:
            raise Unavailable(f"{OPERATION}: {status}, but not a token") from None
    reason = _oauth_error(response)
    if reason and httpx.codes.is_client_error(status):
        raise CredentialsRefused(reason)
    raise Unavailable(f"{OPERATION}: the token endpoint answered {status}")


def _oauth_error(response: httpx.Response) -> str:
    """Return OAuth's error with its description, e.g. ``invalid_grant: …``; empty if none."""
    try:
        body = response.json()
    except ValueError:
        return ""
    if not isinstance(body, dict) or not body.get("error"):
        return ""
    return scrub(f"{body['error']}: {body.get('error_description', '')}".rstrip(": "))
