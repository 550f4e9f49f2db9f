"""What our broker makes of RabbitMQ's queues: limits, returns, delays, deletion."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import dramatiq
import pytest

from actors.runtime.broker import HardenedRabbitmqBroker
from actors.runtime.retry_policy import Requeue
from tests.fakes.broker_cases import (
    OURS,
    STOCK,
    channel_to,
    depth,
    eventually,
    make,
    publish,
    short_schedule,
    working,
)
from tests.fakes.rabbitmq import RabbitMQ
from tests.fakes.rabbitmq_management import Vhost

pytestmark = [
    pytest.mark.rabbitmq,
    # pika leaves the sockets of a connection that was cut open.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]

NINETY_DAYS_MS = 7_776_000_000
NEVER = 2_147_483_647


@pytest.fixture(autouse=True)
def schedule(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    short_schedule(monkeypatch)
    yield
    gc.collect()  # What stock leaves open is this test's, not a later one's.


def broker_with_queue(vhost: Vhost, **settings: Any) -> HardenedRabbitmqBroker:
    broker = make(OURS, vhost.amqp_url, **settings)
    assert isinstance(broker, HardenedRabbitmqBroker)
    broker.declare_queue("q", ensure=True)
    return broker


def test_the_queues_are_declared_so_that_nothing_is_lost(rabbitmq: RabbitMQ, vhost: Vhost) -> None:
    broker_with_queue(vhost).close()
    to_dead_letters = {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": "q.XQ",
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }

    queues = rabbitmq.management.queues(vhost.name)

    assert {name: queue["arguments"] for name, queue in queues.items()} == {
        "q": {**to_dead_letters, "x-delivery-limit": 20},
        "q.DQ": {**to_dead_letters, "x-delivery-limit": NEVER},
        "q.XQ": {
            "x-queue-type": "quorum",
            "x-delivery-limit": NEVER,
            "x-message-ttl": NINETY_DAYS_MS,
        },
    }


@pytest.mark.parametrize(
    ("queue", "handed_out", "dead"), [("q", 21, 1), ("q.DQ", 50, 0), ("q.XQ", 50, 1)]
)
def test_only_a_main_queue_limits_how_often_a_message_may_come_back(
    vhost: Vhost, queue: str, handed_out: int, dead: int
) -> None:
    broker_with_queue(vhost).close()
    publish(vhost.amqp_url, queue, b"x")

    with channel_to(vhost.amqp_url) as channel:
        times = 0
        for method, _, _ in channel.consume(queue, inactivity_timeout=1):
            if method is None or times == 50:
                break
            times += 1
            channel.basic_nack(method.delivery_tag, requeue=True)

    assert times == handed_out
    eventually(lambda: depth(vhost.amqp_url, "q.XQ") == dead)


def test_a_returned_message_comes_again_after_growing_pauses_until_it_is_settled(
    vhost: Vhost,
) -> None:
    broker = broker_with_queue(vhost, first_pause_s=0.05)
    tried_at: list[float] = []

    @dramatiq.actor(broker=broker, queue_name="q")
    def job() -> None:
        tried_at.append(time.monotonic())
        if len(tried_at) < 4:
            raise Requeue("nowhere to put it")

    # A foreign count is no count.
    publish(vhost.amqp_url, "q", job.message().encode(), headers={"x-delivery-count": "many"})
    with working(broker) as worker:
        eventually(lambda: len(tried_at) == 4 and worker.work_queue.unfinished_tasks == 0)

    pauses_s = [later - earlier for earlier, later in pairwise(tried_at)]
    assert pauses_s[0] >= 0.05
    assert pauses_s[1] >= 0.1
    assert pauses_s[2] >= 0.2
    assert depth(vhost.amqp_url, "q") == depth(vhost.amqp_url, "q.XQ") == 0


def test_what_was_acked_just_before_a_consumer_closes_is_gone(vhost: Vhost) -> None:
    broker = broker_with_queue(vhost)
    job = dramatiq.actor(broker=broker, queue_name="q", actor_name="job")(lambda: None)
    for _ in range(3):
        job.send()
    consumer = broker.consume("q", prefetch=3)
    for _ in range(3):
        delivery = next(consumer)
        assert delivery is not None
        consumer.ack(delivery)
    consumer.close()
    broker.close()

    assert depth(vhost.amqp_url, "q") == 0


def test_a_message_paused_before_its_return_is_there_after_a_stop(vhost: Vhost) -> None:
    broker = broker_with_queue(vhost, first_pause_s=300)
    tried = threading.Event()

    @dramatiq.actor(broker=broker, queue_name="q")
    def job() -> None:
        tried.set()
        raise Requeue("nowhere to put it")

    job.send()
    with working(broker):
        assert tried.wait(30)

    assert depth(vhost.amqp_url, "q") == 1


def test_a_delayed_message_outlives_its_worker(vhost: Vhost) -> None:
    seen: list[int] = []

    def job_of(broker: dramatiq.Broker) -> dramatiq.Actor[[int], None]:
        @dramatiq.actor(broker=broker, queue_name="q")
        def job(n: int) -> None:
            seen.append(n)

        return job

    broker = broker_with_queue(vhost)
    job_of(broker).send_with_options(args=(1,), delay=1500)
    with working(broker) as worker:
        eventually(lambda: worker.consumers["q.DQ"].delay_queue.qsize() == 1)
    assert seen == []

    broker = broker_with_queue(vhost)
    job_of(broker)
    with working(broker):
        eventually(lambda: seen == [1])
    assert depth(vhost.amqp_url, "q.DQ") == 0


@pytest.mark.parametrize(("kind", "runs"), [(STOCK, [2, 2, 2, 2]), (OURS, [2, 1, 1, 1])])
def test_what_was_taken_ahead_over_a_reconnect_is_not_done_twice(
    rabbitmq: RabbitMQ, vhost: Vhost, kind: str, runs: list[int]
) -> None:
    broker = make(kind, vhost.amqp_url)
    begun: list[int] = []
    gate = threading.Event()

    @dramatiq.actor(broker=broker, queue_name="q")
    def job(n: int) -> None:
        begun.append(n)
        assert gate.wait(30)

    for n in range(4):
        job.send(n)
    with working(broker, threads=1) as worker:
        # 0 is being worked on, 1 to 3 are taken ahead, when the connection is cut.
        eventually(lambda: begun == [0] and worker.work_queue.qsize() == 3)
        rabbitmq.close_all_connections()
        eventually(lambda: worker.work_queue.qsize() == 7)
        gate.set()
        eventually(lambda: worker.work_queue.unfinished_tasks == 0)

    assert [begun.count(n) for n in range(4)] == runs


def test_every_queue_may_be_deleted_while_it_is_worked_on(rabbitmq: RabbitMQ, vhost: Vhost) -> None:
    broker = broker_with_queue(vhost)
    seen: list[int] = []

    @dramatiq.actor(broker=broker, queue_name="q")
    def job(n: int) -> None:
        seen.append(n)
        if n == 3:
            raise KeyError(n)

    with working(broker):
        job.send(1)
        eventually(lambda: seen == [1])
        with channel_to(vhost.amqp_url) as channel:
            for name in ("q", "q.DQ", "q.XQ"):
                channel.queue_delete(name)
        # Nobody publishes: the consumers bring them back.
        eventually(lambda: len(rabbitmq.management.queues(vhost.name)) == 3)
        job.send(2)
        job.send(3)
        eventually(lambda: sorted(seen) == [1, 2, 3])
        eventually(lambda: depth(vhost.amqp_url, "q.XQ") == 1)
    assert sorted(seen) == [1, 2, 3]
    assert depth(vhost.amqp_url, "q") == 0
