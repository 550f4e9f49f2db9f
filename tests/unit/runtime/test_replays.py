from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dramatiq
import pytest

from actors.runtime.memory_broker import MemoryBroker
from actors.runtime.replays import republish
from domain.errors import Malformed


@dataclass(frozen=True)
class Entry:
    id: str
    stage: str
    message: dict[str, Any]


def quarantined(**changes: Any) -> Entry:
    options = {"flow_id": "f1", "account": "a1", "attempts": 12, "first_failed_at": "x", "eta": 1}
    message = {
        "queue_name": "q.DQ",
        "actor_name": "q",
        "args": ["ReportDue", {"kind": "orders"}],
        "kwargs": {},
        "options": options,
        "message_id": "m1",
        "message_timestamp": 1,
    }
    return Entry("e1", "q", {**message, **changes})


def test_a_replayed_message_starts_over_under_its_own_id() -> None:
    broker, marked = MemoryBroker(), list[str]()
    broker.declare_queue("q")

    sent = republish(broker, quarantined(), marked.append)

    assert marked == ["e1"]
    assert dramatiq.Message.decode(broker.queues["q"].get_nowait()) == sent
    assert (sent.queue_name, sent.message_id) == ("q", "m1")
    assert sent.options == {"flow_id": "f1", "account": "a1", "replays": 1}
    assert sent.args == ("ReportDue", {"kind": "orders"})
    assert abs(sent.message_datetime - datetime.now(UTC)) < timedelta(minutes=1)


def test_every_replay_is_counted() -> None:
    broker = MemoryBroker()
    broker.declare_queue("q")

    sent = republish(broker, quarantined(options={"replays": 2}), lambda _: None)

    assert sent.options == {"replays": 3}


def test_a_message_the_broker_does_not_take_is_not_marked() -> None:
    marked = list[str]()

    with pytest.raises(dramatiq.errors.QueueNotFound):
        republish(MemoryBroker(), quarantined(), marked.append)

    assert marked == []


def test_what_is_not_one_of_our_messages_cannot_be_replayed() -> None:
    with pytest.raises(Malformed, match="cannot be sent again"):
        republish(MemoryBroker(), Entry("e1", "q", {"body_base64": "aGk="}), lambda _: None)


def test_what_cannot_be_written_cannot_be_replayed_and_is_not_marked() -> None:
    broker, marked = MemoryBroker(), list[str]()
    broker.declare_queue("q")
    most_digits = 10**4300 - 1  # Python writes no number that is longer.

    with pytest.raises(Malformed, match="cannot be written"):
        republish(broker, quarantined(options={"replays": most_digits}), marked.append)

    assert (broker.queues["q"].qsize(), marked) == (0, [])
