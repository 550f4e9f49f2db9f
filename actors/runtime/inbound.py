"""What becomes of events of other systems: facts of ours, or rejected events with the reason.

    event  --JSON-->  read, check  --TrackingEntered-->  inbox, queue of record_tracking

An event may be acked when our store has it *and* RabbitMQ has confirmed our own message.  Doubles
end as the same message id.  What is not a valid event is kept with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import structlog

from actors.runtime.exchange import INLETS, Inlet
from domain.errors import Malformed, Transient
from domain.events import INBOUND_MODELS
from domain.messages import Event
from domain.rejected_events import BODY_KEPT_BYTES, CONFLICT, RejectedEvent, rejected

log = structlog.get_logger(__name__)


class Inbox(Protocol):
    """Where the facts of one type wait until their stage has recorded them (store)."""

    def receive(self, entries: Sequence[Any]) -> set[int]:
        """Keep them, each once; return the positions of those that contradict an earlier one."""
        ...


class Rejections(Protocol):
    """Events that were not accepted (store)."""

    def keep_delivered(
        self, rejected: RejectedEvent, *, session: str, tag: int, redelivered: bool
    ) -> None:
        """Keep a delivery that its session has not acked yet; again is harmless."""
        ...

    def acked(self, session: str) -> None:
        """Everything the session kept so far is acked."""
        ...


@dataclass(frozen=True, slots=True)
class BridgePorts:
    """What the bridge needs.

    ``accounts`` are the configured ones, ``inboxes`` go by type, ``now`` is the store's time.
    """

    broker_url: str
    accounts: Collection[str]
    inboxes: Mapping[str, Inbox]
    rejections: Rejections
    publish: Callable[[Event], None]
    now: Callable[[], datetime]
    inlets: tuple[Inlet, ...] = INLETS


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event as RabbitMQ delivered it."""

    type: str
    body: bytes
    redelivered: bool
    tag: int


Outcome = Event | str
"""What becomes of a delivery: a fact that is in its inbox, or the reason why it is refused."""


def read_event(event_type: str, body: bytes, accounts: Collection[str], *, now: datetime) -> Event:
    """Return the fact that an event tells of which came in ``now``.

    Raises:
        Malformed: it is not a valid event; the text says why and never quotes it.
    """
    if len(body) > BODY_KEPT_BYTES:
        raise Malformed(f"the message: is larger than {BODY_KEPT_BYTES} bytes")
    event = INBOUND_MODELS[event_type].read(body, now=now)
    if event.account not in accounts:
        raise Malformed("account: no such account is configured")
    return event.fact()


def settle(
    ports: BridgePorts,
    deliveries: Sequence[Delivery],
    *,
    session: str,
    publish_all: Callable[[Sequence[Event]], None],
) -> int:
    """Give every delivery a future in our own store and queues; afterwards they may be acked.

    Again, with any of them, is harmless.  Returns how many were rejected.

    Raises:
        Unavailable, BrokerError: the store or the broker is away; some may be settled already.
        Exception: a defect that none of them gets past.
    """
    outcomes = _taken_in_one_by_one_if_need_be(ports, deliveries)
    publish_all([outcome for outcome in outcomes if isinstance(outcome, Event)])
    refused = [
        (each, why) for each, why in zip(deliveries, outcomes, strict=True) if isinstance(why, str)
    ]
    for each, why in refused:
        refusal = rejected(each.type, each.body, why)
        ports.rejections.keep_delivered(
            refusal, session=session, tag=each.tag, redelivered=each.redelivered
        )
        log.info("event_rejected", type=each.type, reason=why)
    return len(refused)


def _taken_in_one_by_one_if_need_be(
    ports: BridgePorts, deliveries: Sequence[Delivery]
) -> list[Outcome]:
    """Take deliveries in; one with a defect of its own is refused, or the others wait for ever.

    A defect that all valid ones run into is hardly theirs, and with a single one nobody can tell:
    they stay in their queue.
    """
    try:
        return _taken_in(ports, deliveries)
    except Transient:
        raise
    except Exception:
        if len(deliveries) == 1:
            raise
    outcomes: list[Outcome] = []
    defects: list[Exception] = []
    for each in deliveries:
        try:
            outcomes += _taken_in(ports, [each])
        except Transient:
            raise
        except Exception as defect:  # noqa: BLE001  whatever it is, the event is kept with it
            outcomes.append(f"the message: cannot be taken in ({type(defect).__name__})")
            defects.append(defect)
    if defects and not any(isinstance(each, Event) or each == CONFLICT for each in outcomes):
        raise defects[0]
    return outcomes


def _taken_in(ports: BridgePorts, deliveries: Sequence[Delivery]) -> list[Outcome]:
    """Read deliveries, and have the store keep what is valid."""
    outcomes: list[Outcome] = [""] * len(deliveries)
    facts: dict[str, dict[int, Event]] = {}
    now = ports.now()
    for number, each in enumerate(deliveries):
        try:
            outcomes[number] = fact = read_event(each.type, each.body, ports.accounts, now=now)
        except Malformed as refused:
            outcomes[number] = str(refused)
        else:
            facts.setdefault(each.type, {})[number] = fact
    for event_type, numbered in facts.items():
        numbers = list(numbered)
        for position in ports.inboxes[event_type].receive(list(numbered.values())):
            outcomes[numbers[position]] = CONFLICT
    return outcomes
