"""Dead letters find their way into the quarantine, and from there back to their stage.

A message is dead-lettered by RabbitMQ itself when a worker rejects it (unreadable, or an actor
raised past its failure handling) or when it was returned too often (its workers died).  Draining
makes the quarantine the one place to look; a letter is acked only once it is kept there.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import dramatiq
import pika
import pika.exceptions
from dramatiq.common import q_name, xq_name

from actors.runtime.broker import HardenedRabbitmqBroker, dead_letter_arguments
from actors.runtime.consumer import CONNECTION_LOST
from actors.runtime.envelope import read_envelope
from actors.runtime.memory_broker import MemoryBroker
from actors.runtime.retry_policy import attempts_spent
from domain.errors import Malformed, Permanent, Unavailable

_SPENT = ("attempts", "first_failed_at", "eta", "due_at")
"""Options of earlier attempts: with them the first new failure would end the message at once, and
its time in the quarantine would count as a wait for a worker."""


class Rejected(Permanent):
    """An actor raised past the failure handling of its stage; the worker's log has the reason."""


class ReturnedTooOften(Permanent):
    """Every worker that took the message died or had to hand it back."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message as it lay in the dead letters of ``queue`` (the stage's, without ``.XQ``)."""

    queue: str
    body: bytes
    reason: str
    """RabbitMQ's word: ``rejected``, ``delivery_limit``, ``expired`` or ``maxlen``."""
    died_at: datetime | None


class Keep(Protocol):
    """Keeps a message that cannot succeed (``store.quarantine.Quarantine.keep``)."""

    def __call__(  # noqa: PLR0913  all of it is shown to whoever decides about the message
        self,
        message: dict[str, Any],
        *,
        stage: str,
        flow_id: str,
        account: str,
        error: BaseException,
        traceback: str | None,
        attempts: int,
        kind: str,
        source: str,
        died_at: datetime | None = None,
    ) -> None:
        """Keep it; again is harmless."""
        ...


class Kept(Protocol):
    """A quarantined message (``store.quarantine.Quarantined``)."""

    @property
    def id(self) -> str:
        """Its id in the quarantine."""
        ...

    @property
    def stage(self) -> str:
        """The stage, and thereby the queue, it failed in."""
        ...

    @property
    def message(self) -> dict[str, Any]:
        """The message's fields, or ``{"body_base64": …}`` when it is not one of ours."""
        ...


def drain_dead_letters(broker: dramatiq.Broker, queues: Iterable[str], keep: Keep) -> int:
    """Move what lies in the dead letters of these queues now into the quarantine; count it.

    Two drains at once, or a drain that dies between keeping and acking, keep a letter once.

    Raises:
        Unavailable: RabbitMQ cannot be reached.  What ``keep`` raises ends the drain too; the
            letters not kept stay where they are.
    """
    if isinstance(broker, MemoryBroker):
        return sum(_drain_memory(broker, queue, keep) for queue in queues)
    if not isinstance(broker, HardenedRabbitmqBroker):
        raise TypeError(f"no dead letters in a {type(broker).__name__}")
    with _connection(broker) as connection:
        return sum(_drain_rabbitmq(connection, queue, keep) for queue in queues)


def republish(
    broker: dramatiq.Broker, kept: Kept, mark_retried: Callable[[str], object]
) -> dramatiq.Message[Any]:
    """Give a quarantined message to its stage again, as if it had never failed.

    It keeps its message id and flow; ``options.replays`` counts how often this was done, so that
    a second failure is a second entry in the quarantine.  It is marked after RabbitMQ confirmed:
    a crash in between repeats a message, which stages stand, and never loses one.

    Raises:
        Malformed: it is not one of our messages, it can only be discarded.
        dramatiq.errors.ConnectionClosed: RabbitMQ does not take it; nothing has changed.
    """
    if "body_base64" in kept.message:
        raise Malformed(f"{kept.id} is not one of our messages: it cannot be sent again")
    options = {k: v for k, v in kept.message["options"].items() if k not in _SPENT}
    options["replays"] = replays(options) + 1
    args = tuple(kept.message["args"])
    changes = {"queue_name": kept.stage, "args": args, "options": options}
    message: dramatiq.Message[Any] = dramatiq.Message(**{**kept.message, **changes})
    broker.enqueue(message)
    mark_retried(kept.id)
    return message


