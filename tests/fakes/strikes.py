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

from actors.runtime.publisher import message_for
from domain.feeds import Feed, FeedOutcome
from domain.messages import Event, FeedProcessed, FeedSubmitted, FulfillmentBatched
from tests.fakes.stand import ACCOUNT, Stand
from tests.fakes.system import STAGES

IN_THE_MIDDLE = 8
"""Chunks of fifty that are imported when orders are struck."""
SKEW_S = 7200
POISON_BODIES = 5
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
    """Tick five times over; publish every waiting chunk twice, in another order; add poison."""
    for _ in range(5):
        at.begin()
    with _channel(at) as channel:
        bodies = _taken(channel, "import_orders")
        envelope = json.loads(bodies[0]) if bodies else _envelope("import_orders")
        _shuffled_into(channel, [("import_orders", body) for body in bodies * 2])
        poison_queue(channel, "import_orders", envelope, at)


def double_and_poison_feeds(at: Stand) -> None:
    """Say every fact of every feed again, some twice, in another order; add poison."""
    with _channel(at) as channel:
        for feed in at.system.app.store.feed_views.list_feeds(account=ACCOUNT):
            said = [
                (stage, message_for(stage, event).encode())
                for stage, event in _said_of(feed)
                for _ in range(2)
            ]
            _shuffled_into(channel, said)
        for stage in ("submit_feed", "note_submission", "poll_feed", "apply_fulfillment_result"):
            poison_queue(channel, stage, _envelope(stage), at)


def storm_over_orders(at: Stand) -> None:
    """429s, 5xx with HTML, connections dropped after the effect, a hanging call."""
    at.amazon.add_fault("throttle", operation="getReport", times=2)
    at.amazon.add_fault("throttle", operation="getOrder", times=2)
    at.amazon.add_fault("error_503_html", operation="searchOrders", times=2)
    at.amazon.add_fault("error_500", operation="getReport", times=2)
    at.amazon.add_fault("hang", operation="searchOrders", times=1, seconds=5)
    at.amazon.add_fault("drop_after_effect", operation="createReport", times=1)
    at.begin("slot-2")


def storm_over_feeds(at: Stand) -> None:
    """The same on every call a feed needs; two createFeeds take effect without an answer."""
    at.amazon.add_fault("drop_after_effect", operation="createFeed", times=1)
    at.amazon.add_fault("hang", operation="createFeed", times=1, skip=1, seconds=5)
    at.amazon.add_fault("throttle", operation="createFeed", times=1, skip=1)
    at.amazon.add_fault("error_500", operation="createFeed", times=1, skip=1)
    at.amazon.add_fault("drop_before_effect", operation="createFeed", times=1, skip=1)
    at.amazon.add_fault("throttle", operation="getFeed", times=2)
    at.amazon.add_fault("error_503_html", operation="getFeed", times=1)
    at.amazon.add_fault("error_500", operation="createFeedDocument", times=1)
    at.amazon.add_fault("drop_after_effect", operation="createFeedDocument", times=1)
    at.amazon.add_fault("error_503_html", operation="getFeedDocument", times=1)


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


def _taken(channel: Any, queue: str) -> list[bytes]:
    """Take a few of the messages that wait in a queue."""
    taken: list[bytes] = []
    deadline = time.monotonic() + 2
    while len(taken) < 5 and time.monotonic() < deadline:
        method, _, body = channel.basic_get(queue, auto_ack=True)
        if method is not None:
            taken.append(body)
    return taken


def _said_of(feed: Feed) -> Iterator[tuple[str, Event]]:
    """Yield what was said of a feed, as it stands, and who heard it."""
    flow: dict[str, Any] = {
        "account": feed.account,
        "flow_id": feed.flow_id,
        "flow_started_at": feed.flow_started_at,
        "feed": feed.feed_id,
    }
    yield "submit_feed", FulfillmentBatched.again(key="double", **flow)
    if feed.amazon_feed_id:
        for attempt in range(feed.poll_attempt + 1):
            submitted = FeedSubmitted.again(
                key="double", **flow, amazon_feed_id=feed.amazon_feed_id, attempt=attempt
            )
            yield "note_submission", submitted
            yield "poll_feed", submitted
    if feed.processing_status:
        yield (
            "apply_fulfillment_result",
            FeedProcessed.again(
                key="double", **flow, feed_type=feed.feed_type, outcome=FeedOutcome.DONE
            ),
        )


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
