"""Our events on a real exchange: for whoever is bound, confirmed, over lost connections too."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from threading import Event as Flag
from threading import Thread

import pika
import pytest

from actors.runtime.exchange import Exchange, NoQueue, connect
from actors.runtime.outbox import OutboxPorts, main_loop
from domain.errors import Unavailable
from domain.events import EXCHANGE
from domain.orders import OutEvent
from domain.outbox import Unsent
from tests.fakes.clock import START
from tests.fakes.outbox_ports import MemoryOutbox
from tests.fakes.rabbitmq import RabbitMQ
from tests.fakes.rabbitmq_management import Vhost

pytestmark = pytest.mark.rabbitmq


@pytest.fixture
def exchange(vhost: Vhost) -> Iterator[Exchange]:
    opened = Exchange(vhost.amqp_url)
    yield opened
    opened.close()


def subscribe(url: str, queue: str, pattern: str) -> None:
    with connect(url) as connection:
        channel = connection.channel()
        channel.exchange_declare(EXCHANGE, "topic", durable=True)
        channel.queue_declare(queue, durable=True)
        channel.queue_bind(queue, EXCHANGE, pattern)


def take(url: str, queue: str) -> list[tuple[str, pika.BasicProperties, bytes]]:
    taken: list[tuple[str, pika.BasicProperties, bytes]] = []
    with connect(url) as connection:
        channel = connection.channel()
        while True:
            method, properties, body = channel.basic_get(queue, auto_ack=True)
            if method is None:
                return taken
            taken.append((method.routing_key, properties, body))


def test_an_event_reaches_every_bound_queue_and_nobody_else(
    exchange: Exchange, vhost: Vhost
) -> None:
    for queue, pattern in (("all", "#"), ("orders", "order.*"), ("other", "listing.*")):
        subscribe(vhost.amqp_url, queue, pattern)
    exchange("order.imported", "id-1", b"{}")
    assert [len(take(vhost.amqp_url, queue)) for queue in ("all", "orders", "other")] == [1, 1, 0]


def test_an_event_says_what_it_is(exchange: Exchange, vhost: Vhost) -> None:
    subscribe(vhost.amqp_url, "all", "#")
    exchange("order.imported", "id-1", b'{"a":1}')
    ((key, properties, body),) = take(vhost.amqp_url, "all")
    assert (key, body) == ("order.imported", b'{"a":1}')
    assert (properties.content_type, properties.delivery_mode) == ("application/json", 2)
    assert (properties.message_id, properties.type) == ("id-1", "order.imported")


def test_an_event_nobody_wants_is_no_error(exchange: Exchange, vhost: Vhost) -> None:
    exchange("order.imported", "id-1", b"{}")
    subscribe(vhost.amqp_url, "all", "#")
    exchange("order.imported", "id-2", b"{}")
    assert [properties.message_id for _, properties, _ in take(vhost.amqp_url, "all")] == ["id-2"]


def test_an_event_that_must_be_taken_is_refused_while_no_queue_is_bound(
    vhost: Vhost,
) -> None:
    exchange = Exchange(vhost.amqp_url, mandatory=True)
    with pytest.raises(NoQueue):
        exchange("order.imported", "id-1", b"{}")
    subscribe(vhost.amqp_url, "all", "#")
    exchange("order.imported", "id-2", b"{}")
    exchange.close()
    assert [properties.message_id for _, properties, _ in take(vhost.amqp_url, "all")] == ["id-2"]


def test_after_a_cut_connection_the_next_event_gets_through(
    exchange: Exchange, vhost: Vhost, rabbitmq: RabbitMQ
) -> None:
    subscribe(vhost.amqp_url, "all", "#")
    exchange("order.imported", "id-1", b"{}")
    rabbitmq.close_all_connections()
    with pytest.raises(Unavailable):
        exchange("order.imported", "id-2", b"{}")
    exchange("order.imported", "id-2", b"{}")
    assert [properties.message_id for _, properties, _ in take(vhost.amqp_url, "all")] == [
        "id-1",
        "id-2",
    ]


def test_a_full_queue_that_rejects_holds_events_up_until_it_is_unbound(
    exchange: Exchange, vhost: Vhost
) -> None:
    subscribe(vhost.amqp_url, "all", "#")
    with connect(vhost.amqp_url) as connection:
        channel = connection.channel()
        full = {"x-max-length": 1, "x-overflow": "reject-publish", "x-queue-type": "classic"}
        channel.queue_declare("full", durable=True, arguments=full)
        channel.queue_bind("full", EXCHANGE, "#")
        exchange("order.imported", "id-1", b"{}")
        with pytest.raises(Unavailable):
            exchange("order.imported", "id-2", b"{}")
        channel.queue_unbind("full", EXCHANGE, "#")
    exchange("order.imported", "id-2", b"{}")
    heard = [properties.message_id for _, properties, _ in take(vhost.amqp_url, "all")]
    assert heard == ["id-1", "id-2", "id-2"]


def test_without_a_broker_nothing_counts_as_told() -> None:
    silent = Exchange("amqp://guest:guest@127.0.0.1:1/%2F?connection_attempts=1&retry_delay=0")
    with pytest.raises(Unavailable):
        silent("order.imported", "id-1", b"{}")


def test_the_loop_tells_everything_and_stops_when_asked(exchange: Exchange, vhost: Vhost) -> None:
    subscribe(vhost.amqp_url, "all", "#")
    facts = [OutEvent(f"id-{n}", "order.imported", START, {"version": 1}) for n in range(50)]
    outbox = MemoryOutbox([Unsent("orders", "demo/1", fact) for fact in facts])
    stop = Flag()
    loop = Thread(target=main_loop, args=(OutboxPorts(outbox, exchange), stop))
    loop.start()
    deadline = time.monotonic() + 20
    while outbox.waiting and time.monotonic() < deadline:
        loop.join(0.05)
    stop.set()
    loop.join(20)
    assert not loop.is_alive()
    told = take(vhost.amqp_url, "all")
    assert [json.loads(body)["event_id"] for *_, body in told] == [f"id-{n}" for n in range(50)]
