"""The inbound bridge: events of other systems become facts of ours.  A process of its own.

    amazon.in.tracking  --JSON-->  read, check  --TrackingEntered-->  queue of record_tracking

An event is acked when our store has it *and* RabbitMQ has confirmed our own message; before that
it stays in its queue, and comes back when this process dies.  Doubles end as the same message id.
What is not a valid event is kept with the reason, and acked.  When the store or the broker is
away, the bridge holds what it has and tries again; when its connection is lost, it connects anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from threading import Event as Flag
from typing import Any, Protocol
from uuid import uuid4

import pika
import structlog
from dramatiq.errors import BrokerError

from actors.runtime.consumer import CONNECTION_LOST
from actors.runtime.exchange import INLETS, Inlet, connect, declare
from domain.errors import Malformed, Transient
from domain.events import INBOUND_MODELS
from domain.messages import Event
from domain.rejected_events import BODY_KEPT_BYTES, CONFLICT, RejectedEvent, rejected

log = structlog.get_logger(__name__)

BATCH = 100
PUBLISHERS = 8
LOOK_S = 0.5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0


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
    """
    reasons: dict[int, str] = {}
    facts: dict[str, dict[int, Event]] = {}
    now = ports.now()
    for number, each in enumerate(deliveries):
        try:
            fact = read_event(each.type, each.body, ports.accounts, now=now)
        except Malformed as refused:
            reasons[number] = str(refused)
        else:
            facts.setdefault(each.type, {})[number] = fact
    for event_type, numbered in facts.items():
        numbers = list(numbered)
        conflicting = ports.inboxes[event_type].receive(list(numbered.values()))
        reasons |= {numbers[position]: CONFLICT for position in conflicting}
        publish_all([numbered[number] for number in numbers if number not in reasons])
    for number, reason in sorted(reasons.items()):
        each = deliveries[number]
        refusal = rejected(each.type, each.body, reason)
        ports.rejections.keep_delivered(
            refusal, session=session, tag=each.tag, redelivered=each.redelivered
        )
        log.info("event_rejected", type=each.type, reason=reason)
    return len(reasons)


class Bridge:
    """One connection's worth of bridging."""

    def __init__(self, ports: BridgePorts) -> None:
        self._ports = ports
        self._session = uuid4().hex
        self._arrived: list[Delivery] = []
        self._publishers = ThreadPoolExecutor(PUBLISHERS, thread_name_prefix="bridge")

    def serve(self, connection: pika.BlockingConnection, stop: Flag) -> None:
        """Take events in until ``stop`` is set; what is in hand then is finished first.

        Raises:
            CONNECTION_LOST: what was not acked comes back.
        """
        channel = connection.channel()
        declare(channel, self._ports.inlets)
        channel.basic_qos(prefetch_count=BATCH)
        for inlet in self._ports.inlets:
            channel.basic_consume(inlet.queue, self._listener(inlet))
        with self._publishers:
            while not stop.is_set():
                connection.process_data_events(time_limit=LOOK_S)
                deliveries = tuple(self._arrived)
                if deliveries and self._done(partial(self._settle, deliveries), connection, stop):
                    channel.basic_ack(deliveries[-1].tag, multiple=True)
                    del self._arrived[: len(deliveries)]
                    # An ack is never answered.  What is asked after it on the same channel is: then
                    # RabbitMQ has the ack, too, and does not deliver again when it is cut off now.
                    channel.basic_qos(prefetch_count=BATCH)
                    noted = partial(self._ports.rejections.acked, self._session)
                    self._done(noted, connection, stop)

    def _settle(self, deliveries: Sequence[Delivery]) -> None:
        settle(self._ports, deliveries, session=self._session, publish_all=self._publish_all)

    def _done(
        self, work: Callable[[], object], connection: pika.BlockingConnection, stop: Flag
    ) -> bool:
        """Do it, however often it takes; False when it was told to stop instead."""
        pause_s = FIRST_PAUSE_S
        while True:
            try:
                work()
            except (Transient, BrokerError) as outage:
                log.warning("bridge_waits", reason=type(outage).__name__, held=len(self._arrived))
                if not _paused(connection, pause_s, stop):
                    return False
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            else:
                return True

    def _publish_all(self, facts: Sequence[Event]) -> None:
        # A confirm takes a disk write; waiting for several at once costs the time of one.
        for _ in self._publishers.map(self._ports.publish, facts):
            pass

    def _listener(self, inlet: Inlet) -> Callable[..., None]:
        def arrived(_channel: Any, method: Any, _properties: Any, body: bytes) -> None:
            delivery = Delivery(inlet.type, body, method.redelivered, method.delivery_tag)
            self._arrived.append(delivery)

        return arrived


def _paused(connection: pika.BlockingConnection, seconds: float, stop: Flag) -> bool:
    """Wait, and keep the connection's heartbeats going; False when told to stop meanwhile."""
    left_s = seconds
    while left_s > 0 and not stop.is_set():
        connection.sleep(min(LOOK_S, left_s))
        left_s -= LOOK_S
    return not stop.is_set()


def main_loop(ports: BridgePorts, stop: Flag) -> None:
    """Run the bridge until ``stop`` is set, connecting again whenever the connection is lost."""
    pause_s = FIRST_PAUSE_S
    while not stop.is_set():
        try:
            with connect(ports.broker_url) as connection:
                log.info("bridge_started", queues=[inlet.queue for inlet in ports.inlets])
                pause_s = FIRST_PAUSE_S
                Bridge(ports).serve(connection, stop)
        except (*CONNECTION_LOST, Transient) as lost:
            log.warning("bridge_reconnects", reason=type(lost).__name__)
            stop.wait(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
    log.info("bridge_stopped")
