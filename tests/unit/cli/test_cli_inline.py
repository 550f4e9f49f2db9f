from __future__ import annotations

import threading

import dramatiq
import pytest
from dramatiq.brokers.stub import StubBroker

from actors.runtime.memory_broker import MemoryBroker
from cli.demo_run import SHORTEST_MS, SPEED, HurriedBroker
from cli.failing import Stop
from cli.inline import in_this_process, is_quiet, until_quiet, workers


def a_broker(hold: threading.Event, done: list[int]) -> MemoryBroker:
    """Two stages in a row: the first one waits to be let go, the second notes that it ran."""
    broker = MemoryBroker()

    def second() -> None:
        done.append(2)

    def first() -> None:
        assert hold.wait(10)
        done.append(1)
        broker.enqueue(message_for("second"), delay=50)

    for run in (first, second):
        dramatiq.actor(broker=broker, actor_name=run.__name__, queue_name=run.__name__)(run)
    return broker


def message_for(name: str) -> dramatiq.Message[None]:
    return dramatiq.Message(queue_name=name, actor_name=name, args=(), kwargs={}, options={})


def test_a_flow_is_quiet_only_when_what_follows_is_done_too() -> None:
    hold, done = threading.Event(), list[int]()
    broker = a_broker(hold, done)
    with workers(broker, threads=1):
        broker.enqueue(message_for("first"))
        assert not is_quiet(broker)
        assert not until_quiet(broker, 0.0)

        hold.set()

        assert until_quiet(broker, 10.0)
    assert done == [1, 2]
    broker.close()


def test_what_is_announced_here_is_worked_off_here() -> None:
    hold, done = threading.Event(), list[int]()
    hold.set()
    broker = a_broker(hold, done)

    with in_this_process(broker):
        broker.enqueue(message_for("first"))

    assert done == [1, 2]
    broker.close()


def test_patience_has_an_end() -> None:
    hold, done = threading.Event(), list[int]()
    broker = a_broker(hold, done)
    let_go = threading.Timer(0.5, hold.set)
    let_go.start()

    with pytest.raises(Stop, match="goes on where this stopped"), in_this_process(broker, 0.0):
        broker.enqueue(message_for("first"))

    let_go.join()
    broker.close()


def test_a_broker_that_others_hear_is_left_to_them() -> None:
    broker = StubBroker()
    broker.declare_queue("first")

    with in_this_process(broker):
        broker.enqueue(message_for("first"))

    assert broker.queues["first"].qsize() == 1
    broker.close()


@pytest.mark.parametrize(
    ("asked_ms", "waits_ms"),
    [(None, 0), (600_000, 600_000 // SPEED), (1, SHORTEST_MS)],
)
def test_the_demo_waits_shorter_but_never_spins(asked_ms: int | None, waits_ms: int) -> None:
    broker = HurriedBroker()
    dramatiq.actor(broker=broker, actor_name="first", queue_name="first")(lambda: None)

    queued = broker.enqueue(message_for("first"), delay=asked_ms)

    eta_ms = queued.options.get("eta")
    waited_ms = 0 if eta_ms is None else eta_ms - queued.message_timestamp
    assert waits_ms <= waited_ms <= waits_ms + 1000 * bool(asked_ms)
    broker.close()
