from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker

from actors.runtime.dead_letters import Rejected, drain_dead_letters, republish
from actors.runtime.memory_broker import MemoryBroker
from domain.errors import Malformed, Unavailable


@dataclass
class Keeper:
    """Keeps in a list, and fails on demand."""

    kept: list[dict[str, Any]] = field(default_factory=list)
    fails_at: int = -1

    def __call__(self, message: dict[str, Any], **known: Any) -> None:
        if len(self.kept) == self.fails_at:
            raise Unavailable("the store is away")
        self.kept.append({"message": message, **known})


@dataclass(frozen=True)
class Entry:
    id: str
    stage: str
    message: dict[str, Any]


@pytest.fixture
def broker() -> MemoryBroker:
    """A broker with two dead letters: one an actor raised on, one that was never readable."""
    broker = MemoryBroker()

    @dramatiq.actor(broker=broker, queue_name="q")
    def job(n: int) -> None:
        raise KeyError(n)

    broker.enqueue(job.message(1).copy(options={"flow_id": "f1", "account": "a1", "attempts": 2}))
    broker.queues["q"].put(b"\xffhello")
    worker = dramatiq.Worker(broker, worker_timeout=10, worker_threads=1)
    worker.start()
    broker.join("q", timeout=5_000, fail_fast=False)
    worker.stop()
    return broker


def test_dead_letters_are_kept_with_what_is_known_and_are_gone_afterwards(
    broker: MemoryBroker,
) -> None:
    keeper = Keeper()

    assert drain_dead_letters(broker, ["q", "unknown"], keeper) == 2
    assert drain_dead_letters(broker, ["q"], keeper) == 0

    foreign, ours = sorted(keeper.kept, key=lambda each: str(each["kind"]), reverse=True)
    assert base64.b64decode(foreign["message"]["body_base64"]) == b"\xffhello"
    assert (foreign["kind"], str(foreign["error"])) == ("permanent", "not JSON")
    assert isinstance(foreign["error"], Malformed)
    assert ours["message"]["args"] == (1,)
    assert (ours["stage"], ours["flow_id"], ours["account"]) == ("q", "f1", "a1")
    assert (ours["attempts"], ours["kind"], ours["source"]) == (2, "defect", "dead_letter")
    assert isinstance(ours["error"], Rejected)
    assert abs((datetime.now(UTC) - ours["died_at"]).total_seconds()) < 60


def test_a_letter_that_cannot_be_kept_stays_where_it_is(broker: MemoryBroker) -> None:
    keeper = Keeper(fails_at=1)

    with pytest.raises(Unavailable):
        drain_dead_letters(broker, ["q"], keeper)

    keeper.fails_at = -1
    assert drain_dead_letters(broker, ["q"], keeper) == 1
    assert len(keeper.kept) == 2


def test_a_broker_without_dead_letters_of_ours_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="StubBroker"):
        drain_dead_letters(StubBroker(), ["q"], Keeper())


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
