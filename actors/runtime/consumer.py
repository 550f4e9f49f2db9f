"""The consuming side of the RabbitMQ broker.

A delivery is named by a tag that starts again at 1 on every new channel.  The stock consumer
knows only the tag, so a message in flight over a reconnect acks *another* message.  Here a
delivery belongs to the consumer that received it, and only that one may ack or return it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

import dramatiq
import pika
import pika.exceptions
import structlog
from dramatiq.broker import Consumer
from dramatiq.common import q_name
from dramatiq.errors import ConnectionClosed
from pika.adapters.utils.connection_workflow import AMQPConnectorException

from actors.runtime.envelope import read_envelope
from actors.runtime.settling import Delivery
from domain.errors import Malformed

if TYPE_CHECKING:
    from actors.runtime.broker import HardenedRabbitmqBroker

MAX_PAUSE_S = 300.0
"""Far below RabbitMQ's consumer_timeout of 30 minutes: a paused delivery is an unacked one."""

QUIET_S = 60.0
"""A consumer with nothing to do subscribes anew this often."""

CLOCK_STEP_S = 1.0
"""A clock that goes back by more at once was set; corrections of its pace are far smaller."""

CONNECTION_LOST = (
    pika.exceptions.AMQPError,
    AMQPConnectorException,
    AssertionError,
    OSError,
)
"""All that pika raises when a connection is lost or cannot be made; it names only the first."""

log = structlog.get_logger(__name__)


class RabbitmqDelivery(Delivery):
    """A message, the channel it came through and how often it was handed back before."""

    def __init__(
        self, message: dramatiq.Message[Any], owner: OwnedConsumer, tag: int, returns: int
    ) -> None:
        super().__init__(message)
        self.owner = owner
        self.channel = owner.channel
        self.tag = tag
        self.returns = returns

    @property
    def stale(self) -> bool:
        """Whether the channel it came through is gone; RabbitMQ delivers it again."""
        return not self.owner.alive or self.channel is not self.owner.channel