def replays(options: dict[str, Any]) -> int:
    """Return how often a message came back from the quarantine."""
    count = options.get("replays", 0)
    return count if isinstance(count, int) and count > 0 else 0


def _drain_memory(broker: MemoryBroker, queue: str, keep: Keep) -> int:
    letters = broker.dead_letters_by_queue[queue]
    drained = 0
    for each in list(letters):
        died_at = datetime.fromtimestamp(each.died_at_ms / 1000, UTC)
        _keep(DeadLetter(queue, each.body, "rejected", died_at), keep)
        letters.remove(each)
        drained += 1
    return drained


@contextmanager
def _connection(broker: HardenedRabbitmqBroker) -> Iterator[pika.BlockingConnection]:
    try:
        connection = pika.BlockingConnection(broker.parameters)
    except CONNECTION_LOST as exc:
        raise Unavailable(f"RabbitMQ: {type(exc).__name__}") from None
    try:
        yield connection
    except pika.exceptions.AMQPError as exc:
        raise Unavailable(f"RabbitMQ: {type(exc).__name__}") from None
    finally:
        # Closing returns what was taken and not acked; an ack that is lost repeats a letter.
        with suppress(*CONNECTION_LOST):
            connection.close()


def _drain_rabbitmq(connection: pika.BlockingConnection, queue: str, keep: Keep) -> int:
    name = xq_name(queue)
    # Only what lies there now: what dies meanwhile is the next drain's.
    waiting = _waiting(connection, name)
    channel = connection.channel()
    for drained in range(waiting):
        method, properties, body = channel.basic_get(name)
        if method is None:
            return drained
        _keep(_letter(queue, properties, body), keep)
        channel.basic_ack(method.delivery_tag)
    channel.close()
    return waiting


def _waiting(connection: pika.BlockingConnection, name: str) -> int:
    try:
        declared = connection.channel().queue_declare(name, passive=True)
    except pika.exceptions.ChannelClosedByBroker as exc:
        if exc.reply_code != 404:  # noqa: PLR2004  AMQP's NOT_FOUND
            raise
        # Somebody deleted it; without it RabbitMQ has nowhere to move rejected messages.
        connection.channel().queue_declare(name, durable=True, arguments=dead_letter_arguments())
        return 0
    return int(declared.method.message_count)


def _letter(queue: str, properties: pika.BasicProperties, body: bytes) -> DeadLetter:
    """Read RabbitMQ's account of the death; a foreign message may have forged it, in any shape."""
    deaths = (properties.headers or {}).get("x-death")
    last = deaths[0] if isinstance(deaths, list) and deaths else {}
    last = last if isinstance(last, dict) else {}
    died_at = last.get("time")
    return DeadLetter(
        queue=queue,
        body=body,
        reason=str(last.get("reason", "unknown")),
        died_at=died_at if isinstance(died_at, datetime) else None,
    )


def _keep(letter: DeadLetter, keep: Keep) -> None:
    try:
        message = read_envelope(letter.body, letter.queue)
    except Malformed as exc:
        body = {"body_base64": base64.b64encode(letter.body).decode()}
        _keep_as(letter, keep, body, exc, "permanent")
        return
    if letter.reason == "delivery_limit":
        error: Permanent = ReturnedTooOften("its workers died or had to hand it back, every time")
    else:
        error = Rejected(f"dead-lettered by RabbitMQ: {letter.reason}")
    _keep_as(letter, keep, message.asdict(), error, "defect")


def _keep_as(
    letter: DeadLetter, keep: Keep, message: dict[str, Any], error: Permanent, kind: str
) -> None:
    options = message.get("options", {})
    keep(
        message,
        stage=q_name(letter.queue),
        flow_id=str(options.get("flow_id", "")),
        account=str(options.get("account", "")),
        error=error,
        traceback=None,
        attempts=attempts_spent(options),
        kind=kind,
        source="dead_letter",
        died_at=letter.died_at,
    )
