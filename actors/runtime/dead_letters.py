"""Dead letters find their way into the quarantine.

A message is dead-lettered by RabbitMQ itself when a worker rejects it (unreadable, or an actor
raised past its failure handling) or when it was returned too often (its workers died).  Draining
makes the quarantine the one place to look; a letter is acked only once it is kept there.

Whatever a letter holds, it must not stay in the way: what cannot be kept as it is is kept in part,
and a queue with a trouble of its own does not cost the others their turn.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import dramatiq
import pika
import pika.exceptions
import structlog
from dramatiq.common import q_name, xq_name

from actors.runtime.broker import HardenedRabbitmqBroker, dead_letter_arguments
from actors.runtime.consumer import CONNECTION_LOST
from actors.runtime.envelope import read_envelope
from actors.runtime.memory_broker import MemoryBroker
from actors.runtime.retry_policy import attempts_spent
from domain.errors import Malformed, Permanent, Transient, Unavailable

log = structlog.get_logger(__name__)

MOST_LETTERS = 500
"""Of one queue in one pass: a flood of letters must not keep a lone scheduler from its clock."""
_LONGEST_REASON = 100
_PART_BYTES = 200_000


class Rejected(Permanent):
    """An actor raised past the failure handling of its stage; the worker's log has the reason."""


class ReturnedTooOften(Permanent):
    """Every worker that took the message died or had to hand it back."""


class KeptInPart(Permanent):
    """The store refused the letter as it was; its beginning, size and digest are kept."""


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


def drain_dead_letters(broker: dramatiq.Broker, queues: Iterable[str], keep: Keep) -> int:
    """Move what lies in the dead letters of these queues now into the quarantine; count it.

    At most ``MOST_LETTERS`` of each; the next pass goes on.  Two drains at once, or a drain that
    dies between keeping and acking, keep a letter once.

    Raises:
        Unavailable: RabbitMQ or the store cannot be reached.
        Exception: the first trouble of a queue, once all others had their turn; its letters that
            are not kept stay where they are.
    """
    if isinstance(broker, MemoryBroker):
        return _each(queues, lambda queue: _drain_memory(broker, queue, keep))
    if not isinstance(broker, HardenedRabbitmqBroker):
        raise TypeError(f"no dead letters in a {type(broker).__name__}")
    with _connection(broker) as connection:
        return _each(queues, lambda queue: _drain_rabbitmq(connection, queue, keep))


def _each(queues: Iterable[str], drain: Callable[[str], int]) -> int:
    drained, troubles = 0, list[Exception]()
    for queue in queues:
        try:
            drained += drain(queue)
        except pika.exceptions.AMQPConnectionError:
            raise
        except Exception as trouble:  # noqa: BLE001  raised below, when the others had their turn
            log.warning("dead_letters_stay", stage=queue, error=type(trouble).__name__)
            troubles.append(trouble)
    if troubles:
        raise troubles[0]
    return drained


def _drain_memory(broker: MemoryBroker, queue: str, keep: Keep) -> int:
    letters = broker.dead_letters_by_queue[queue]
    drained = 0
    for each in letters[:MOST_LETTERS]:
        died_at = datetime.fromtimestamp(each.died_at_ms / 1000, UTC)
        _keep(DeadLetter(queue, each.body, "rejected", died_at), keep)
        letters.remove(each)
        drained += 1
    _tell_left(queue, len(letters))
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
    taken = min(waiting, MOST_LETTERS)
    for drained in range(taken):
        method, properties, body = channel.basic_get(name)
        if method is None:
            return drained
        _keep(_letter(queue, properties, body), keep)
        channel.basic_ack(method.delivery_tag)
    channel.close()
    _tell_left(queue, waiting - taken)
    return taken


def _tell_left(queue: str, left: int) -> None:
    if left:
        log.warning("dead_letters_left", stage=queue, left=left, limit=MOST_LETTERS)


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
        reason=str(last.get("reason", "unknown"))[:_LONGEST_REASON],
        died_at=died_at if isinstance(died_at, datetime) else None,
    )


def _keep(letter: DeadLetter, keep: Keep) -> None:
    try:
        _keep_whole(letter, keep)
    except Transient:
        raise
    except Exception as trouble:  # noqa: BLE001  left there, it would stop every pass for ever
        name = type(trouble).__name__
        log.warning("dead_letter_kept_in_part", stage=letter.queue, error=name)
        in_part = KeptInPart(f"the letter could not be kept as it was: {name}")
        _keep_as(letter, keep, _part_of(letter.body), in_part, "defect")


def _part_of(body: bytes) -> dict[str, Any]:
    return {
        "body_base64": base64.b64encode(body[:_PART_BYTES]).decode(),
        "size_bytes": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
    }


def _keep_whole(letter: DeadLetter, keep: Keep) -> None:
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
