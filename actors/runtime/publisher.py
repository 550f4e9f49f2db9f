"""Facts become messages: one on the queue of every stage that hears of them.

Publishing happens in the body of a stage, never in middleware (which Dramatiq lets fail
silently), and with confirms: when the call returns, RabbitMQ holds the message.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid5

import dramatiq

from domain.messages import NAMESPACE, Event

MAX_DELAY_S = 600.0
"""Delayed messages wait unacked in a worker's memory, and RabbitMQ takes them back after 30
minutes (consumer_timeout); a third of that is safe.  Longer waits live in the store."""


@dataclass(frozen=True, slots=True)
class Delayed:
    """A fact to be delivered in ``delay_s`` seconds, at most ten minutes."""

    event: Event
    delay_s: float


class Publisher:
    """Puts facts on the queues of their subscribers."""

    def __init__(
        self, broker: dramatiq.Broker, subscribers: Mapping[type[Event], tuple[str, ...]]
    ) -> None:
        self._broker = broker
        self._subscribers = subscribers

    def __call__(self, produced: Event | Delayed) -> None:
        """Publish a fact, confirmed.  A fact nobody hears of is no error.

        Raises:
            dramatiq.errors.ConnectionError: the broker does not take it.
        """
        if isinstance(produced, Delayed):
            event, delay_s = produced.event, min(produced.delay_s, MAX_DELAY_S)
        else:
            event, delay_s = produced, 0.0
        for stage in self._subscribers.get(type(event), ()):
            delay_ms = int(delay_s * 1000) or None
            self._broker.enqueue(message_for(stage, event), delay=delay_ms)


def message_for(stage: str, event: Event) -> dramatiq.Message[None]:
    """Return the message that tells ``stage`` of ``event``; the same fact gives the same id."""
    return dramatiq.Message(
        queue_name=stage,
        actor_name=stage,
        args=(type(event).__name__, event.model_dump(mode="json")),
        kwargs={},
        options={"flow_id": event.flow_id, "account": event.account},
        message_id=str(uuid5(NAMESPACE, f"{event.event_id}/{stage}")),
    )
