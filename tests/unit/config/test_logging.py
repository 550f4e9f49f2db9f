from __future__ import annotations

import importlib
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from config.logging import configure_logging


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    before, level = logging.root.handlers[:], logging.root.level
    stream = io.StringIO()
    configure_logging("INFO", stream)
    yield stream
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    logging.root.handlers[:] = before
    logging.root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_json_and_says_what_it_is_about(stream: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(flow_id="f1", stage="import_orders"):
        structlog.get_logger("actors").info("chunk imported", chunk=3)

    (line,) = lines(stream)
    assert str(line.pop("at")).endswith("Z")
    assert line == {
        "event": "chunk imported",
        "chunk": 3,
        "flow_id": "f1",
        "stage": "import_orders",
        "logger": "actors",
        "level": "info",
    }


def test_lines_of_libraries_carry_the_same_context(stream: io.StringIO) -> None:
    with structlog.contextvars.bound_contextvars(message_id="m1", account="dealer1"):
        logging.getLogger("dramatiq.worker").warning("restarting in %d s", 3)

    (line,) = lines(stream)
    assert line["event"] == "restarting in 3 s"
    assert (line["message_id"], line["account"]) == ("m1", "dealer1")


def test_values_that_may_be_a_persons_are_hidden_by_their_key(stream: io.StringIO) -> None:
    structlog.get_logger("x").info(
        "read",
        order_id="111-0000017-0000017",
        buyer_name="Buyer 17",
        ship_phone="555-0117",
        address_line_1="17 Test Street",
        refresh_token="abc",
        order={"city": "Testville", "name": "Buyer 17", "items": [{"sku": "BP-100"}]},
    )

    (line,) = lines(stream)
    assert line["order_id"] == "111-0000017-0000017"
    assert line["order"] == {"city": "[hidden]", "name": "[hidden]", "items": [{"sku": "BP-100"}]}
    for key in ("buyer_name", "ship_phone", "address_line_1", "refresh_token"):
        assert line[key] == "[hidden]"


_TEXTS = [
    ("mail to buyer-17@example.invalid failed", "mail to [hidden] failed"),
    ("token Atzr|IwEBIabc-123 refused", "token [hidden] refused"),
    ("secret amzn1.oa2-cs.v1.abcdef given", "secret [hidden] given"),
    (
        "GET https://tortuga.example.invalid/doc/1?X-Amz-Signature=abc&x=1 timed out",
        "GET https://tortuga.example.invalid/doc/1?[hidden] timed out",
    ),
    ("amqp://user:hush@host:5672/ is gone", "amqp://user:[hidden]@host:5672/ is gone"),
    ("https://sellingpartnerapi-na.amazon.com is slow",) * 2,
]


@pytest.mark.parametrize(("said", "logged"), _TEXTS)
def test_private_text_is_hidden_wherever_it_stands(
    stream: io.StringIO, said: str, logged: str
) -> None:
    structlog.get_logger("x").info(said, error=ValueError(said), found=[said])
    logging.getLogger("library").error("%s", said)

    ours, theirs = lines(stream)
    assert ours["event"] == ours["error"] == theirs["event"] == logged
    assert ours["found"] == [logged]


def test_private_text_is_hidden_in_tracebacks_too(stream: io.StringIO) -> None:
    failure = RuntimeError("no such buyer: buyer-17@example.invalid")

    logging.getLogger("library").error("failed", exc_info=failure)
    structlog.get_logger("x").error("failed", exc_info=failure)

    assert len(lines(stream)) == 2

    for line in lines(stream):
        assert "no such buyer: [hidden]" in str(line["exception"])
        assert "buyer-17" not in json.dumps(line)


def test_loggers_that_print_signed_addresses_are_kept_quiet(stream: io.StringIO) -> None:
    importlib.import_module("sp_api.base.client")  # It sets its own level to INFO.

    for name in ("httpx", "httpcore.http11", "sp_api.base.client", "pika.adapters"):
        logging.getLogger(name).info("HTTP Request: GET https://signed")
        logging.getLogger(name).debug("token")
    assert lines(stream) == []

    logging.getLogger("httpx").warning("something is wrong")
    assert [line["event"] for line in lines(stream)] == ["something is wrong"]


def test_what_is_below_the_level_is_not_logged(stream: io.StringIO) -> None:
    structlog.get_logger("x").debug("quiet")
    logging.getLogger("y").debug("quiet")

    assert lines(stream) == []
