from __future__ import annotations

import logging
import traceback

import httpx
import pytest

from domain.errors import Refused, Unavailable
from spapi.client import TALKATIVE, make_client
from spapi.operations import OrderOperations
from tests.fakes.amazon_http import ENDPOINT, ScriptedAmazon, answer, refusal, seller


def get_order(amazon: ScriptedAmazon) -> None:
    amazon.calls.send(seller(), "getOrder", OrderOperations(ENDPOINT).get_order("1"))


def test_loggers_that_print_urls_and_tokens_are_kept_quiet() -> None:
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.DEBUG)

    make_client().close()

    assert {name: logging.getLogger(name).level for name in TALKATIVE} == dict.fromkeys(
        TALKATIVE, logging.WARNING
    )
    assert not logging.getLogger("httpcore.connection").isEnabledFor(logging.INFO)


def test_no_token_or_secret_reaches_logs_or_errors(
    amazon: ScriptedAmazon, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    echo = "token Atza|token-1 of https://files.example/f?X-Amz-Signature=abc is bad"
    amazon.will(refusal(400, "InvalidInput", echo), httpx.ReadTimeout("Atza|token-1"), answer())
    told = []
    for _ in range(2):
        with pytest.raises((Refused, Unavailable)) as caught:
            get_order(amazon)
        told.extend(traceback.format_exception(caught.value))
    get_order(amazon)

    spoken = caplog.text + "".join(told)
    assert "request id request-1" in caplog.text
    assert "was refused: 400 InvalidInput" in spoken
    for secret in ("Atza|token", "X-Amz-Signature", "made-up-client-secret", "Atzr|"):
        assert secret not in spoken


def test_a_loopback_endpoint_ignores_the_proxies_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    with make_client() as client:
        direct = client._transport
        for host in ("127.0.0.1", "localhost", "[::1]"):
            assert client._transport_for_url(httpx.URL(f"http://{host}:8080/x")) is direct
        assert client._transport_for_url(httpx.URL("https://amazon.example/x")) is not direct
