from __future__ import annotations

import pytest

from cli.check import Reached, ask_all
from cli.failing import Stop
from cli.probing import ask_broker, no_account, probes
from config.settings import load_settings
from domain.errors import Unavailable
from tests.fakes.cli_app import TWO_ACCOUNTS


def reached() -> str:
    return "RabbitMQ 3.10"


def not_reached() -> str:
    raise Unavailable("the store does not\nanswer")


def defect() -> str:
    raise ValueError("secret")


def test_one_that_does_not_answer_keeps_nobody_from_being_asked() -> None:
    assert list(ask_all({"store": not_reached, "broker": reached})) == [
        Reached("store", is_reached=False, said="the store does not answer"),
        Reached("broker", is_reached=True, said="RabbitMQ 3.10"),
    ]


def test_a_defect_is_an_answer_too_and_tells_nothing_private() -> None:
    (answer,) = ask_all({"store": defect})

    assert not answer.is_reached
    assert answer.said == "ValueError: run with --debug"


def test_every_account_is_asked_for() -> None:
    asked = probes(load_settings(TWO_ACCOUNTS))

    assert {"store", "broker", "Amazon for east", "Amazon for west"} <= set(asked)


def test_no_account_at_all_is_not_well() -> None:
    real = load_settings({"amazon_endpoint": "https://sellingpartnerapi-na.amazon.com"})

    assert "accounts" in probes(real)
    with pytest.raises(Stop, match=r"README\.md"):
        no_account()


def test_an_in_memory_broker_says_that_it_forgets() -> None:
    assert "forgets everything" in ask_broker("")
