"""Each repair of the RabbitMQ broker beside the stock class, which loses in the same harness."""

from __future__ import annotations

import gc
import json
import socket
import threading
from collections.abc import Iterator

import dramatiq
import pytest
from dramatiq.errors import BrokerConnectionError
from dramatiq.middleware import CurrentMessage
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from actors.runtime import consumer
from actors.runtime.failures import FailurePolicy
from domain.errors import Unavailable
from tests.fakes.broker_cases import (
    OURS,
    STOCK,
    channel_to,
    depth,
    eventually,
    make,
    short_schedule,
    take_all,
    untold,
    working,
)
from tests.fakes.quarantine import MemoryQuarantine
from tests.fakes.rabbitmq import RabbitMQ
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.rabbitmq_node import PrivateRabbitMQ

pytestmark = [
    pytest.mark.rabbitmq,
    # pika leaves the sockets of a connection that was cut open, and stock threads die here.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(autouse=True)
def schedule(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    short_schedule(monkeypatch)
    yield
    gc.collect()  # What stock leaves open is this test's, not a later one's.


@pytest.mark.parametrize(("kind", "lost"), [(STOCK, [8, 9, 10, 11]), (OURS, [])])
def test_work_in_flight_over_a_reconnect_acks_no_other_message(
    rabbitmq: RabbitMQ, vhost: Vhost, kind: str, lost: list[int]
) -> None:
    broker = make(kind, vhost.amqp_url)
    gates = {n: threading.Event() for n in (4, 5, 6, 7)}
    begun: list[int] = []
    done: set[int] = set()

    @dramatiq.actor(broker=broker, queue_name="q")
    def job(n: int) -> None:
        begun.append(n)
        if n in gates:
            assert gates[n].wait(30)
        done.add(n)

    for n in range(40):
        job.send(n)
    with working(broker) as worker:
        # 4 and 5 are being worked on, 6 to 19 are taken ahead, when the connection is cut.
        eventually(lambda: {4, 5} <= set(begun) and worker.work_queue.qsize() == 14)
        rabbitmq.close_all_connections()
        # The new consumer has taken 4 to 19 once more, under the tags 1 to 16.
        eventually(lambda: worker.work_queue.qsize() == 30)
        gates[4].set()
        gates[5].set()
        # Stock: they ack the tags 5 and 6, which are 8 and 9 by now; then 6 and 7 ack 10 and 11.
        eventually(lambda: {6, 7} <= set(begun))
        stopping = threading.Thread(target=worker.stop)
        stopping.start()
        eventually(lambda: not any(thread.running for thread in worker.workers))
        gates[6].set()
        gates[7].set()
        stopping.join()

    left = {json.loads(body)["args"][0] for body in take_all(vhost.amqp_url, "q")}
    assert sorted(set(range(40)) - done - left) == lost


@pytest.mark.parametrize(("kind", "arrived"), [(STOCK, 0), (OURS, 5)])
def test_a_publish_into_a_deleted_queue_is_noticed(vhost: Vhost, kind: str, arrived: int) -> None:
    broker = make(kind, vhost.amqp_url, **({"confirm_delivery": False} if kind == STOCK else {}))
    job = dramatiq.actor(broker=broker, queue_name="q", actor_name="job")(lambda: None)
    broker.declare_queue("q", ensure=True)
    with channel_to(vhost.amqp_url) as channel:
        channel.queue_delete("q")

    for _ in range(5):
        job.send()
    broker.close()

    assert depth(vhost.amqp_url, "q") == arrived


@pytest.mark.parametrize("kind", [STOCK, OURS])
def test_what_was_published_before_rabbitmq_was_killed_is_there_afterwards(
    private_rabbitmq: PrivateRabbitMQ, kind: str
) -> None:
    vhost = private_rabbitmq.add_vhost(f"killed-{kind}")
    broker = make(kind, vhost.amqp_url, **({"confirm_delivery": False} if kind == STOCK else {}))
    job = dramatiq.actor(broker=broker, queue_name="q", actor_name="job")(lambda _: None)
    published: list[int] = []
    connected, frozen = threading.Event(), threading.Event()

    def publish_all() -> None:
        job.send(-1)
        connected.set()
        assert frozen.wait(60)
        for n in range(50):
            while n not in published:
                try:
                    job.send(n)
                    published.append(n)
                except BrokerConnectionError:
                    assert kind == OURS, "the stock broker does not notice"

    publisher = threading.Thread(target=publish_all)
    publisher.start()
    assert connected.wait(60)
    private_rabbitmq.freeze()
    frozen.set()
    if kind == STOCK:
        publisher.join()
    assert len(published) == (50 if kind == STOCK else 0)
    private_rabbitmq.kill()
    private_rabbitmq.start()
    publisher.join()
    broker.close()

    assert len(published) == 50
    there = {json.loads(body)["args"][0] for body in take_all(vhost.amqp_url, "q")}
    lost = set(published) - there
    assert len(lost) == (50 if kind == STOCK else 0)


@pytest.mark.parametrize(
    ("kind", "raised"), [(STOCK, AMQPConnectorException), (OURS, BrokerConnectionError)]
)
def test_a_rabbitmq_that_takes_connections_and_says_nothing_is_a_failed_publish(
    kind: str, raised: type[Exception]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        broker = make(kind, f"amqp://127.0.0.1:{port}/?stack_timeout=0.2&connection_attempts=1")
        job = dramatiq.actor(broker=broker, queue_name="q", actor_name="job")(lambda: None)

        with pytest.raises(raised):
            job.send()
        with pytest.raises(raised):
            broker.consume("q")


@pytest.mark.parametrize(("kind", "left"), [(STOCK, 0), (OURS, 1)])
def test_a_message_whose_retry_cannot_be_published_is_not_acked(
    vhost: Vhost, monkeypatch: pytest.MonkeyPatch, kind: str, left: int
) -> None:
    broker = make(kind, vhost.amqp_url)
    policy = FailurePolicy(broker, MemoryQuarantine())
    tried = threading.Event()

    @dramatiq.actor(broker=broker, queue_name="q")
    def job() -> None:
        message = CurrentMessage.get_current_message()
        assert message is not None
        tried.set()
        if kind == STOCK:
            raise Unavailable("503")
        policy.settle("job", message, Unavailable("503"))

    job.send()
    broker.close()
    monkeypatch.setattr(broker, "enqueue", refuse)
    with working(broker) as worker:
        assert tried.wait(30)
        eventually(lambda: worker.work_queue.unfinished_tasks == 0)

    queues = ("q", "q.DQ", "q.XQ")
    assert sum(depth(vhost.amqp_url, name) for name in queues) == left
    assert depth(vhost.amqp_url, "q") == left


def refuse(message: object, *, delay: int | None = None) -> None:
    raise BrokerConnectionError("no publish today")  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("kind", [STOCK, OURS])
def test_a_consumer_that_rabbitmq_has_forgotten_subscribes_anew(
    vhost: Vhost, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(consumer, "QUIET_S", 0.2)
    broker = make(kind, untold(vhost.amqp_url))
    done: list[int] = []

    @dramatiq.actor(broker=broker, queue_name="q")
    def job(n: int) -> None:
        done.append(n)

    job.send(1)
    with working(broker):
        eventually(lambda: done == [1])
        with channel_to(vhost.amqp_url) as channel:
            channel.queue_delete("q")
        broker.queues_pending.add("q")
        job.send(2)

        if kind == OURS:
            eventually(lambda: done == [1, 2])
        else:
            with pytest.raises(AssertionError, match="in time"):
                eventually(lambda: done == [1, 2], within_s=2)
