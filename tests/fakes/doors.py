"""The stand's doors to other systems: bridge and outbox as processes, a sender, a subscriber."""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta

import pika
from pika.adapters.blocking_connection import BlockingChannel

from actors.runtime.consumer import CONNECTION_LOST
from actors.runtime.exchange import connect, declare
from domain.events import EXCHANGE
from tests.fakes.system import System

SUBSCRIBER = "subscriber"
PATIENCE_S = 120
PROCESSES = ("bridge", "outbox")


class Doors:
    """One bridge and one outbox on the stand's virtual host."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._heard: Counter[tuple[str, str, str]] = Counter()

    def open(self) -> None:
        """Bind everybody's queues, then start both processes."""
        self._patiently(_bind)
        for name in PROCESSES:
            self._start(name)

    def kill(self) -> None:
        """Kill -9 both, whatever they are at, and start others."""
        for name in PROCESSES:
            self._system.kill(name)
            self._start(name)

    def send(self, bodies: Iterable[bytes]) -> None:
        """Send tracking as another system would: plain pika, persistent, confirmed."""
        sent = list(bodies)
        self._patiently(lambda channel: _send(channel, sent))

    def hurry(self, within: timedelta) -> None:
        """Let the sweepers miss entries that came in and are not recorded so soon, not after ten
        minutes.
        """
        store = self._system.app.store
        for owed_by in ("announce_at", "take_by"):
            unannounced = {"announcements": 0, owed_by: {"$gt": store.now() + within}}
            sooner = {"$set": {owed_by: store.now() + within}}
            store.database["tracking_entries"].update_many(unannounced, sooner)

    def misheard(self, expected: Mapping[str, Collection[str]]) -> list[str]:
        """Name what other systems heard, up to now, other than each ``expected`` type once."""
        self._patiently(self._listen)
        return misheard(self._heard, expected)

    @property
    def _url(self) -> str:
        return self._system.settings_env["BROKER_URL"]

    def _start(self, name: str) -> None:
        self._system.start(name, "-m", "cli", "run", name)

    def _listen(self, channel: BlockingChannel) -> None:
        while (got := channel.basic_get(SUBSCRIBER))[0] is not None:
            told = json.loads(got[2])
            self._heard[told["type"], told["order_id"], told["event_id"]] += 1
            channel.basic_ack(got[0].delivery_tag)

    def _patiently(self, work: Callable[[BlockingChannel], None]) -> None:
        """Do it on a channel; from the start again where a busy machine lost the connection."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                with connect(self._url) as connection:
                    return work(connection.channel())
            except CONNECTION_LOST:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)


def _bind(channel: BlockingChannel) -> None:
    declare(channel)
    channel.queue_declare(SUBSCRIBER, durable=True)
    for told in ("order.*", "shipment.*"):
        channel.queue_bind(SUBSCRIBER, EXCHANGE, told)


def _send(channel: BlockingChannel, bodies: Iterable[bytes]) -> None:
    channel.confirm_delivery()
    properties = pika.BasicProperties(content_type="application/json", delivery_mode=2)
    for body in bodies:
        channel.basic_publish(EXCHANGE, "tracking.entered", body, properties)


def misheard(
    heard: Iterable[tuple[str, str, str]], expected: Mapping[str, Collection[str]]
) -> list[str]:
    """Name what is wrong about (type, order id, event id) heard: each type of ``expected`` is due
    once for each of its orders, and nothing else.

    Once is one event id, however often it was delivered: the id is what subscribers look at.
    """
    ids: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for event_type, order_id, event_id in heard:
        ids[event_type, order_id].add(event_id)
    due = {(event_type, each) for event_type, orders in expected.items() for each in orders}
    return [
        *(f"{what} of {order_id} was never told" for what, order_id in sorted(due - set(ids))),
        *(
            f"{what} of {order_id} was told as {len(told)} events, {int(is_due)} is due"
            for (what, order_id), told in sorted(ids.items())
            if len(told) != (is_due := (what, order_id) in due)
        ),
    ]
