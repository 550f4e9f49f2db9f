from __future__ import annotations

import tomllib
from pathlib import Path

import httpx
import pytest

from domain.errors import Forbidden, Malformed, Outage, Refused, Suspended, Throttled, Unavailable
from spapi.client import USER_AGENT, VERSION
from spapi.operations import OrderOperations
from spapi.plans import usage_plans
from tests.fakes.amazon_http import ENDPOINT, ScriptedAmazon, answer, refusal, seller

DENIED = "Access to requested resource is denied."


def get_order(amazon: ScriptedAmazon, operation: str = "getOrder") -> dict[str, object]:
    prepared = OrderOperations(ENDPOINT).get_order("302-0000001-0000001")
    return dict(amazon.calls.send(seller(), operation, prepared).payload)


def test_a_good_answer_is_its_json(amazon: ScriptedAmazon) -> None:
    amazon.will(answer({"order": {"orderId": "1"}}))

    assert get_order(amazon) == {"order": {"orderId": "1"}}
    assert amazon.quotas.diary == [
        ("take", "garage", "getOrder"),
        ("succeeded", "garage", "getOrder"),
    ]


def test_a_request_carries_token_and_user_agent_and_the_hosts_own_name(
    amazon: ScriptedAmazon,
) -> None:
    amazon.will(answer())

    get_order(amazon)

    headers = amazon.requests[0].headers
    assert headers["x-amz-access-token"] == "Atza|token-1"
    assert headers["user-agent"] == USER_AGENT
    assert headers["host"] == "amazon.example"
    assert len(headers.get_list("user-agent")) == 1


def test_the_user_agent_names_version_language_and_platform() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert project["version"] == VERSION
    assert USER_AGENT.startswith(f"AmazonOrdersFulfillment/{VERSION} (Language=Python/3.")
    assert "; Platform=" in USER_AGENT
    assert len(USER_AGENT) < 500


def test_the_host_of_a_plain_http_endpoint_is_not_cut(amazon: ScriptedAmazon) -> None:
    amazon.will(answer())
    account = seller(endpoint="http://simulator.example:8080")

    amazon.calls.send(account, "getOrder", OrderOperations(account.endpoint).get_order("1"))

    assert amazon.requests[0].headers["host"] == "simulator.example:8080"


def test_an_order_id_cannot_leave_its_place_in_the_path(amazon: ScriptedAmazon) -> None:
    amazon.will(answer())

    amazon.calls.send(seller(), "getOrder", OrderOperations(ENDPOINT).get_order("../a?b=c"))

    assert amazon.requests[0].url.raw_path == b"/orders/2026-01-01/orders/..%2Fa%3Fb%3Dc"


def test_429_is_throttled_for_as_long_as_a_call_costs(amazon: ScriptedAmazon) -> None:
    amazon.will(refusal(429, "QuotaExceeded", "You exceeded your quota."))

    with pytest.raises(Throttled) as caught:
        get_order(amazon)

    assert caught.value.operation == "getOrder"
    assert caught.value.retry_after_s == usage_plans()["getOrder"].interval_s == 2.0
    assert amazon.quotas.of("push_back") == [("garage", "getOrder", 2.0)]
    assert amazon.quotas.of("failed") == []


def test_a_longer_retry_after_of_amazon_wins(amazon: ScriptedAmazon) -> None:
    amazon.will(answer({}, 429, {"retry-after": "17"}))

    with pytest.raises(Throttled) as caught:
        get_order(amazon)

    assert caught.value.retry_after_s == 17.0


@pytest.mark.parametrize(
    ("_case", "response"),
    [
        ("503 with a page", httpx.Response(503, html="<html>Service Unavailable</html>")),
        ("502 empty", httpx.Response(502)),
        ("500 in Amazon's JSON", refusal(500, "InternalFailure", "Please try again.")),
        ("504 with JSON that looks like a success", answer({"order": {}}, 504)),
        ("200 with a page of a proxy", httpx.Response(200, html="<html>Welcome</html>")),
        ("200 empty", httpx.Response(200)),
        ("200 with JSON that is cut off", httpx.Response(200, content=b'{"order": {"ord')),
        ("200 that is not text", httpx.Response(200, content=b"\xff\xfe\x00")),
        ("302 to a login page", httpx.Response(302, headers={"location": "https://x.example"})),
        ("403 with a page of a firewall", httpx.Response(403, html="<html>Blocked</html>")),
        ("a timeout", httpx.ReadTimeout("timed out")),
        ("no connection", httpx.ConnectError("refused")),
        ("a dropped connection", httpx.RemoteProtocolError("peer closed connection")),
        ("a broken encoding", httpx.DecodingError("bad gzip")),
    ],
)
def test_what_is_not_amazons_answer_is_unavailable(
    amazon: ScriptedAmazon, _case: str, response: httpx.Response | Exception
) -> None:
    amazon.will(response)

    with pytest.raises(Unavailable):
        get_order(amazon)

    ((account, operation, reason),) = amazon.quotas.of("failed")
    assert (account, operation) == ("garage", "getOrder")
    assert str(reason).startswith("getOrder: ")
    assert amazon.quotas.of("succeeded") == []


def test_the_failure_that_suspends_its_operation_says_until_when(amazon: ScriptedAmazon) -> None:
    amazon.quotas.pauses_s["getOrder"] = 60.0
    amazon.will(httpx.Response(503, html="<html>Sorry</html>"))

    with pytest.raises(Outage) as outage:
        get_order(amazon)

    assert outage.value.retry_after_s == 60.0


