"""The broker the stages run on, chosen by one URL.

    "" or memory://      MemoryBroker: one process, volatile; for the demo and for tests
    amqp://, amqps://    HardenedRabbitmqBroker; several URLs, joined by ";", are tried in turn

What stock Dramatiq 2.2 loses on RabbitMQ and how it is repaired here is told in
docs/adr/0008-broker-repairs.md.  The repairs lean on private names of exactly that minor version.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.common import dq_name, xq_name
from dramatiq.errors import BrokerError
from dramatiq.middleware import Middleware

from actors.runtime.confirms import CONFIRM_LIMIT_S, LimitedChannel
from actors.runtime.consumer import (
    CONNECTION_LOST,
    MAX_PAUSE_S,
    OwnedConsumer,
    connection_closed,
)
from actors.runtime.foreign_headers import tolerate_foreign_headers
from actors.runtime.memory_broker import MemoryBroker
from actors.runtime.settling import with_ours
from actors.runtime.watchdog import ThreadWatchdog

DELIVERY_LIMIT = 20
"""Returns of one message to a main queue before RabbitMQ dead-letters it (crashing workers)."""
NO_DELIVERY_LIMIT = 2**31 - 1
"""For delayed and dead letters.  RabbitMQ 4 gives every quorum queue a limit of 20 unless told
otherwise; its -1 for "none" is refused by 3.x, and another value after an upgrade of the server
would be refused as a different queue.  A limit nobody reaches is the same on all of them."""
DELAYED_AHEAD = 2_000
"""Delayed messages a worker process holds at most.  All may come due at once, and are published
one by one on a connection that says nothing meanwhile: longer than two heartbeats, and RabbitMQ
takes every one of them back."""
DEAD_LETTERS_KEPT_MS = 90 * 86_400_000


@dataclass(frozen=True, slots=True)
class Connecting:
    """How to connect, unless the URL's own query says otherwise."""

    heartbeat_s: int = 60
    blocked_timeout_s: int = 30
    """A publish gives up on a RabbitMQ that stopped reading (memory or disk alarm) after this
    time; Dramatiq tries six times."""
    attempts: int = 3
    retry_delay_s: int = 1
    socket_timeout_s: int = 10

    def applied_to(self, url: str) -> str:
        """Return the URL with what its query does not say already."""
        parts = urlsplit(url)
        query = {
            "heartbeat": self.heartbeat_s,
            "blocked_connection_timeout": self.blocked_timeout_s,
            "connection_attempts": self.attempts,
            "retry_delay": self.retry_delay_s,
            "socket_timeout": self.socket_timeout_s,
        } | dict(parse_qsl(parts.query))
        return urlunsplit(parts._replace(query=urlencode(query)))


def make_broker(
    url: str,
    *,
    middleware: Sequence[Middleware] = (),
    prefetch: int | None = None,
    connecting: Connecting | None = None,
    watchdog: ThreadWatchdog | None = None,
    confirm_limit_s: float = CONFIRM_LIMIT_S,
) -> dramatiq.Broker:
    """Return the broker for a URL.  It connects when something is published or consumed.

    Args:
        url: see the module's docstring.
        middleware: watching only (metrics, log context); what settles messages is added here.
        prefetch: messages a worker process takes ahead from a main queue; None: twice its threads.
        connecting: connection settings of RabbitMQ.
        watchdog: ends the process when one of its threads has died.
        confirm_limit_s: how long RabbitMQ may take to confirm a message.

    Raises:
        ValueError: the URL is of another kind, or a middleware is known to lose messages.
    """
    every = [*middleware, watchdog or ThreadWatchdog()]
    if url in ("", "memory://"):
        return MemoryBroker(middleware=every)
    urls = url.split(";")
    if not all(each.startswith(("amqp://", "amqps://")) for each in urls):
        raise ValueError(f"no broker for {urlsplit(url).scheme or url!r}: use amqp:// or memory://")
    tuned = [(connecting or Connecting()).applied_to(each) for each in urls]
    return HardenedRabbitmqBroker(
        tuned, middleware=every, prefetch=prefetch, confirm_limit_s=confirm_limit_s
    )


