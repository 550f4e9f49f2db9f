"""The token endpoint of Login with Amazon.

Source: SP-API, connecting to the API (form-encoded refresh_token grant); RFC 6749, 5.2.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import parse_qs

from simulator.tokens import LIFE_S
from simulator.wire import Request, Response, json_response
from simulator.world import TOKEN_PREFIX, World, seller_id_of

PATH = "/auth/o2/token"


def exchange(world: World, request: Request, now: datetime) -> Response:
    """Give an access token for a refresh token, or OAuth's error."""
    form = {name: values[-1] for name, values in parse_qs(request.body.decode("latin-1")).items()}
    if request.method != "POST" or "form-urlencoded" not in request.headers.get("content-type", ""):
        return _error(400, "invalid_request", "The request is not a form.")
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if not world.tokens.knows_application(client_id, secret):
        return _error(401, "invalid_client", "Client authentication failed")
    if form.get("grant_type") != "refresh_token":
        return _error(400, "unsupported_grant_type", "The grant type is not supported")
    account = form.get("refresh_token", "")
    if not is_valid(world, account, now):
        return _error(400, "invalid_grant", "The request has an invalid grant parameter")
    return json_response(
        200,
        {
            "access_token": world.tokens.issue(account, client_id, now),
            "refresh_token": account,
            "token_type": "bearer",
            "expires_in": LIFE_S,
        },
    )


def is_valid(world: World, account: str, now: datetime) -> bool:
    """Tell whether a refresh token works: a simulated one, and not revoked."""
    return account.startswith(TOKEN_PREFIX) and not world.faults.holds(
        "revoke_token", seller_id_of(account), now
    )


def _error(status: int, code: str, description: str) -> Response:
    return json_response(status, {"error": code, "error_description": description})
