"""A broker inside the process, for the demo and for tests: real queues, delays, dead letters.

It is volatile: when the process ends, what was queued is gone.  The store still knows what was
unfinished, and the sweepers announce it again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from queue import Empty, Queue
from typing import Any

import structlog
from dramatiq import Message, MessageProxy
from dramatiq.broker import Consumer
from dramatiq.brokers.stub import StubBroker
from dramatiq.common import current_millis, q_name
from dramatiq.errors import QueueNotFound
from dramatiq.middleware import Middleware

from actors.runtime.envelope import read_envelope
from actors.runtime.settling import Delivery, with_ours
from domain.errors import Malformed

log = structlog.get_logger(__name__)


class MemoryDelivery(Delivery):
    """A message with the bytes it came in."""

    def __init__(self, message: Message[Any], body: bytes) -> None:
        super().__init__(message)
        self.body = body
        self.died_at_ms = 0

    def clear_exception(self) -> None:
        """Keep the exception: ``join`` raises it, and the dead letters show its class."""


class MemoryBroker(StubBroker):
    """Dramatiq's stub broker, settled like the real one.

    ``join(queue_name)`` waits until a queue and its delayed messages are worked off and raises
    the exception of a dead letter.
    """

    volatile = True

    def __init__(
        self, middleware: Sequence[Middleware] = (), *, first_pause_s: float = 1.0
    ) -> None:
        super().__init__(middleware=with_ours(middleware))
        self.first_pause_s = first_pause_s
        log.info("memory_broker", volatile=True, hint="queued messages end with this process")

    def declare_queue(self, queue_name: str, *, ensure: bool = False) -> None:  # noqa: ARG002  as RabbitMQ's
        """Declare a queue and its delay queue."""
        super().declare_queue(queue_name)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 100) -> MemoryConsumer:
        """Return a consumer.

        Raises:
            QueueNotFound: nobody declared the queue.
        """
        if queue_name not in self.queues:
            raise QueueNotFound(queue_name)  # type: ignore[no-untyped-call]  # Dramatiq's errors are untyped
        return MemoryConsumer(self, queue_name, prefetch, timeout)


class MemoryConsumer(Consumer):
    """Dead-letters what it cannot read, returns on request, gives back what it holds at the end."""

    def __init__(self, broker: MemoryBroker, queue_name: str, prefetch: int, timeout: int) -> None:
        self._broker = broker
        self._queue_name = queue_name
        self._queue: Queue[bytes] = broker.queues[queue_name]
        self._dead_letters = broker.dead_letters_by_queue[q_name(queue_name)]
        self._free_slots = threading.Semaphore(prefetch)
        self._timeout_s = timeout / 1000

    def __next__(self) -> MemoryDelivery | None:
        """Return the next delivery, or None after a quiet while or an unreadable message."""
        if not self._free_slots.acquire(timeout=self._timeout_s):
            return None
        try:
            body = self._queue.get(timeout=self._timeout_s)
        except Empty:
            self._free_slots.release()
            return None
        try:
            return MemoryDelivery(read_envelope(body, self._queue_name), body)
        except Malformed as exc:
            unreadable: Message[Any] = Message(self._queue_name, "", (), {}, {})
            delivery = MemoryDelivery(unreadable, body)
            delivery.stuff_exception(exc)
            self.nack(delivery)
            return None

    # A worker hands back only what this consumer handed out, hence the narrower argument types.

    def ack(self, message: MessageProxy) -> None:  # noqa: ARG002  one delivery is as good as another
        """Forget a delivery."""
        self._queue.task_done()
        self._free_slots.release()

    def nack(self, message: MemoryDelivery) -> None:  # type: ignore[override]
        """Send a delivery to the dead letters, or back to its queue when it asks for that."""
        if message.returned:
            # The copy is queued before the delivery is done, so that join() never sees a gap.
            again = message._message.copy(queue_name=q_name(self._queue_name))  # noqa: SLF001  the proxy's message
            self._broker.enqueue(again, delay=int(self._broker.first_pause_s * 1000))
        else:
            message.died_at_ms = current_millis()
            self._dead_letters.append(message)
        self.ack(message)

    def requeue(self, messages: Iterable[MemoryDelivery]) -> None:  # type: ignore[override]
        """Put back what a stopping worker had taken ahead."""
        for message in messages:
            self._queue.put(message.body)
            self.ack(message)