class HardenedRabbitmqBroker(RabbitmqBroker):
    """Confirms, quorum queues, deliveries that belong to their consumer, nothing lost on the way.

    ``delivery_limit`` and ``first_pause_s`` are for tests of what they limit.
    """

    def __init__(
        self,
        urls: str | list[str],
        *,
        middleware: Sequence[Middleware] = (),
        prefetch: int | None = None,
        delivery_limit: int = DELIVERY_LIMIT,
        first_pause_s: float = 5.0,
        confirm_limit_s: float = CONFIRM_LIMIT_S,
    ) -> None:
        # Without confirms a publish into a dying connection or a missing queue looks like success.
        super().__init__(url=urls, confirm_delivery=True, middleware=with_ours(middleware))
        tolerate_foreign_headers()
        self._prefetch = prefetch
        self._delivery_limit = delivery_limit
        self._first_pause_s = first_pause_s
        self.confirm_limit_s = confirm_limit_s
        """How long RabbitMQ may take to confirm what is published."""

    @property
    def channel(self) -> Any:
        """This thread's channel; what is published on it is confirmed in time, or fails."""
        return LimitedChannel(super().channel, self.confirm_limit_s)

    @channel.deleter
    def channel(self) -> None:
        RabbitmqBroker.channel.fdel(self)  # type: ignore[attr-defined]  # a property to Python

    def pause_before_return_s(self, returns: int) -> float:
        """Return how long a returned message is held back: 5 s, 10 s, … at most 5 minutes."""
        return min(self._first_pause_s * 2.0 ** min(returns, 16), MAX_PAUSE_S)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> OwnedConsumer:
        """Return a consumer; a configured prefetch is for main queues, not for delayed ones."""
        if queue_name.endswith(".DQ"):
            prefetch = min(prefetch, DELAYED_AHEAD)
        elif self._prefetch is not None:
            prefetch = self._prefetch
        self.declare_queue(queue_name, ensure=True)
        return OwnedConsumer(self, queue_name, prefetch, timeout)

    def enqueue(
        self, message: dramatiq.Message[Any], *, delay: int | None = None
    ) -> dramatiq.Message[Any]:
        """Publish; when this returns, RabbitMQ has the message on disk.

        Raises:
            dramatiq.errors.ConnectionClosed: after six attempts, or the time limit of a confirm;
                it may or may not have it.
        """
        with self._failures_named():
            return super().enqueue(message, delay=delay)

    def declare_queue(self, queue_name: str, *, ensure: bool = False) -> None:
        """Declare a queue here, and with ``ensure`` at RabbitMQ too.

        Raises:
            dramatiq.errors.ConnectionClosed: RabbitMQ cannot be reached.
        """
        with self._failures_named():
            super().declare_queue(queue_name, ensure=ensure)

    @contextmanager
    def _failures_named(self) -> Iterator[None]:
        """Turn what pika raises unnamed (a handshake that times out) into Dramatiq's own error."""
        try:
            yield
        except BrokerError:
            raise
        except Exception as exc:
            # Nothing is known of this thread's channel any more.
            del self.connection
            if isinstance(exc, CONNECTION_LOST):
                raise connection_closed(exc) from None
            raise

    def _declare_queue(self, queue_name: str) -> Any:
        return self._declare(queue_name, work_queue_arguments(queue_name, self._delivery_limit))

    def _declare_dq_queue(self, queue_name: str) -> Any:
        # Every restart of a worker returns all it held: no limit on how often.
        return self._declare(
            dq_name(queue_name), work_queue_arguments(queue_name, NO_DELIVERY_LIMIT)
        )

    def _declare_xq_queue(self, queue_name: str) -> Any:
        return self._declare(xq_name(queue_name), dead_letter_arguments())

    def _declare(self, queue_name: str, arguments: dict[str, Any]) -> Any:
        return self.channel.queue_declare(queue=queue_name, durable=True, arguments=arguments)


def work_queue_arguments(queue_name: str, delivery_limit: int) -> dict[str, Any]:
    """Return the arguments of a queue whose rejected messages reach the dead letters for sure.

    Source: RabbitMQ, "At-least-once dead lettering": a quorum queue keeps a rejected message until
    the dead-letter queue has confirmed it, which requires the overflow behaviour reject-publish.
    """
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": delivery_limit,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": xq_name(queue_name),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
    }


def dead_letter_arguments() -> dict[str, Any]:
    """Return the arguments of a dead-letter queue: kept 90 days, however often it is looked at."""
    return {
        "x-queue-type": "quorum",
        "x-delivery-limit": NO_DELIVERY_LIMIT,
        "x-message-ttl": DEAD_LETTERS_KEPT_MS,
    }
