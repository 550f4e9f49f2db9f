from __future__ import annotations

import json
import time
from typing import Any

import dramatiq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.runtime.envelope import read_envelope
from domain.errors import Malformed

GOOD: dict[str, Any] = {
    "queue_name": "import_orders",
    "actor_name": "import_orders",
    "args": ["OrderLinesParsed", {"report_id": "r1"}],
    "kwargs": {},
    "options": {"flow_id": "f1", "attempts": 2},
    "message_id": "m1",
    "message_timestamp": 1_700_000_000_000,
}


def body(**changes: Any) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def without(name: str) -> bytes:
    return json.dumps({k: v for k, v in GOOD.items() if k != name}).encode()


def test_our_own_message_is_read_as_it_was_written() -> None:
    ours: dramatiq.Message[None] = dramatiq.Message(**{**GOOD, "args": tuple(GOOD["args"])})

    assert read_envelope(ours.encode(), "import_orders") == ours


FOREIGN = [
    (b"", "not JSON"),
    (b"hello", "not JSON"),
    (b"\xff\xfe\x00", "not JSON"),
    (b"[" * 100_000, "not JSON"),
    (b"[" * 300 + b"]" * 300, "not JSON"),
    (b'{"args": NaN}', "not JSON"),
    (b"1" * 5000, "not JSON"),
    (b"[1]", "not a JSON object"),
    (b"null", "not a JSON object"),
    (b"{}", "queue_name is not there"),
    (body(extra=1), "it has fields an envelope does not have"),
    (without("options"), "options is not there"),
    (without("message_id"), "message_id is not there"),
    (body(options=None), "options is not dict"),
    (body(args=None), "args is not list"),
    (body(args={"a": 1}), "args is not list"),
    (body(args="abc"), "args is not list"),
    (body(kwargs=None), "kwargs is not dict"),
    (body(kwargs=[1]), "kwargs is not dict"),
    (body(actor_name=["import_orders"]), "actor_name is not str"),
    (body(message_id=""), "message_id is empty or too long"),
    (body(message_id="x" * 201), "message_id is empty or too long"),
    (body(message_id=7), "message_id is not str"),
    (body(message_timestamp="now"), "message_timestamp is not int"),
    (body(message_timestamp=True), "message_timestamp is not int"),
    (body(queue_name="other"), "queue_name is another queue's"),
]


@pytest.mark.parametrize(("foreign", "why"), FOREIGN)
def test_a_foreign_message_is_refused_with_the_field_that_is_wrong(
    foreign: bytes, why: str
) -> None:
    with pytest.raises(Malformed, match=f"^{why}$"):
        read_envelope(foreign, "import_orders")


@given(st.binary(max_size=300))
def test_no_bytes_do_anything_but_read_or_refuse(foreign: bytes) -> None:
    with pytest.raises(Malformed):
        read_envelope(foreign, "import_orders")


def test_what_is_read_can_be_written_again() -> None:
    deepest = b"[" * 150 + b"1e999" + b"]" * 150
    read = read_envelope(body().replace(b'"r1"', deepest), "import_orders")

    assert b"import_orders" in read.encode()


def test_a_message_moved_back_from_its_own_delay_queue_is_welcome() -> None:
    assert read_envelope(body(queue_name="import_orders.DQ"), "import_orders").queue_name == (
        "import_orders"
    )


def test_options_that_steer_dramatiq_are_dropped_and_ours_are_kept() -> None:
    steering = {"throws": "x", "pipe_target": {}, "broker_priority": "high", "retries": 3}
    read = read_envelope(body(options={**GOOD["options"], **steering}), "import_orders")

    assert read.options == GOOD["options"]


def test_a_delay_counts_only_on_the_delay_queue() -> None:
    assert "eta" not in read_envelope(body(options={"eta": 9e15}), "import_orders").options


@pytest.mark.parametrize("eta", [None, "soon", True, [], {}, "INFINITE", 9e15, -1])
def test_a_delay_ends_within_ten_minutes_whatever_was_asked(eta: object) -> None:
    asked = body(queue_name="import_orders.DQ", options={"eta": eta})
    read = read_envelope(asked.replace(b'"INFINITE"', b"1e999"), "import_orders.DQ")

    assert read.options["eta"] <= time.time() * 1000 + 600_000
