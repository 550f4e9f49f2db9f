"""What strikes the stand: each fault once while orders come in, and once while feeds go out."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dramatiq
import pika

from actors.flow import FLOW
from actors.runtime.publisher import message_for
from actors.runtime.stage import subscriptions
from tests.fakes.doubles import everything_said
from tests.fakes.stand import Stand
from tests.fakes.system import STAGES

IN_THE_MIDDLE = 8
"""Chunks of fifty that are imported when orders are struck."""
SKEW_S = 7200
POISON_BODIES = 5
ORDERS_STAGES = STAGES[: STAGES.index("batch_fulfillment")]
"""They are poisoned while orders come in, the others while feeds go out."""
TAKEN, TAKING_S, PATIENCE_S = 10, 2, 30
"""Messages taken to be doubled, and how long for them at most; for the first, longer."""
Strike = Callable[[Stand], None]


@dataclass(frozen=True)
class Fault:
    """A fault: what happens to incoming orders, and what to outgoing feeds."""

    name: str
    to_orders: Strike
    to_feeds: Strike
    sweeping: bool = False
    """Whether the sweepers are needed to recover."""


def kill_rabbitmq(at: Stand) -> None:
    """Kill -9 RabbitMQ while everybody publishes and consumes, and start it again."""
    at.node.settle()
    at.node.kill()
    at.node.start()


def cut_connections_of_orders(at: Stand) -> None:
    """Cut every connection, three times."""
    for further in (5, 10, 15):
        at.node.close_all_connections()
        at.wait_for_imports(IN_THE_MIDDLE + further)


def cut_connections_of_feeds(at: Stand) -> None:
    """Cut every connection, three times, a feed apart."""
    for number in (2, 3, 4):
        at.node.close_all_connections()
        at.wait_for_feeds(number)


def kill_store(at: Stand) -> None:
    """Kill -9 the store in the middle of writes, and start it again."""
    at.store.kill_and_restart()


def double_and_poison_orders(at: Stand) -> None:
    """Tick and send tracking anew; say all facts, and waiting chunks, twice; add poison."""
    for _ in range(2):
        at.system.kill("import_orders")  # Else it may have taken in every chunk by now.
    for _ in range(5):
        at.begin()
    at.doors.send(at.tracking_events())
    with _channel(at) as channel:
        bodies = _taken(channel, "import_orders")
        _shuffled_into(channel, [("import_orders", body) for body in bodies * 2])
        _say_again(channel, at)
        for stage in ORDERS_STAGES:
            envelope = json.loads(bodies[0]) if stage == "import_orders" else _envelope(stage)
            poison_queue(channel, stage, envelope, at)
    at.system.start_workers(["import_orders"], each=2)


def double_and_poison_feeds(at: Stand) -> None:
    """Say every fact so far again, each twice, in another order; add poison."""
    with _channel(at) as channel:
        _say_again(channel, at)
        for stage in set(STAGES) - set(ORDERS_STAGES):
            poison_queue(channel, stage, _envelope(stage), at)


def storm_over_orders(at: Stand) -> None:
    """429s, 5xx with HTML, connections dropped after the effect, a hanging call.

    A dozen and more 429s, most of an operation Amazon allows often: one of the others is waited
    out for as long as Amazon takes by default to allow one more.  That of searchOrders takes
    three minutes and comes last, lest every other failure waits as long; orders are read singly
    meanwhile.
    """
    at.trouble("hang", "searchOrders", seconds=5)
    at.trouble("error_503_html", "searchOrders", times=2, skip=1)
    at.trouble("throttle", "searchOrders", skip=1)
    # Nobody asks for single orders unless the 429 before is heard, which a busy machine may miss.
    at.amazon.add_fault("throttle", operation="getOrder", times=4)
    at.trouble("error_500", "getReport", times=2)
    at.trouble("throttle", "getReport", times=12)
    at.trouble("drop_after_effect", "createReport")
    at.trouble("throttle", "createReport")
    at.wait_for_reports(1)
    at.begin("slot-2")


def storm_over_feeds(at: Stand) -> None:
    """The same on every call a feed needs; two createFeeds take effect without an answer.

    A 429 of createFeed is waited out for two minutes, and comes last of what is refused.
    """
    at.trouble("drop_after_effect", "createFeed")
    at.trouble("hang", "createFeed", skip=1, seconds=5)
    at.trouble("error_500", "createFeed", skip=1)
    at.trouble("drop_before_effect", "createFeed", skip=1)
    at.trouble("throttle", "createFeed", skip=1)
    at.trouble("error_503_html", "getFeed")
    at.trouble("throttle", "getFeed", times=12)
    at.trouble("error_500", "createFeedDocument")
    at.trouble("drop_after_effect", "createFeedDocument")
    at.trouble("throttle", "createFeedDocument", times=6)
    at.trouble("error_503_html", "getFeedDocument")


def delete_queues(at: Stand) -> None:
    """Delete every queue with all that is in it; the sweepers know what was under way."""
    with _channel(at) as channel:
        for stage in STAGES:
            for queue in (stage, f"{stage}.DQ", f"{stage}.XQ"):
                channel.queue_delete(queue)


def set_clocks_forward(at: Stand) -> None:
    """Half of the workers live two hours ahead from now on, the others are as they should be."""
    _set_clocks(at, SKEW_S)


def set_clocks_back(at: Stand) -> None:
    """The same half is suddenly two hours behind."""
    _set_clocks(at, -SKEW_S)


def move_amazons_clock(at: Stand) -> None:
    """Amazon's clock is suddenly two hours further ahead of everybody else's."""
    at.amazon.advance(SKEW_S)


FAULTS: tuple[Fault, ...] = (
    Fault("rabbitmq_is_killed", kill_rabbitmq, kill_rabbitmq),
    Fault("connections_are_cut", cut_connections_of_orders, cut_connections_of_feeds),
    Fault("the_store_is_killed", kill_store, kill_store),
    Fault("messages_are_doubled_and_poisoned", double_and_poison_orders, double_and_poison_feeds),
    Fault("amazon_storms", storm_over_orders, storm_over_feeds),
    Fault("amazons_clock_jumps", move_amazons_clock, move_amazons_clock),
    Fault("half_of_the_clocks_are_wrong", set_clocks_forward, set_clocks_back),
    Fault("every_queue_is_deleted", delete_queues, delete_queues, sweeping=True),
)


def poison_queue(channel: Any, queue: str, envelope: dict[str, Any], at: Stand) -> None:
    """Put into a queue what no worker can do anything with."""
    bodies = (
        b"not json",
        b"[]",
        json.dumps({"queue_name": "elsewhere", "actor_name": queue}).encode(),
        json.dumps(envelope | {"options": None}).encode(),
        json.dumps(
            envelope | {"args": ["Nonsense", {"account": 17}], "message_id": f"poison-{queue}"}
        ).encode(),
    )
    assert len(bodies) == POISON_BODIES
    for body in bodies:
        _publish(channel, queue, body)
    at.poison += len(bodies)


@contextmanager
def _channel(at: Stand) -> Iterator[Any]:
    """Yield a channel with confirms on the stand's virtual host, as plain pika makes one."""
    url = at.system.settings_env["BROKER_URL"]
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        yield channel


