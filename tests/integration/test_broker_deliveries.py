"""What a worker holds while its channel goes, its clock jumps or RabbitMQ takes nothing in.

As in ``test_broker_repairs``, the stock class is beside ours wherever it has a fault to show.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from typing import Any

import dramatiq
import dramatiq.common
import pytest
from dramatiq.errors import BrokerConnectionError
from pika.exceptions import ChannelWrongStateError

from actors.runtime import broker as broker_module
from actors.runtime import consumer, envelope
from actors.runtime.broker import Connecting, HardenedRabbitmqBroker
from tests.fakes.broker_cases import (
    OURS,
    STOCK,
    depth,
    eventually,
    make,
    publish,
    short_schedule,
    working,
)
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.rabbitmq_node import PrivateRabbitMQ

pytestmark = [
    pytest.mark.rabbitmq,
    # pika leaves the sockets of a connection that was cut open.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]
BACK_S = 7200.0


@pytest.fixture(autouse=True)
def schedule(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    short_schedule(monkeypatch)
    yield
    gc.collect()  # What stock leaves open is this test's, not a later one's.


def test_whoever_has_work_in_hand_does_not_subscribe_anew(
    vhost: Vhost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "QUIET_S", 0.0)
    looked: list[str] = []
    look = consumer.OwnedConsumer._subscribe_anew

    def counted(self: consumer.OwnedConsumer) -> None:
        looked.append(self._queue_name)
        look(self)

    monkeypatch.setattr(consumer.OwnedConsumer, "_subscribe_anew", counted)
    broker = make(OURS, vhost.amqp_url)
    gate = threading.Event()
    begun: list[int] = []
    done: list[int] = []

    @dramatiq.actor(broker=broker, queue_name="q")
    def job(n: int) -> None:
        begun.append(n)
        if n == 0:
            assert gate.wait(30)
        done.append(n)

    job.send(0)
    with working(broker):
        eventually(lambda: begun == [0])
        looked.clear()
        eventually(lambda: looked.count("q") >= 5)
        for n in range(1, 11):
            job.send(n)
        eventually(lambda: len(done) == 10)
        gate.set()
        eventually(lambda: 0 in done)

    assert sorted(begun) == list(range(11))
    assert depth(vhost.amqp_url, "q") == 0


def test_a_delivery_settled_again_after_subscribing_anew_settles_no_other(
    vhost: Vhost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "QUIET_S", 0.0)
    broker = make(OURS, vhost.amqp_url)
    job = dramatiq.actor(broker=broker, queue_name="q", actor_name="job")(lambda _: None)
    job.send(1)
    taking = broker.consume("q", prefetch=5, timeout=20)
    first = next(filter(None, taking))
    taking.ack(first)
    eventually(lambda: (next(taking), first.stale)[1])
    job.send(2)
    second = next(filter(None, taking))
    assert isinstance(second, consumer.RabbitmqDelivery)
    assert isinstance(first, consumer.RabbitmqDelivery)
    assert second.tag == first.tag

    taking.ack(first)
    taking.close()
    broker.close()

    assert depth(vhost.amqp_url, "q") == 1


@pytest.mark.parametrize("kind", [STOCK, OURS])
def test_work_that_takes_longer_than_rabbitmq_waits_for_its_ack_acks_no_later_copy(
    private_rabbitmq: PrivateRabbitMQ, kind: str
) -> None:
    vhost = private_rabbitmq.add_vhost(f"impatient-{kind}")
    private_rabbitmq.ctl("eval", "application:set_env(rabbit, channel_tick_interval, 200).")
    private_rabbitmq.ctl("eval", "application:set_env(rabbit, consumer_timeout, 1000).")
    broker = make(kind, vhost.amqp_url)
    gates = [threading.Event(), threading.Event()]
    begun: list[int] = []
    done: list[int] = []

    @dramatiq.actor(broker=broker, queue_name="q")
    def job() -> None:
        run = len(begun)
        begun.append(run)
        if run < len(gates):
            assert gates[run].wait(60)
        done.append(run)

    job.send()
    with working(broker):
        eventually(lambda: begun == [0])
        private_rabbitmq.ctl("eval", "application:set_env(rabbit, consumer_timeout, 1800000).")
        eventually(lambda: begun == [0, 1])
        gates[0].set()
        eventually(lambda: done == [0])
        # The second run is still going on when its worker loses the connection.
        private_rabbitmq.close_all_connections()

        if kind == OURS:
            eventually(lambda: begun == [0, 1, 2])
        else:
            with pytest.raises(AssertionError, match="in time"):
                eventually(lambda: begun == [0, 1, 2], within_s=2)
        gates[1].set()


def test_a_rejection_that_fails_is_a_lost_connection(
    vhost: Vhost, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = make(OURS, vhost.amqp_url)
    taking = broker.consume("q", prefetch=5, timeout=20)
    assert isinstance(taking, consumer.OwnedConsumer)
    publish(vhost.amqp_url, "q", b"not one of ours")
    monkeypatch.setattr(taking.channel, "basic_nack", channel_gone)

    with pytest.raises(BrokerConnectionError):
        eventually(lambda: next(taking))
    taking.close()
    broker.close()

    assert depth(vhost.amqp_url, "q") == 1


def channel_gone(tag: int, *, requeue: bool) -> None:
    raise ChannelWrongStateError("Channel is closed.")


def test_what_is_held_for_later_is_let_go_with_its_consumer_whatever_ended_it(
    vhost: Vhost, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker = make(OURS, vhost.amqp_url)
    done: list[int] = []

    @dramatiq.actor(broker=broker, queue_name="q")
    def job(n: int) -> None:
        done.append(n)

    with working(broker) as worker:
        eventually(lambda: "q.DQ" in worker.consumers)
        job.send_with_options(args=(1,), delay=1_000)
        eventually(lambda: worker.consumers["q.DQ"].delay_queue.qsize() == 1)
        breaking = [RuntimeError("a defect of ours")]

        def read_or_break(body: bytes, queue_name: str) -> dramatiq.Message[Any]:
            if breaking:
                raise breaking.pop()
            return envelope.read_envelope(body, queue_name)

        monkeypatch.setattr(consumer, "read_envelope", read_or_break)
        job.send_with_options(args=(2,), delay=1_000)
        eventually(lambda: {1, 2} <= set(done))

    left = depth(vhost.amqp_url, "q") + depth(vhost.amqp_url, "q.DQ")
    assert (sorted(done), left) == ([1, 2], 0)


@pytest.mark.parametrize("kind", [STOCK, OURS])
def test_a_clock_that_is_set_back_holds_no_message_for_longer_than_the_longest_delay(
    vhost: Vhost, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    broker = make(kind, vhost.amqp_url)
    done: list[int] = []

    @dramatiq.actor(broker=broker, queue_name="q")
    def job() -> None:
        done.append(1)

    with working(broker) as worker:
        eventually(lambda: "q.DQ" in worker.consumers)
        job.send_with_options(delay=3_000)
        eventually(lambda: worker.consumers["q.DQ"].delay_queue.qsize() == 1)
        monkeypatch.setattr(envelope, "_LONGEST_DELAY_MS", 300)
        real_s, real_ns = time.time, time.time_ns
        monkeypatch.setattr(time, "time", lambda: real_s() - BACK_S)
        monkeypatch.setattr(dramatiq.common, "time", lambda: real_s() - BACK_S)
        monkeypatch.setattr(time, "time_ns", lambda: real_ns() - int(BACK_S * 1e9))

        if kind == OURS:
            eventually(lambda: done == [1])
        else:
            with pytest.raises(AssertionError, match="in time"):
                eventually(lambda: done, within_s=5)


@pytest.mark.parametrize(("kind", "waiting"), [(STOCK, 0), (OURS, 4)])
def test_no_worker_holds_more_for_later_than_it_can_publish_between_two_heartbeats(
    vhost: Vhost, monkeypatch: pytest.MonkeyPatch, kind: str, waiting: int
) -> None:
    monkeypatch.setattr(broker_module, "DELAYED_AHEAD", 6)
    broker = make(kind, vhost.amqp_url)
    job = dramatiq.actor(broker=broker, queue_name="q", actor_name="job")(lambda: None)
    for _ in range(10):
        job.send_with_options(delay=60_000)
    with working(broker) as worker:
        held = worker.consumers["q.DQ"].delay_queue
        eventually(lambda: held.qsize() == 10 - waiting)

        assert depth(vhost.amqp_url, "q.DQ") == waiting


@pytest.mark.parametrize("kind", [STOCK, OURS])
def test_a_publish_while_rabbitmq_takes_nothing_in_fails_in_time(
    private_rabbitmq: PrivateRabbitMQ, kind: str
) -> None:
    vhost = private_rabbitmq.add_vhost(f"full-{kind}")
    ours = HardenedRabbitmqBroker(Connecting(blocked_timeout_s=1).applied_to(vhost.amqp_url))
    broker = ours if kind == OURS else make(STOCK, vhost.amqp_url)
    job = dramatiq.actor(broker=broker, queue_name="q", actor_name="job")(lambda: None)
    broker.declare_queue("q", ensure=True)
    told: list[str] = []

    def publish_one() -> None:
        try:
            job.send()
            told.append("published")
        except BrokerConnectionError:
            told.append("refused")

    publisher = threading.Thread(target=publish_one)
    private_rabbitmq.ctl("set_vm_memory_high_watermark", "absolute", "1MB")
    try:
        publisher.start()
        if kind == OURS:
            eventually(lambda: told == ["refused"])
        else:
            with pytest.raises(AssertionError, match="in time"):
                eventually(lambda: told, within_s=8)
    finally:
        private_rabbitmq.ctl("set_vm_memory_high_watermark", "0.4")
    publisher.join()
    publish_one()
    broker.close()

    assert told[-1] == "published"
    assert depth(vhost.amqp_url, "q") >= 1
