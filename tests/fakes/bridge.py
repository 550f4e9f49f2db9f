"""A bridge on a real RabbitMQ, with a store in memory, and a system that sends events to it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pika
import pika.exceptions

from actors.runtime.bridge import main_loop
from actors.runtime.exchange import INLETS, connect, declare
from actors.runtime.inbound import BridgePorts
from domain.events import EXCHANGE
from tests.fakes.clock import START
from tests.fakes.schedule_ports import Published
from tests.fakes.tracking_ports import MemoryInbox, MemoryRejections

QUEUE = INLETS[0].queue


class World:
    """A bridge's surroundings; ``client_url`` is the bridge's own address, if it has another."""

    def __init__(self, url: str, *, client_url: str = "") -> None:
        self.url = url
        self.inbox, self.rejections = MemoryInbox(), MemoryRejections()
        self.published = Published()
        self.ports = BridgePorts(
            broker_url=client_url or url,
            accounts={"demo"},
            inboxes={"tracking.entered": self.inbox},
            rejections=self.rejections,
            publish=self.published,
            now=lambda: START,
        )
        with connect(url) as connection:
            declare(connection.channel())

    def send(self, *bodies: bytes) -> None:
        with connect(self.url) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            for body in bodies:
                channel.basic_publish(
                    EXCHANGE, "tracking.entered", body, pika.BasicProperties(delivery_mode=2)
                )

    def send_mandatory(self, body: bytes, *, within_s: float = 30) -> None:
        """Publish it, again and again, until RabbitMQ says that a queue has it."""
        deadline = time.monotonic() + within_s
        while not self._is_taken(body):
            assert time.monotonic() < deadline, "no queue takes it"
            time.sleep(0.05)

    def _is_taken(self, body: bytes) -> bool:
        persistent = pika.BasicProperties(delivery_mode=2)
        with connect(self.url) as connection:
            channel = connection.channel()
            channel.confirm_delivery()
            try:
                channel.basic_publish(
                    EXCHANGE, "tracking.entered", body, persistent, mandatory=True
                )
            except (
                pika.exceptions.UnroutableError,
                pika.exceptions.NackError,
                pika.exceptions.ChannelClosedByBroker,
            ):
                return False
            return True

    def waiting(self) -> int:
        with connect(self.url) as connection:
            declared = connection.channel().queue_declare(QUEUE, passive=True)
            return int(declared.method.message_count)

    @contextmanager
    def bridge(self) -> Iterator[None]:
        """Run a bridge; leaving the block stops it as SIGTERM does."""
        stop = threading.Event()
        thread = threading.Thread(target=main_loop, args=(self.ports, stop))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(timeout=20)
            assert not thread.is_alive(), "the bridge does not stop"
