"""How many messages wait for a stage.

Asked of the broker itself and exact; RabbitMQ's management API is seconds behind.
"""

from __future__ import annotations

import dramatiq
import pika
import pika.exceptions

from actors.runtime.broker import HardenedRabbitmqBroker
from actors.runtime.memory_broker import MemoryBroker
from domain.errors import Unavailable

NOT_FOUND = 404


def queue_depth(broker: dramatiq.Broker, stage: str) -> int:
    """Return the messages ready for a stage: neither in a worker's hands nor delayed.

    Raises:
        Unavailable: RabbitMQ cannot be reached.
    """
    if isinstance(broker, MemoryBroker):
        return broker.queues[stage].qsize() if stage in broker.queues else 0
    if not isinstance(broker, HardenedRabbitmqBroker):
        raise TypeError(f"no queue depths of a {type(broker).__name__}")
    try:
        with pika.BlockingConnection(broker.parameters) as connection:
            # Passive: asking must not create the queue.
            declared = connection.channel().queue_declare(stage, passive=True)
            return int(declared.method.message_count)
    except pika.exceptions.ChannelClosedByBroker as exc:
        if exc.reply_code == NOT_FOUND:
            return 0
        raise Unavailable(f"RabbitMQ: {exc.reply_code}") from None
    except pika.exceptions.AMQPError as exc:
        raise Unavailable(f"RabbitMQ: {type(exc).__name__}") from None
