"""The inbound bridge: takes events of other systems in.  A process of its own.

    amazon.in.tracking  -->  settled (``inbound``)  -->  acked

An event that is not settled stays in its queue, and comes back when this process dies.  When the
store or the broker is away, the bridge holds what it has and tries again; when its connection is
lost, it connects anew; when its queue, its binding or the exchange is deleted, it declares them
anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from functools import partial
from threading import Event as Flag
from traceback import extract_tb
from typing import Any
from uuid import uuid4

import pika
import structlog
from dramatiq.errors import BrokerError

from actors.runtime.consumer import CONNECTION_LOST
from actors.runtime.exchange import Inlet, connect, declare
from actors.runtime.inbound import BridgePorts, Delivery, settle
from domain.errors import Transient
from domain.messages import Event

log = structlog.get_logger(__name__)

BATCH = 100
PUBLISHERS = 8
LOOK_S = 0.5
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 30.0
SUBSCRIBED_FOR_S = 60.0
"""After so long everything is declared and subscribed to anew.  A deleted binding or exchange is
told to nobody, and a busy RabbitMQ may not even tell a consumer that its queue was deleted."""


class Bridge:
    """Takes events in, over one connection after another."""

    def __init__(self, ports: BridgePorts, publishers: Executor) -> None:
        self.is_working = False
        """Whether it got through a turn on its last connection."""
        self._ports = ports
        self._publishers = publishers

    def serve(self, connection: pika.BlockingConnection, stop: Flag) -> None:
        """Take events in until ``stop`` is set; what is in hand then is finished first.

        Raises:
            CONNECTION_LOST: what was not acked comes back.
            Exception: a defect; likewise.
        """
        self.is_working = False
        self._subscribe(connection)
        # What waits is to arrive together: only beside others is an event with a defect found out.
        connection.sleep(LOOK_S)
        while not stop.is_set():
            connection.process_data_events(time_limit=LOOK_S)
            deliveries = tuple(self._arrived)
            if deliveries and self._done(partial(self._settle, deliveries), connection, stop):
                self._ack(deliveries, connection, stop)
            # What came from a queue that is deleted now is nowhere else any more: it goes first.
            if not self._arrived and time.monotonic() >= self._anew_at:
                self._channel.close()
                self._subscribe(connection)
            self.is_working = True

    def _subscribe(self, connection: pika.BlockingConnection) -> None:
        """Declare and consume on a fresh channel, whose delivery tags begin at 1 again."""
        self._session = uuid4().hex
        self._arrived: list[Delivery] = []
        self._anew_at = time.monotonic() + SUBSCRIBED_FOR_S
        self._channel = connection.channel()
        self._channel.add_on_cancel_callback(self._canceled)
        declare(self._channel, self._ports.inlets)
        self._channel.basic_qos(prefetch_count=BATCH)
        for inlet in self._ports.inlets:
            self._channel.basic_consume(inlet.queue, self._listener(inlet))

    def _canceled(self, _frame: Any) -> None:
        """RabbitMQ says that a queue was deleted."""
        log.warning("bridge_canceled")
        self._anew_at = time.monotonic()

    def _settle(self, deliveries: Sequence[Delivery]) -> None:
        settle(self._ports, deliveries, session=self._session, publish_all=self._publish_all)

    def _ack(
        self, deliveries: Sequence[Delivery], connection: pika.BlockingConnection, stop: Flag
    ) -> None:
        self._channel.basic_ack(deliveries[-1].tag, multiple=True)
        del self._arrived[: len(deliveries)]
        # An ack is never answered.  What is asked after it on the same channel is: then RabbitMQ
        # has the ack, too, and does not deliver again when it is cut off now.
        self._channel.basic_qos(prefetch_count=BATCH)
        self._done(partial(self._ports.rejections.acked, self._session), connection, stop)

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
    """Run the bridge until ``stop`` is set, connecting again whatever happens."""
    pause_s = FIRST_PAUSE_S
    # Each thread keeps a connection to publish with for as long as the broker lives: a pool for
    # every connection of the bridge would pile them up.
    with ThreadPoolExecutor(PUBLISHERS, thread_name_prefix="bridge") as publishers:
        bridge = Bridge(ports, publishers)
        while not stop.is_set():
            _serve_once(bridge, ports, stop)
            if bridge.is_working:
                pause_s = FIRST_PAUSE_S
            stop.wait(pause_s)
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
    log.info("bridge_stopped")


def _serve_once(bridge: Bridge, ports: BridgePorts, stop: Flag) -> None:
    """Serve one connection; a defect does not end the process, which it would again and again."""
    try:
        with connect(ports.broker_url) as connection:
            log.info("bridge_started", queues=[inlet.queue for inlet in ports.inlets])
            bridge.serve(connection, stop)
    except (*CONNECTION_LOST, Transient) as lost:
        log.warning("bridge_reconnects", reason=type(lost).__name__)
    except Exception as defect:  # noqa: BLE001
        # Its text may quote an event, which may hold anything.
        where = [f"{each.name}:{each.lineno}" for each in extract_tb(defect.__traceback__)[-3:]]
        log.error("bridge_defect", error=type(defect).__name__, where=where)  # noqa: TRY400
