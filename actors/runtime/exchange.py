"""The exchanges other systems know: where their events come in and ours go out.

    ecommerce.amazon.events            topic, durable; the routing key is the event's type
    ecommerce.amazon.tracking.entered  topic, durable; the door for users who may tell only this
    amazon.in.tracking                 quorum queue of the bridge; tracking.entered of both

A subscriber declares a queue of its own and binds it; docs/events.md tells how, and which
permissions a foreign user needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

import pika
from pika.exceptions import UnroutableError

from actors.runtime.broker import NO_DELIVERY_LIMIT, Connecting
from actors.runtime.confirms import CONFIRM_LIMIT_S, confirmed_within
from actors.runtime.consumer import CONNECTION_LOST
from domain.errors import Unavailable
from domain.events import EXCHANGE

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Inlet:
    """A queue of ours for one type of event of other systems."""

    type: str
    queue: str

    @property
    def door(self) -> str:
        """The exchange a user may write to who may tell this type of event and nothing else.

        Only our queue is bound to it, because permissions on routing keys are not enough:
        RabbitMQ before 4.0.3 does not check the keys in the headers CC and BCC, and whoever may
        write to the exchange that subscribers hear could speak to them in our name.
        """
        return f"ecommerce.amazon.{self.type}"


INLETS = (Inlet("tracking.entered", "amazon.in.tracking"),)
"""What comes in.  A new type is a model (``domain.events``), a line here, and an inbox."""


def connect(url: str) -> pika.BlockingConnection:
    """Open a connection; several URLs, joined by ";", are tried in turn.

    Raises:
        CONNECTION_LOST: none of them answers.
    """
    tuned = [Connecting().applied_to(each) for each in url.split(";")]
    return pika.BlockingConnection([pika.URLParameters(each) for each in tuned])


def declare(channel: Any, inlets: tuple[Inlet, ...] = INLETS) -> None:
    """Make sure that the exchanges and our queues exist and are bound.

    No delivery limit: a bridge that is killed often must not cost a sender's event.
    """
    channel.exchange_declare(EXCHANGE, "topic", durable=True)
    arguments = {"x-queue-type": "quorum", "x-delivery-limit": NO_DELIVERY_LIMIT}
    for inlet in inlets:
        channel.queue_declare(inlet.queue, durable=True, arguments=arguments)
        channel.queue_bind(inlet.queue, EXCHANGE, inlet.type)
        channel.exchange_declare(inlet.door, "topic", durable=True)
        channel.queue_bind(inlet.queue, inlet.door, inlet.type)


class NoQueue(Exception):
    """RabbitMQ has confirmed an event and dropped it: no queue is bound to its type."""


class Exchange:
    """Publishes events, confirmed.  For one thread.

    It connects when something is published, and again after a connection was lost.
    """

    def __init__(
        self, url: str, *, mandatory: bool = False, confirm_limit_s: float = CONFIRM_LIMIT_S
    ) -> None:
        self._url = url
        self._mandatory = mandatory
        self._confirm_limit_s = confirm_limit_s
        self._connection: pika.BlockingConnection | None = None
        self._channel: Any = None

    def __call__(self, event_type: str, event_id: str, body: bytes) -> None:
        """Publish; when this returns, RabbitMQ has the event for every queue bound to its type.

        Nobody has to be bound, unless it is ``mandatory``: an event nobody wants is no error.

        Raises:
            Unavailable: RabbitMQ cannot be reached, or it may or may not have the event.
            NoQueue: it is mandatory, and no queue takes it.
        """
        properties = pika.BasicProperties(
            content_type=JSON,
            delivery_mode=pika.DeliveryMode.Persistent,
            message_id=event_id,
            type=event_type,
            app_id="amazon-orders-fulfillment",
        )
        with self._giving_up_a_lost_connection():
            channel = self._open_channel()
            with confirmed_within(channel, self._confirm_limit_s):
                channel.basic_publish(
                    EXCHANGE, event_type, body, properties, mandatory=self._mandatory
                )

    def close(self) -> None:
        """Give the connection back; the next event opens another one."""
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None and connection.is_open:
            with suppress(*CONNECTION_LOST):
                connection.close()

    def _open_channel(self) -> Any:
        if self._connection is None:
            self._connection = connect(self._url)
            self._channel = self._connection.channel()
            self._channel.confirm_delivery()
            # An exchange that was deleted is not to be there again without our queues: what other
            # systems publish meanwhile would be thrown away.
            declare(self._channel)
        else:
            # An idle connection is noticed to be dead here, before anything is sent on it.
            self._connection.process_data_events(time_limit=0)
        return self._channel

    @contextmanager
    def _giving_up_a_lost_connection(self) -> Iterator[None]:
        try:
            yield
        except UnroutableError:
            raise NoQueue from None
        except CONNECTION_LOST as exc:
            # Nothing is known of this connection any more.
            self.close()
            raise Unavailable(f"RabbitMQ: {type(exc).__name__}") from None


class MemoryExchange:
    """The exchange of the in-memory mode: nobody is bound to it, but one can look at it."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, bytes]] = []

    def __call__(self, event_type: str, event_id: str, body: bytes) -> None:
        """Remember the event."""
        self.told.append((event_type, event_id, body))

    def close(self) -> None:
        """Nothing is held."""
