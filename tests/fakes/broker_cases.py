"""Brokers to compare, a worker around them, and the tools to look at what is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import dramatiq
import dramatiq.worker
import pika
import pytest
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.middleware import CurrentMessage, Retries

from actors.runtime.broker import Connecting, HardenedRabbitmqBroker

STOCK, OURS = "stock", "ours"


def make(kind: str, url: str, **settings: Any) -> RabbitmqBroker:
    """Return Dramatiq's own broker, configured as well as it can be, or ours."""
    if kind == OURS:
        return HardenedRabbitmqBroker(Connecting().applied_to(url), **settings)
    middleware = [Retries(max_retries=3, min_backoff=10, max_backoff=20), CurrentMessage()]
    confirmed = settings.pop("confirm_delivery", True)
    return RabbitmqBroker(url=url, confirm_delivery=confirmed, middleware=middleware)


def eventually(
    happened: Callable[[], object], *, within_s: float = 30, every_s: float = 0.02
) -> None:
    """Wait until something is so; fail when it takes too long."""
    deadline = time.monotonic() + within_s
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(every_s)


@contextmanager
def working(broker: dramatiq.Broker, *, threads: int = 2) -> Iterator[dramatiq.Worker]:
    """Run a worker of this process."""
    worker = dramatiq.Worker(broker, worker_timeout=20, worker_threads=threads)
    broker.emit_after("process_boot")
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(timeout=20_000)
        broker.close()


@contextmanager
def channel_to(url: str) -> Iterator[Any]:
    """Open a channel of plain pika, with confirms."""
    connection = pika.BlockingConnection(pika.URLParameters(url))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel
    finally:
        if connection.is_open:
            connection.close()
        connection._cleanup()


def publish(url: str, queue: str, *bodies: bytes, headers: dict[str, Any] | None = None) -> None:
    """Publish as a foreign program would."""
    with channel_to(url) as channel:
        for body in bodies:
            properties = pika.BasicProperties(delivery_mode=2, headers=headers)
            channel.basic_publish("", queue, body, properties, mandatory=True)


def depth(url: str, queue: str) -> int:
    """Return how many messages wait in a queue, exactly; none when it does not exist."""
    with channel_to(url) as channel:
        try:
            return int(channel.queue_declare(queue, passive=True).method.message_count)
        except pika.exceptions.ChannelClosedByBroker:
            return 0


def take_all(url: str, queue: str) -> list[bytes]:
    """Empty a queue."""
    with channel_to(url) as channel:
        bodies = []
        while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
            bodies.append(got[2])
        return bodies


def counting_consumers(broker: dramatiq.Broker, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the queues for which the broker makes consumers, as it makes them."""
    consumed: list[str] = []
    consume = broker.consume

    def counted(queue_name: str, *args: Any, **kwargs: Any) -> Any:
        consumed.append(queue_name)
        return consume(queue_name, *args, **kwargs)

    monkeypatch.setattr(broker, "consume", counted)
    return consumed


def short_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let consumers come back at once, and take the same number of messages ahead everywhere."""
    monkeypatch.setattr(dramatiq.worker, "CONSUMER_RESTART_DELAY_SECS", 0.1)
    monkeypatch.setattr(dramatiq.worker, "QUEUE_PREFETCH", 16)


def untold(url: str) -> str:
    """Return the address for a client that RabbitMQ does not tell of a queue's deletion.

    A busy RabbitMQ may forget to tell others, too.
    """
    able = {"publisher_confirms": True, "basic.nack": True, "consumer_cancel_notify": False}
    separator = "&" if "?" in url else "?"
    return f"{url}{separator}{urlencode({'client_properties': repr({'capabilities': able})})}"
