"""What becomes of a message whose stage raised: one pure decision over the error tree.

    Waiting, Outage    put back with the delay it asks for; no attempt is spent
    Transient          retried with growing, jittered delays; quarantined after 12 attempts
    Permanent          quarantined at once
    anything else      a defect: 3 attempts, then quarantined

The delay of a message lives in the broker, unacked in a worker's memory, and RabbitMQ takes
unacked messages back after 30 minutes (consumer_timeout).  No delay is above ten minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from dramatiq.errors import BrokerConnectionError
from dramatiq.errors import Retry as QuietFailure

from domain.errors import Outage, Permanent, Transient, Waiting

MAX_DELAY_S = 600.0
MIN_WAIT_S = 1.0
"""A put-back message comes round at most once a second, whatever its error asked for."""
FIRST_BACKOFF_S = 5.0
TRANSIENT_ATTEMPTS = 12
DEFECT_ATTEMPTS = 3
MOST_ATTEMPTS = 10_000
"""More than any message of ours can have; a foreign one may claim a number no document can hold."""

Kind = Literal["transient", "permanent", "defect"]


class Requeue(QuietFailure):
    """Raised out of an actor to give its message back to the queue, neither acked nor buried.

    For the one case a stage runner cannot settle itself: neither a copy of the message could be
    published nor the quarantine written.  The broker returns the delivery (``basic.nack`` with
    requeue) after a growing pause; the queue's delivery limit counts these returns.
    Dramatiq logs its own ``Retry`` errors without a traceback, hence the base class.
    """


@dataclass(frozen=True, slots=True)
class PutBack:
    """Too early: the same message again in ``delay_s`` seconds, its attempts unchanged."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class Retry:
    """A failed attempt: the same message again in ``delay_s`` seconds, one attempt spent."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Trying on is pointless: keep it for a person, and say which kind of failure it was."""

    kind: Kind


Decision = PutBack | Retry | Quarantine


def decide(exc: BaseException, attempts: int, draw: float) -> Decision:
    """Return what becomes of the message.

    Args:
        exc: what the stage raised.
        attempts: failed attempts before this one (``attempts_spent`` of the message's options).
        draw: a random number in [0, 1), from which the jitter is made.
    """
    if isinstance(exc, Waiting | Outage):
        asked_s = max(exc.retry_after_s, MIN_WAIT_S)
        return PutBack(min(asked_s * (1 + draw / 10), MAX_DELAY_S))
    if isinstance(exc, Permanent):
        return Quarantine("permanent")
    # A publish the broker did not take says nothing about the message: it may heal.
    transient = isinstance(exc, Transient | BrokerConnectionError)
    if attempts + 1 >= (TRANSIENT_ATTEMPTS if transient else DEFECT_ATTEMPTS):
        return Quarantine("transient" if transient else "defect")
    return Retry(backoff_s(attempts, draw))


def backoff_s(attempts: int, draw: float) -> float:
    """Return 5-10 s, 10-20 s, 20-40 s, … and from the seventh on 5-10 minutes."""
    delay_s = FIRST_BACKOFF_S * 2.0 ** min(attempts, 16) * (1 + draw)
    return delay_s if delay_s <= MAX_DELAY_S else MAX_DELAY_S * (1 + draw) / 2


def attempts_spent(options: Mapping[str, Any]) -> int:
    """Return the failed attempts a message carries; what is not a number counts as none."""
    spent = options.get("attempts", 0)
    if not isinstance(spent, int) or isinstance(spent, bool):
        return 0
    return min(max(spent, 0), MOST_ATTEMPTS)