def _publish(channel: Any, queue: str, body: bytes) -> None:
    persistent = pika.BasicProperties(delivery_mode=2)
    channel.basic_publish("", queue, body, persistent, mandatory=True)


def _shuffled_into(channel: Any, messages: Sequence[tuple[str, bytes]]) -> None:
    mixed = list(messages)
    random.Random(5).shuffle(mixed)
    for queue, body in mixed:
        _publish(channel, queue, body)


def _say_again(channel: Any, at: Stand) -> None:
    """Say every fact that the store knows of again, each twice, in another order."""
    hears = subscriptions(FLOW)
    said = [
        (stage, message_for(stage, event).encode())
        for event in everything_said(at.system.app)
        for stage in hears[type(event)]
    ]
    _shuffled_into(channel, said * 2)


def _taken(channel: Any, queue: str) -> list[bytes]:
    """Take a few of the messages that wait in a queue; there must be some."""
    taken: list[bytes] = []
    deadline = time.monotonic() + TAKING_S
    while len(taken) < TAKEN and (not taken or time.monotonic() < deadline):
        method, _, body = channel.basic_get(queue, auto_ack=True)
        if method is not None:
            taken.append(body)
        assert taken or time.monotonic() < deadline + PATIENCE_S, f"nothing waits in {queue}"
    return taken


def _envelope(stage: str) -> dict[str, Any]:
    message: dramatiq.Message[None] = dramatiq.Message(stage, stage, (), {}, {})
    read: dict[str, Any] = json.loads(message.encode())
    return read


def _set_clocks(at: Stand, skew_s: int) -> None:
    at.system.settings_env["CLOCK_SKEW_S"] = str(skew_s)
    for stage in STAGES:
        # The oldest has the right time, or is wrong already.
        at.system.kill(stage, -1)
        at.system.start_worker(stage, app="tests.fakes.skewed_app:setup")
