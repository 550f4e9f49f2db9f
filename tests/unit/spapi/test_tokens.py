from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import parse_qs

import httpx
import pytest

from domain.errors import Throttled, Unavailable
from spapi.tokens import CredentialsRefused, Tokens
from tests.fakes.amazon_http import ScriptedAmazon, seller


@dataclass
class Watch:
    seconds: float = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def tokens(amazon: ScriptedAmazon, watch: Watch) -> Tokens:
    return Tokens(amazon.client, monotonic=watch)


def test_the_exchange_sends_the_accounts_credentials_to_its_own_host(
    amazon: ScriptedAmazon, tokens: Tokens
) -> None:
    assert tokens.get(seller()) == "Atza|token-1"

    (request,) = amazon.token_requests
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded;charset=UTF-8"
    assert parse_qs(request.content.decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["amzn1.application-oa2-client.made-up"],
        "client_secret": ["made-up-client-secret"],
        "refresh_token": ["Atzr|made-up-refresh-token"],
    }


def test_a_token_is_kept_for_55_minutes(
    amazon: ScriptedAmazon, tokens: Tokens, watch: Watch
) -> None:
    assert tokens.get(seller()) == "Atza|token-1"
    watch.seconds += 55 * 60 - 1
    assert tokens.get(seller()) == "Atza|token-1"
    watch.seconds += 1
    assert tokens.get(seller()) == "Atza|token-2"


def test_a_token_that_lives_shorter_is_kept_shorter(
    amazon: ScriptedAmazon, tokens: Tokens, watch: Watch
) -> None:
    amazon.tokens.append(
        httpx.Response(200, json={"access_token": "Atza|short", "expires_in": 600})
    )

    assert tokens.get(seller()) == "Atza|short"
    watch.seconds += 300
    assert tokens.get(seller()) == "Atza|token-2"


def test_each_account_has_its_own_token(amazon: ScriptedAmazon, tokens: Tokens) -> None:
    assert tokens.get(seller("one")) == "Atza|token-1"
    assert tokens.get(seller("two")) == "Atza|token-2"
    assert tokens.get(seller("one")) == "Atza|token-1"


def test_many_threads_cause_one_exchange(amazon: ScriptedAmazon, tokens: Tokens) -> None:
    together = threading.Barrier(8)

    def fetch(_: int) -> str:
        together.wait()
        return tokens.get(seller())

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(fetch, range(8))) == {"Atza|token-1"}

    assert len(amazon.token_requests) == 1


def test_many_threads_with_a_stale_token_cause_one_renewal(
    amazon: ScriptedAmazon, tokens: Tokens
) -> None:
    stale = tokens.get(seller())
    together = threading.Barrier(8)

    def renew(_: int) -> str:
        together.wait()
        return tokens.renew(seller(), stale=stale)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(renew, range(8))) == {"Atza|token-2"}

    assert len(amazon.token_requests) == 2


def test_a_failed_renewal_leaves_no_old_token_behind(
    amazon: ScriptedAmazon, tokens: Tokens
) -> None:
    stale = tokens.get(seller())
    amazon.tokens.append(httpx.ConnectError("refused"))
    with pytest.raises(Unavailable):
        tokens.renew(seller(), stale=stale)

    assert tokens.get(seller()) == "Atza|token-3"


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(500),
        httpx.Response(503, json={"error": "temporarily_unavailable"}),
        httpx.Response(400, html="<html>proxy</html>"),
        httpx.Response(200, html="<html>proxy</html>"),
        httpx.Response(200, json={"token_type": "bearer"}),
        httpx.ReadTimeout("slow"),
    ],
)
def test_an_endpoint_that_does_not_answer_as_it_should_is_unavailable(
    amazon: ScriptedAmazon, tokens: Tokens, response: httpx.Response | Exception
) -> None:
    amazon.tokens.append(response)

    with pytest.raises(Unavailable):
        tokens.get(seller())


def test_an_endpoint_that_is_throttled_is_waited_for(
    amazon: ScriptedAmazon, tokens: Tokens
) -> None:
    amazon.tokens.append(httpx.Response(429))

    with pytest.raises(Throttled) as caught:
        tokens.get(seller())

    assert caught.value.retry_after_s == 60.0


def test_a_refusal_names_oauths_error_and_no_secret(amazon: ScriptedAmazon, tokens: Tokens) -> None:
    told = {"error": "invalid_grant", "error_description": "bad Atzr|made-up-refresh-token"}
    amazon.tokens.append(httpx.Response(400, json=told))

    with pytest.raises(CredentialsRefused) as caught:
        tokens.get(seller())

    assert str(caught.value) == "invalid_grant: bad …"