class OwnedConsumer(Consumer):
    """Acks only its own deliveries, dead-letters what it cannot read, returns on request.

    Raises:
        ConnectionClosed: RabbitMQ is not there; Dramatiq tries again every few seconds.
    """

    def __init__(
        self, broker: HardenedRabbitmqBroker, queue_name: str, prefetch: int, timeout: int
    ) -> None:
        self._broker = broker
        self._queue_name = queue_name
        self._closed = False
        self._prefetch = prefetch
        self._patience_s = timeout / 1000
        self._wall_ahead_s: float = _wall_clock_ahead_s()
        self._unsettled: set[int] = set()
        try:
            self._connection = pika.BlockingConnection(broker.parameters)
            self._consume()
        except CONNECTION_LOST as exc:
            raise connection_closed(exc) from None

    @property
    def alive(self) -> bool:
        """Whether deliveries of this consumer can still be acked."""
        return not self._closed and bool(self.channel.is_open)

    def __next__(self) -> RabbitmqDelivery | None:
        """Return the next delivery, or None after a quiet while or an unreadable message.

        Raises:
            ConnectionClosed: the channel is gone; Dramatiq makes a new consumer.
        """
        if self._queue_name.endswith(".DQ"):
            self._distrust_a_clock_set_back()
        try:
            method, properties, body = next(self._incoming)
            if method is None:
                self._subscribe_anew()
                return None
            self._quiet_since = time.monotonic()
            return self._read(method.delivery_tag, properties, body)
        except CONNECTION_LOST as exc:
            if getattr(exc, "reply_code", None) == 404:  # noqa: PLR2004  AMQP's NOT_FOUND
                self._broker.queues_pending.add(q_name(self._queue_name))
            raise connection_closed(exc) from None

    def _read(
        self, tag: int, properties: pika.BasicProperties, body: bytes
    ) -> RabbitmqDelivery | None:
        """Return the delivery; what is not one of our messages is dead-lettered."""
        try:
            message = read_envelope(body, self._queue_name)
        except Malformed as exc:
            log.error(  # noqa: TRY400  a traceback would quote the body
                "message_unreadable", queue=self._queue_name, why=str(exc), size_bytes=len(body)
            )
            self.channel.basic_nack(tag, requeue=False)
            return None
        self._unsettled.add(tag)
        return RabbitmqDelivery(message, self, tag, _returns(properties))

    def _distrust_a_clock_set_back(self) -> None:
        """Give back what is held for later, so that its delay is bounded by the clock as it is.

        Raises:
            ConnectionClosed: the clock was set back since the last look.
        """
        before_s, self._wall_ahead_s = self._wall_ahead_s, _wall_clock_ahead_s()
        set_back_s = before_s - self._wall_ahead_s
        if set_back_s > CLOCK_STEP_S:
            raise connection_closed(OSError(f"the clock was set back by {set_back_s:.0f} s"))

    def requeue(self, messages: Iterable[dramatiq.MessageProxy]) -> None:
        """Let go of what is held for later: RabbitMQ delivers it to the next consumer.

        Dramatiq would keep it beside the copies that come, and publish both.
        """
        for _ in messages:
            pass

    def _subscribe_anew(self) -> None:
        """Consume on a fresh channel if nothing came for long; what the old one held comes again.

        A busy RabbitMQ may delete a queue and not tell its consumers (seen with 3.10.8): whoever
        waits on, beside the queue declared anew, is a worker that has stopped silently.

        Raises:
            pika.exceptions.AMQPError: the queue or the connection is gone.
        """
        if self._unsettled or time.monotonic() - self._quiet_since < QUIET_S:
            return
        self.channel.close()
        self._consume()

    def _consume(self) -> None:
        self.channel = self._connection.channel()
        self.channel.basic_qos(prefetch_count=self._prefetch)
        self._incoming = self.channel.consume(self._queue_name, inactivity_timeout=self._patience_s)
        self._quiet_since = time.monotonic()

    def ack(self, message: dramatiq.MessageProxy) -> None:
        """Ack a delivery of this consumer."""
        if delivery := self._own(message):
            self._soon(partial(self._settle, delivery.tag, self.channel.basic_ack))

    def nack(self, message: dramatiq.MessageProxy) -> None:
        """Send a delivery to the dead letters, or back to its queue when it asks for that."""
        delivery = self._own(message)
        if delivery is None:
            return
        if not delivery.returned:
            reject = partial(self.channel.basic_nack, requeue=False)
            self._soon(partial(self._settle, delivery.tag, reject))
            return
        # Without a pause a failing world would use up the delivery limit within a second.
        pause_s = self._broker.pause_before_return_s(delivery.returns)
        back = partial(self.channel.basic_nack, requeue=True)
        give_back = partial(self._settle, delivery.tag, back)
        log.warning("message_returned", message_id=delivery.message_id, pause_s=pause_s)
        self._soon(lambda: self._connection.call_later(pause_s, lambda: self._if_alive(give_back)))

    def close(self) -> None:
        """Settle what is waiting to be settled, then close; never raises into its thread."""
        try:
            # Acks are callbacks; closing the connection would not wait for them.
            settled = threading.Event()
            self._connection.add_callback_threadsafe(settled.set)
            while not settled.is_set():
                self._connection.process_data_events(time_limit=0)
            self._connection.close()
        except Exception as exc:  # noqa: BLE001  closing a broken connection may fail in any way
            log.debug("consumer_closed_hard", queue=self._queue_name, error=repr(exc))
        finally:
            self._closed = True
            # A connection that was cut keeps its sockets until garbage collection; an outage
            # would pile them up, a pair for every attempt.
            self._connection._cleanup()  # noqa: SLF001  pika 1.4 has no public way

    def _own(self, message: dramatiq.MessageProxy) -> RabbitmqDelivery | None:
        """Return the delivery if it is still this consumer's to settle."""
        if isinstance(message, RabbitmqDelivery) and message.owner is self and not message.stale:
            return message
        log.warning("delivery_stale", queue=self._queue_name, message_id=message.message_id)
        return None

    def _settle(self, tag: int, how: Callable[[int], Any]) -> None:
        how(tag)
        self._unsettled.discard(tag)

    def _soon(self, act: Callable[[], Any]) -> None:
        """Run ``act`` on the thread that owns the connection."""
        try:
            self._connection.add_callback_threadsafe(lambda: self._if_alive(act))
        except CONNECTION_LOST:
            log.warning("delivery_stale", queue=self._queue_name)

    def _if_alive(self, act: Callable[[], Any]) -> None:
        if self.alive:
            act()


def _wall_clock_ahead_s() -> float:
    return time.time() - time.monotonic()


def _returns(properties: pika.BasicProperties) -> int:
    """Return how often the quorum queue took the message back; its first delivery has no count."""
    count = (properties.headers or {}).get("x-delivery-count", 0)
    return count if isinstance(count, int) and count > 0 else 0


def connection_closed(exc: BaseException) -> ConnectionClosed:
    """Return Dramatiq's own word for it, upon which it connects again."""
    return ConnectionClosed(exc)  # type: ignore[no-untyped-call]  # Dramatiq's errors are untyped
