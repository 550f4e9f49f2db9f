"""Whatever an envelope claims, its message ends in the quarantine and fits into a document."""

from __future__ import annotations

import json
from typing import Any

import bson
from hypothesis import given
from hypothesis import strategies as st

from actors.runtime.dead_letters import drain_dead_letters
from actors.runtime.envelope import read_envelope
from actors.runtime.failures import FailurePolicy
from actors.runtime.memory_broker import MemoryBroker
from domain.errors import Malformed
from store.quarantine import Quarantine
from tests.fakes.quarantine import an_empty_quarantine

ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([2**63 - 1, 2**64, -(2**70), 10**30])
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab.$", max_size=3), inner),
    max_leaves=5,
)
OPTIONS = st.dictionaries(
    st.sampled_from(["attempts", "replays", "flow_id", "account", "eta", "due_at", "x"]), ANYTHING
)


def body_of(args: list[Any], options: dict[str, Any], at_ms: int) -> bytes:
    fields = {
        "queue_name": "q",
        "actor_name": "q",
        "args": args,
        "kwargs": {},
        "options": options,
        "message_id": "m1",
        "message_timestamp": at_ms,
    }
    return json.dumps(fields).encode()


def documents(quarantine: Quarantine) -> list[dict[str, Any]]:
    """Return what is kept, as MongoDB takes it: mongomock takes anything."""
    rows: list[dict[str, Any]] = list(quarantine.database["quarantine"].find())
    return [bson.decode(bson.encode(row)) for row in rows]


@given(args=st.lists(ANYTHING, max_size=2), options=OPTIONS, at_ms=st.integers())
def test_a_worker_keeps_a_message_whatever_it_claims(
    args: list[Any], options: dict[str, Any], at_ms: int
) -> None:
    quarantine, broker = an_empty_quarantine(), MemoryBroker()
    message = read_envelope(body_of(args, options, at_ms), "q")

    FailurePolicy(broker, quarantine).settle("q", message, Malformed("not one of ours"))

    (row,) = documents(quarantine)
    assert 1 <= row["attempts"] <= 10_001
    assert json.loads(row["body"])["args"] == args


@given(args=st.lists(ANYTHING, max_size=2), options=OPTIONS, at_ms=st.integers())
def test_a_drain_keeps_a_letter_whole_whatever_it_claims(
    args: list[Any], options: dict[str, Any], at_ms: int
) -> None:
    quarantine, broker = an_empty_quarantine(), MemoryBroker()
    broker.declare_queue("q")
    broker.queues["q"].put(body_of(args, options, at_ms))
    consumer = broker.consume("q", timeout=10)
    delivery = next(consumer)
    assert delivery is not None
    consumer.nack(delivery)

    assert drain_dead_letters(broker, ["q"], quarantine.keep) == 1

    (row,) = documents(quarantine)
    assert (row["error_class"], row["source"]) == ("Rejected", "dead_letter")
    assert 0 <= row["attempts"] <= 10_000
    assert json.loads(row["body"])["args"] == args
