"""Login with Amazon: refresh tokens in, access tokens out.

Source: SP-API, connecting to the API; OAuth 2.0 (RFC 6749, 5.2) for the error codes.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta

LIFE_S = 3600
CLIENT_IDS = ("amzn1.application-oa2-client.sim", "amzn1.application-oa2-client.demo")
CLIENT_SECRETS = ("sim-", "demo")
"""How the ids and secrets of applications begin that the simulator knows."""
CLIENT_ID = "amzn1.application-oa2-client.sim"
CLIENT_SECRET = "sim-secret"  # noqa: S105 -- valid at the simulator only
"""One such application."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What an access token stands for."""

    account: str
    """The refresh token it came from."""
    application: str
    expires_at: datetime


class Tokens:
    """The access tokens that are out, and the refresh tokens that were revoked."""

    def __init__(self) -> None:
        self._grants: dict[str, Grant] = {}
        self._serial = itertools.count(1)

    def knows_application(self, client_id: str, client_secret: str) -> bool:
        """Tell whether these are a simulated application's credentials."""
        return client_id.startswith(CLIENT_IDS) and client_secret.startswith(CLIENT_SECRETS)

    def issue(self, account: str, application: str, now: datetime) -> str:
        """Return a new access token, good for an hour."""
        nonce = f"{account}/{application}/{next(self._serial)}".encode()
        token = "Atza|sim-" + hashlib.sha256(nonce).hexdigest()
        self._grants[token] = Grant(account, application, now + timedelta(seconds=LIFE_S))
        return token

    def grant(self, token: str) -> Grant | None:
        """Return what a token stands for, expired or not."""
        return self._grants.get(token)

    def expire_all(self, now: datetime) -> None:
        """Let every access token that is out be expired."""
        self._grants = {
            token: Grant(grant.account, grant.application, now)
            for token, grant in self._grants.items()
        }
