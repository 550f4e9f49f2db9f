"""How every stage's queues stand: what waits, who works, what died.  Asked of the broker itself.

RabbitMQ tells the age of a queue's head only for classic queues, and to look into a quorum queue
counts as a delivery, of which a message has twenty.  So the oldest message is not asked here: the
store tells since when each stage owes something.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass

import dramatiq
import pika
import pika.exceptions
from dramatiq.common import dq_name, xq_name

from actors.runtime.broker import HardenedRabbitmqBroker
from actors.runtime.consumer import CONNECTION_LOST
from actors.runtime.memory_broker import MemoryBroker
from domain.errors import Unavailable

NOT_FOUND = 404
PROBE_S = 5.0
NOBODYS_QUEUE = "amazon.nobodys-queue"
"""RabbitMQ confirms what is published to no queue, and forgets it."""


@dataclass(frozen=True, slots=True)
class QueueState:
    """The three queues of a stage; None: RabbitMQ has no such queue (yet)."""

    stage: str
    ready: int | None
    """Not yet in a worker's hands."""
    consumers: int | None
    delayed: int | None
    """Waiting for their time and in no worker's hands: more than 0 means nobody holds them."""
    dead_letters: int | None


def queue_states(broker: dramatiq.Broker, stages: Iterable[str]) -> list[QueueState]:
    """Return the state of each stage's queues.

    Raises:
        Unavailable: RabbitMQ cannot be reached.
    """
    if isinstance(broker, MemoryBroker):
        return [_in_memory(broker, stage) for stage in stages]
    if not isinstance(broker, HardenedRabbitmqBroker):
        raise TypeError(f"no queues of a {type(broker).__name__}")
    with _connected(broker) as connection:
        return [_asked(connection, stage) for stage in stages]


def takes_messages(broker: dramatiq.Broker) -> bool:
    """Return whether RabbitMQ takes messages at all, within seconds: one attempt, short limits.

    One that is there and reads nothing (memory or disk alarm, frozen) does not.
    """
    if not isinstance(broker, HardenedRabbitmqBroker):
        return True
    parameters = broker.parameters
    every = parameters if isinstance(parameters, list) else [parameters]
    try:
        with pika.BlockingConnection([_hurried(each) for each in every]) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            channel.basic_publish("", NOBODYS_QUEUE, b"")
    except CONNECTION_LOST:
        return False
    return True


def _hurried(parameters: pika.ConnectionParameters) -> pika.ConnectionParameters:
    hurried = copy(parameters)
    hurried.connection_attempts = 1
    hurried.socket_timeout = hurried.stack_timeout = PROBE_S
    hurried.blocked_connection_timeout = PROBE_S
    return hurried


@contextmanager
def _connected(broker: HardenedRabbitmqBroker) -> Iterator[pika.BlockingConnection]:
    try:
        with pika.BlockingConnection(broker.parameters) as connection:
            yield connection
    except CONNECTION_LOST as exc:
        raise Unavailable(f"RabbitMQ: {type(exc).__name__}") from None


def _asked(connection: pika.BlockingConnection, stage: str) -> QueueState:
    ready, consumers = _counts(connection, stage)
    delayed, _ = _counts(connection, dq_name(stage))
    dead, _ = _counts(connection, xq_name(stage))
    return QueueState(stage, ready, consumers, delayed, dead)


def _counts(connection: pika.BlockingConnection, name: str) -> tuple[int | None, int | None]:
    """Return a queue's ready messages and consumers; passive: asking must not create it."""
    channel = connection.channel()
    try:
        declared = channel.queue_declare(name, passive=True).method
    except pika.exceptions.ChannelClosedByBroker as exc:
        if exc.reply_code == NOT_FOUND:
            return None, None
        raise
    channel.close()
    return int(declared.message_count), int(declared.consumer_count)


def _in_memory(broker: MemoryBroker, stage: str) -> QueueState:
    def size(name: str) -> int:
        return broker.queues[name].qsize() if name in broker.queues else 0

    dead = len(broker.dead_letters_by_queue[stage])
    return QueueState(stage, size(stage), 0, size(dq_name(stage)), dead)
