from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dramatiq
import pytest
from dramatiq.middleware import Callbacks, Pipelines, Retries, TimeLimit

from actors.runtime.broker import HardenedRabbitmqBroker, make_broker
from actors.runtime.memory_broker import MemoryBroker
from actors.runtime.retry_policy import Requeue
from actors.runtime.settling import Settle


@contextmanager
def working(broker: MemoryBroker) -> Iterator[None]:
    worker = dramatiq.Worker(broker, worker_timeout=20, worker_threads=2)
    worker.start()
    try:
        yield
    finally:
        worker.stop(timeout=5_000)


def recorder(broker: MemoryBroker) -> tuple[dramatiq.Actor[[int], None], list[int]]:
    seen: list[int] = []

    @dramatiq.actor(broker=broker, queue_name="q")
    def job(n: int) -> None:
        seen.append(n)

    return job, seen


def memory(**settings: Any) -> MemoryBroker:
    return MemoryBroker(first_pause_s=0.02, **settings)


def test_no_url_is_a_broker_in_memory_that_says_it_is_volatile() -> None:
    for url in ("", "memory://"):
        broker = make_broker(url)

        assert isinstance(broker, MemoryBroker)
        assert broker.volatile


@pytest.mark.parametrize("url", ["redis://localhost", "localhost", "amqp://a;http://b"])
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="use amqp:// or memory://"):
        make_broker(url)


@pytest.mark.parametrize("lossy", [Retries(), Pipelines(), Callbacks(), TimeLimit()])
def test_middleware_that_loses_messages_is_refused(lossy: Any) -> None:
    with pytest.raises(ValueError, match="loses messages"):
        make_broker("", middleware=[lossy])


def test_a_delayed_message_is_processed_when_it_is_due() -> None:
    broker = memory()
    job, seen = recorder(broker)

    with working(broker):
        job.send_with_options(args=(2,), delay=60)
        job.send(1)
        broker.join("q", timeout=5_000)

    assert seen == [1, 2]


def test_an_exception_dead_letters_the_message() -> None:
    broker = memory()

    @dramatiq.actor(broker=broker, queue_name="q")
    def job() -> None:
        raise KeyError("x")

    with working(broker):
        job.send()
        with pytest.raises(KeyError):
            broker.join("q", timeout=5_000)

    assert [each.actor_name for each in broker.dead_letters] == ["job"]


def test_a_returned_message_comes_again_and_is_neither_acked_nor_buried() -> None:
    broker, tries = memory(), []

    @dramatiq.actor(broker=broker, queue_name="q")
    def job(n: int) -> None:
        tries.append(n)
        if len(tries) < 3:
            raise Requeue("nowhere to put it")

    with working(broker):
        job.send(7)
        broker.join("q", timeout=5_000)

    assert tries == [7, 7, 7]
    assert broker.dead_letters == []


def test_an_unreadable_message_is_a_dead_letter_and_those_behind_it_are_processed() -> None:
    broker = memory()
    job, seen = recorder(broker)
    broker.queues["q"].put(b"hello")

    with working(broker):
        job.send(1)
        broker.join("q", timeout=5_000, fail_fast=False)

    assert seen == [1]
    assert [each.body for each in broker.dead_letters] == [b"hello"]


def test_what_a_stopping_worker_had_taken_ahead_is_still_there_for_the_next() -> None:
    broker = memory()
    job, seen = recorder(broker)
    for n in range(100):
        job.send(n)
    job.send_with_options(args=(100,), delay=100)

    with working(broker):
        pass
    with working(broker):
        broker.join("q", timeout=5_000)

    assert sorted(seen) == list(range(101))


def test_settling_is_always_there() -> None:
    assert any(isinstance(each, Settle) for each in make_broker("").middleware)
    assert any(isinstance(each, Settle) for each in make_broker("amqp://nowhere").middleware)


def test_a_returned_message_is_held_back_longer_each_time_up_to_five_minutes() -> None:
    broker = make_broker("amqp://nowhere")
    assert isinstance(broker, HardenedRabbitmqBroker)

    pauses_s = [broker.pause_before_return_s(returns) for returns in range(20)]

    assert pauses_s[:8] == [5, 10, 20, 40, 80, 160, 300, 300]
    assert sum(pauses_s) > 3600
    assert broker.pause_before_return_s(10**9) == 300


def test_a_urls_own_settings_win_over_ours() -> None:
    broker = make_broker("amqps://u:p%40@h1/vh%2F1?heartbeat=7;amqp://h2")
    assert isinstance(broker, HardenedRabbitmqBroker)

    first, second = broker.parameters

    assert (first.host, first.virtual_host, first.credentials.password) == ("h1", "vh/1", "p@")
    assert (first.heartbeat, first.blocked_connection_timeout) == (7, 30)
    assert (second.host, second.heartbeat, second.connection_attempts) == ("h2", 60, 3)