@pytest.mark.parametrize("status", [400, 404, 409, 413, 415])
def test_a_refusal_tells_code_status_message_and_request_id(
    amazon: ScriptedAmazon, status: int
) -> None:
    amazon.will(refusal(status, "InvalidInput", "Invalid Input", "Dates were not provided"))

    with pytest.raises(Refused) as caught:
        get_order(amazon)

    assert (caught.value.code, caught.value.status) == ("InvalidInput", status)
    assert str(caught.value) == (
        f"getOrder was refused: {status} InvalidInput"
        " Invalid Input Dates were not provided (request id request-1)"
    )


def test_a_refusal_shows_that_the_operation_works(amazon: ScriptedAmazon) -> None:
    amazon.will(refusal(400, "InvalidInput"))

    with pytest.raises(Refused):
        get_order(amazon)

    assert amazon.quotas.of("succeeded") == [("garage", "getOrder")]
    assert amazon.quotas.of("failed") == []


def test_a_refusal_without_json_is_named_by_its_status(amazon: ScriptedAmazon) -> None:
    amazon.will(httpx.Response(404))

    with pytest.raises(Refused) as caught:
        get_order(amazon)

    assert caught.value.code == "HTTP404"


def test_errors_in_a_success_are_a_refusal(amazon: ScriptedAmazon) -> None:
    amazon.will(refusal(200, "InvalidInput", "no"))

    with pytest.raises(Refused) as caught:
        get_order(amazon)

    assert (caught.value.code, caught.value.status) == ("InvalidInput", 200)


@pytest.mark.parametrize("payload", [[], [{"order": 1}], "text", 7])
def test_json_of_another_kind_is_malformed(amazon: ScriptedAmazon, payload: object) -> None:
    amazon.will(answer(payload))

    with pytest.raises(Malformed):
        get_order(amazon)


def test_amazons_rate_is_learned(amazon: ScriptedAmazon) -> None:
    amazon.will(answer(headers={"x-amzn-RateLimit-Limit": "0.75"}))

    get_order(amazon)

    assert amazon.quotas.of("learn_rate") == [("garage", "getOrder", 0.75)]


@pytest.mark.parametrize("header", ["", "many", "0", "-1", "nan", "inf"])
def test_an_unusable_rate_is_not_learned(amazon: ScriptedAmazon, header: str) -> None:
    amazon.will(answer(headers={"x-amzn-RateLimit-Limit": header}))

    get_order(amazon)

    assert amazon.quotas.of("learn_rate") == []


def test_nothing_is_sent_when_the_quota_says_wait(amazon: ScriptedAmazon) -> None:
    amazon.quotas.refusals["getOrder"] = Throttled("getOrder", retry_after_s=3.0)

    with pytest.raises(Throttled):
        get_order(amazon)

    assert amazon.requests == amazon.token_requests == []


def test_an_expired_token_is_renewed_once_and_the_call_repeated(amazon: ScriptedAmazon) -> None:
    expired = refusal(403, "Unauthorized", DENIED, "The access token you provided has expired.")
    amazon.will(expired, answer({"order": {}}))

    assert get_order(amazon) == {"order": {}}
    tokens = [request.headers["x-amz-access-token"] for request in amazon.requests]
    assert tokens == ["Atza|token-1", "Atza|token-2"]
    assert amazon.quotas.of("take") == [("garage", "getOrder")]
    assert amazon.quotas.of("failed") == []


def test_a_403_with_a_fresh_token_is_the_operation_and_waits(amazon: ScriptedAmazon) -> None:
    amazon.will(refusal(403, "Unauthorized", DENIED), refusal(403, "Unauthorized", DENIED))

    with pytest.raises(Forbidden) as caught:
        get_order(amazon, "searchOrders")

    assert caught.value.scope == "searchOrders"
    assert caught.value.retry_after_s == 900.0
    assert DENIED in caught.value.reason
    assert "is the role granted" in caught.value.reason
    assert len(amazon.quotas.of("failed")) == 1
    assert amazon.quotas.of("suspend_account") == []


def test_a_403_about_one_order_is_a_refusal_of_that_order(amazon: ScriptedAmazon) -> None:
    amazon.will(refusal(403, "Unauthorized", DENIED, "Not your marketplace."))

    with pytest.raises(Refused) as caught:
        get_order(amazon)

    assert (caught.value.code, caught.value.status) == ("Unauthorized", 403)
    assert len(amazon.token_requests) == 1
    assert len(amazon.quotas.of("failed")) == 1


@pytest.mark.parametrize("error", ["invalid_grant", "invalid_client", "unauthorized_client"])
def test_refused_credentials_suspend_the_account(amazon: ScriptedAmazon, error: str) -> None:
    told = {"error": error, "error_description": "ask the seller"}
    amazon.tokens.append(httpx.Response(400, json=told))

    with pytest.raises(Suspended) as caught:
        get_order(amazon)

    assert caught.value.scope == "account garage"
    assert caught.value.retry_after_s == 900.0
    assert amazon.quotas.of("suspend_account") == [("garage", f"{error}: ask the seller")]
    assert amazon.quotas.of("failed") == []
    assert amazon.requests == []


def test_a_token_endpoint_that_is_down_is_unavailable(amazon: ScriptedAmazon) -> None:
    amazon.tokens.append(httpx.Response(503, html="<html>down</html>"))

    with pytest.raises(Unavailable, match="getAccessToken"):
        get_order(amazon)

    assert len(amazon.quotas.of("failed")) == 1
