"""What a stage is, and how a flow of stages becomes Dramatiq actors.

``@stage`` makes a value and touches no broker; ``bind`` declares the actors.  Importing a stage
has no side effect, and a test may call it as a function.  What a stage yields is published,
confirmed, before the next line of the stage runs; when the stage returns, its message is acked.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import dramatiq
from dramatiq.middleware import CurrentMessage

from actors.runtime.publisher import Delayed, Publisher
from domain.errors import Malformed
from domain.messages import Event

Produced = Event | Delayed
"""What a stage may yield: a fact, or a fact for later."""

Handle = Callable[..., Iterator[Produced]]


@dataclass(frozen=True)
class Stage:
    """One step of the flow: what it consumes, and what may follow from it."""

    handle: Handle
    consumes: tuple[type[Event], ...]
    emits: tuple[type[Event], ...]
    owed: str = ""
    """What waits in the store until the stage has done it: the kind of its gauges."""

    @property
    def name(self) -> str:
        """One name for the file, the actor, its queue, its metrics and its panel."""
        return self.handle.__name__

    @property
    def summary(self) -> str:
        """What the stage does, in one line."""
        return (inspect.getdoc(self.handle) or "").partition("\n")[0]

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the ports the stage asks for: its parameters after the event."""
        return tuple(inspect.signature(self.handle).parameters)[1:]

    def __call__(self, event: Event, **ports: Any) -> Iterator[Produced]:
        """Run the stage as a plain function."""
        return self.handle(event, **ports)

    def read(self, event_name: str, wire: dict[str, Any]) -> Event:
        """Turn a message's arguments back into the fact it carries.

        Raises:
            Malformed: it is not a fact this stage consumes.
        """
        for known in self.consumes:
            if known.__name__ == event_name:
                return known.read(wire)
        raise Malformed(f"{self.name} does not consume {event_name!r}")


def stage(
    *, consumes: tuple[type[Event], ...], emits: tuple[type[Event], ...] = (), owed: str = ""
) -> Callable[[Handle], Stage]:
    """Describe the decorated function as a stage."""

    def describe(handle: Handle) -> Stage:
        return Stage(handle, consumes, emits, owed)

    return describe


class Failures(Protocol):
    """Decides what becomes of a message whose stage raised (``actors.runtime.failures``)."""

    def settle(self, stage: str, message: dramatiq.Message[Any], exc: Exception) -> None:
        """Put the message back, retry it later or quarantine it; returning acks it."""
        ...


def bind(broker: dramatiq.Broker, flow: Sequence[Stage], ports: object, failures: Failures) -> None:
    """Declare every stage of the flow as an actor of this broker.

    Raises:
        AttributeError: a stage asks for a port that does not exist; at boot, not at night.
    """
    publish = Publisher(broker, subscriptions(flow))
    for each in flow:
        handle = partial(each.handle, **{name: getattr(ports, name) for name in each.needs})
        run = _runner(each, handle, publish, failures)
        dramatiq.actor(broker=broker, actor_name=each.name, queue_name=each.name)(run)


def subscriptions(flow: Iterable[Stage]) -> dict[type[Event], tuple[str, ...]]:
    """Return which stages hear of which fact."""
    heard: dict[type[Event], tuple[str, ...]] = {}
    for each in flow:
        for event in each.consumes:
            heard[event] = (*heard.get(event, ()), each.name)
    return heard


def _runner(
    each: Stage,
    handle: Callable[[Event], Iterator[Produced]],
    publish: Publisher,
    failures: Failures,
) -> Callable[[str, dict[str, Any]], None]:
    def run(event_name: str, wire: dict[str, Any]) -> None:
        try:
            for produced in handle(each.read(event_name, wire)):
                publish(produced)
        except Exception as exc:
            # Every failure has a policy, and this is the one place that applies it.
            message = CurrentMessage.get_current_message()
            if message is None:
                raise
            failures.settle(each.name, message, exc)

    return run
