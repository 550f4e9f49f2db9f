"""Messages per second through a chain of stages on RabbitMQ, against bare Dramatiq.

The floor is Dramatiq's own broker with publisher confirms, plain actors that send to the next one,
and queues of the same kind.  What ours adds is what the flow stands on: facts that are checked
when they are read, derived ids, deliveries that belong to their consumer, the failure policy.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import dramatiq
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.worker import Worker

from actors.runtime.broker import make_broker
from actors.runtime.publisher import Publisher
from actors.runtime.stage import bind, stage, subscriptions
from benchmarks.printing import table
from domain.messages import Event
from tests.fakes.rabbitmq import find_rabbitmq

THREADS = 8
ROUNDS = 2
PATIENCE_S = 600
QUEUES = ("first_hop", "second_hop", "third_hop")


class Began(Event):
    """A chain began."""


class WentOn(Event):
    """The first hop is done."""


class Neared(Event):
    """The second hop is done."""


class Arrivals:
    """Counts what came through; the work is done when everything did."""

    def __init__(self, expected: int) -> None:
        self._left, self._lock = expected, threading.Lock()
        self.complete = threading.Event()

    def one(self) -> None:
        """Count one arrival."""
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self.complete.set()


@dataclass(frozen=True)
class Counting:
    """The only port of these stages."""

    arrivals: Arrivals


class Unforgiving:
    """A failure policy for which no failure is expected."""

    def settle(self, stage: str, message: dramatiq.Message[Any], exc: Exception) -> None:
        """Let it be a defect of the benchmark."""
        raise AssertionError(f"{stage} could not do {message.message_id}") from exc


@stage(consumes=(Began,), emits=(WentOn,))
def first_hop(began: Began) -> Iterator[Event]:
    """Go on."""
    yield WentOn.following(began)


@stage(consumes=(WentOn,), emits=(Neared,))
def second_hop(went_on: WentOn) -> Iterator[Event]:
    """Go on."""
    yield Neared.following(went_on)


@stage(consumes=(Neared,))
def third_hop(neared: Neared, *, arrivals: Arrivals) -> Iterator[Event]:
    """Arrive."""
    del neared
    arrivals.one()
    yield from ()


HOPS = (first_hop, second_hop, third_hop)


def measure(chains: int) -> None:
    """Print messages per second through bare Dramatiq's chain and through ours."""
    seconds: dict[str, list[float]] = {"bare": [], "ours": []}
    rabbitmq = find_rabbitmq()
    rabbitmq.start()
    with closing(rabbitmq):
        for _ in range(ROUNDS):  # By turns, so that a busy moment of the machine hits both.
            for name, prepare in (("bare", _bare), ("ours", _ours)):
                vhost = rabbitmq.add_vhost(f"bench-{uuid.uuid4().hex[:8]}")
                seconds[name].append(_chains_s(prepare, vhost.amqp_url, chains))
                rabbitmq.delete_vhost(vhost.name)
    best = {name: min(took) for name, took in seconds.items()}
    names = {"bare": "floor: bare Dramatiq with confirms", "ours": "stages and facts"}
    messages = chains * len(HOPS)
    table(
        f"Messages per second, {chains:,} chains of {len(HOPS)} hops, RabbitMQ, one process",
        ("", "messages/s", "ratio"),
        [(names[n], f"{messages / s:,.0f}", f"{best['bare'] / s:.2f}") for n, s in best.items()],
    )


Prepare = Callable[[str, Arrivals], tuple[dramatiq.Broker, Callable[[int], None]]]
"""Makes a broker and what puts the first message of chain number N on it."""


def _chains_s(prepare: Prepare, url: str, chains: int) -> float:
    """Publish the first message of every chain, then time the workers alone."""
    arrivals = Arrivals(chains)
    broker, begin = prepare(url, arrivals)
    for number in range(chains):
        begin(number)
    worker = Worker(broker, worker_threads=THREADS, worker_timeout=100)
    began = time.perf_counter()
    worker.start()
    in_time = arrivals.complete.wait(PATIENCE_S)
    took = time.perf_counter() - began
    worker.stop(timeout=30_000)
    broker.close()
    if not in_time:
        raise SystemExit(f"{chains} chains did not come through in {PATIENCE_S} s")
    return took


def _bare(url: str, arrivals: Arrivals) -> tuple[dramatiq.Broker, Callable[[int], None]]:
    broker = RabbitmqBroker(url=url, confirm_delivery=True, middleware=[])

    def actor(name: str, go_on: Callable[[dict[str, Any]], object]) -> Any:
        def hop(wire: dict[str, Any]) -> None:
            go_on(wire)

        return dramatiq.actor(broker=broker, actor_name=name, queue_name=name)(hop)

    third = actor(QUEUES[2], lambda _: arrivals.one())
    second = actor(QUEUES[1], third.send)
    first = actor(QUEUES[0], second.send)
    now = datetime.now(UTC)
    return broker, lambda number: first.send(_began(number, now).model_dump(mode="json"))


def _ours(url: str, arrivals: Arrivals) -> tuple[dramatiq.Broker, Callable[[int], None]]:
    broker = make_broker(url)
    bind(broker, HOPS, Counting(arrivals), Unforgiving())
    publish, now = Publisher(broker, subscriptions(HOPS)), datetime.now(UTC)
    return broker, lambda number: publish(_began(number, now))


def _began(number: int, now: datetime) -> Began:
    return Began.first(key=str(number), account="alpha", at=now)
