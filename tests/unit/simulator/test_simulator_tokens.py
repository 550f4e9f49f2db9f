import pytest

from tests.unit.simulator.driver import Caller, frozen

PATH = "/orders/2026-01-01/orders/111-0000000-0000001"
DENIED = {"code": "Unauthorized", "message": "Access to requested resource is denied."}


def details(caller: Caller, headers: dict[str, str]) -> tuple[int, str]:
    response = caller.call("GET", PATH, headers=headers)
    (error,) = response.json()["errors"]
    assert {"code": error["code"], "message": error["message"]} == DENIED
    assert "x-amzn-RateLimit-Limit" not in response.headers
    return response.status, error["details"]


def test_a_refresh_token_of_the_simulator_gives_an_access_token_for_an_hour() -> None:
    answer = Caller(frozen()).login()

    assert answer.status == 200
    assert answer.json()["access_token"].startswith("Atza|")
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["expires_in"] == 3600
    assert answer.json()["refresh_token"] == "Atzr|sim-demo"


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"refresh_token": "Atzr|something-else"}, 400, "invalid_grant"),
        ({"client_id": "amzn1.application-oa2-client.other"}, 401, "invalid_client"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_wrong_credentials_are_refused_as_oauth_does(
    changes: dict[str, str], status: int, error: str
) -> None:
    answer = Caller(frozen()).login(**changes)

    assert (answer.status, answer.json()["error"]) == (status, error)


def test_an_access_token_expires_after_an_hour() -> None:
    sim = frozen()
    sim.put_order(order_id="111-0000000-0000001")
    caller = Caller(sim)
    assert caller.call("GET", PATH).status == 200

    sim.advance(3599)
    assert caller.call("GET", PATH).status == 200
    sim.advance(1)

    expired = "The access token you provided has expired."
    assert details(caller, {}) == (403, expired)


def test_a_missing_or_made_up_access_token_is_denied() -> None:
    caller = Caller(frozen())

    missing = "Access token is missing in the request header."
    invalid = "The access token you provided is revoked, malformed or invalid."
    assert details(caller, {"x-amz-access-token": ""}) == (403, missing)
    assert details(caller, {"x-amz-access-token": "Atza|sim-guess"}) == (403, invalid)


def test_a_request_without_a_user_agent_is_denied() -> None:
    caller = Caller(frozen())

    assert details(caller, {"user-agent": ""}) == (403, "The User-Agent header is missing.")
    assert caller.call("GET", PATH, headers={"user-agent": "x" * 501}).status == 400


def test_a_revoked_authorization_stops_both_kinds_of_token_of_that_account_only() -> None:
    sim = frozen()
    sim.put_order(order_id="111-0000000-0000001")
    caller = Caller(sim)
    assert caller.call("GET", PATH).status == 200

    sim.add_fault("revoke_token", account="Atzr|sim-demo")

    assert caller.call("GET", PATH).status == 403
    assert caller.login().json()["error"] == "invalid_grant"
    assert Caller(sim, "other").login().status == 200
    sim.clear_faults()
    assert caller.call("GET", PATH).status == 200


def test_accounts_are_told_apart_by_their_refresh_token() -> None:
    sim = frozen(orders=30)
    one, other = sim.seller("one"), sim.seller("Atzr|sim-other")

    assert one.seller_id != other.seller_id
    assert sim.seller("Atzr|sim-one") is one
    assert one.orders.keys().isdisjoint(other.orders.keys())
