"""Users made as docs/events.md says can do what they are for, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pika
import pika.exceptions
import pytest

from actors.runtime.exchange import connect, declare
from domain.events import EXCHANGE
from tests.fakes.events_page import DOOR, QUEUE, User, taken
from tests.fakes.rabbitmq_management import Vhost

pytestmark = pytest.mark.rabbitmq


def publish(channel: Any, exchange: str, key: str) -> None:
    channel.confirm_delivery()
    channel.basic_publish(exchange, key, b"{}", mandatory=False)


def publish_with_copy(channel: Any, exchange: str, header: str) -> None:
    """Publish as tracking, and name one of our own events as a second routing key."""
    channel.confirm_delivery()
    properties = pika.BasicProperties(headers={header: ["order.canceled"]})
    channel.basic_publish(exchange, "tracking.entered", b"{}", properties)


def read_our_queue(channel: Any) -> None:
    channel.basic_get(QUEUE)


FORBIDDEN: dict[str, Callable[[Any], object]] = {
    "another routing key": lambda channel: publish(channel, DOOR, "stock.changed"),
    "a longer routing key": lambda channel: publish(channel, DOOR, "tracking.entered.x"),
    "one of our own events": lambda channel: publish(channel, EXCHANGE, "order.imported"),
    "what subscribers hear": lambda channel: publish(channel, EXCHANGE, "tracking.entered"),
    "one of our own events as a copy": lambda channel: publish_with_copy(channel, EXCHANGE, "CC"),
    "one as a hidden copy": lambda channel: publish_with_copy(channel, EXCHANGE, "BCC"),
    "a queue directly": lambda channel: publish(channel, "", QUEUE),
    "a stage's queue": lambda channel: publish(channel, "", "record_tracking"),
    "another exchange": lambda channel: publish(channel, "amq.topic", "tracking.entered"),
    "declare a queue": lambda channel: channel.queue_declare("mine"),
    "declare an exchange": lambda channel: channel.exchange_declare("mine", "topic"),
    "bind a queue": lambda channel: channel.queue_bind(QUEUE, EXCHANGE, "#"),
    "unbind our queue": lambda channel: channel.queue_unbind(QUEUE, EXCHANGE, "tracking.entered"),
    "read our queue": read_our_queue,
    "consume our queue": lambda channel: channel.basic_consume(QUEUE, print),
    "purge our queue": lambda channel: channel.queue_purge(QUEUE),
    "delete our queue": lambda channel: channel.queue_delete(QUEUE),
    "delete the exchange": lambda channel: channel.exchange_delete(EXCHANGE),
}


@pytest.mark.parametrize("deed", FORBIDDEN)
def test_a_publisher_limited_to_tracking_entered_can_do_nothing_else(
    shop: User, vhost: Vhost, deed: str
) -> None:
    with pika.BlockingConnection(pika.URLParameters(shop.url)) as connection:
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
            FORBIDDEN[deed](connection.channel())
        assert refused.value.reply_code == 403
        publish(connection.channel(), DOOR, "tracking.entered")
    assert taken(vhost) == [b"{}"]


@pytest.mark.parametrize("header", ["CC", "BCC"])
def test_a_copy_under_another_routing_key_reaches_no_subscriber(
    shop: User, vhost: Vhost, header: str
) -> None:
    with connect(vhost.amqp_url) as subscriber:
        heard = subscriber.channel()
        heard.queue_declare("all", durable=True)
        heard.queue_bind("all", EXCHANGE, "#")
        with pika.BlockingConnection(pika.URLParameters(shop.url)) as connection:
            # RabbitMQ refuses it from 4.0.3 on, and takes it for our queue before.
            with suppress(pika.exceptions.ChannelClosedByBroker):
                publish_with_copy(connection.channel(), DOOR, header)
            publish(connection.channel(), DOOR, "tracking.entered")
        assert heard.basic_get("all") == (None, None, None)
    assert taken(vhost)[-1:] == [b"{}"]


def test_a_user_who_may_write_to_the_common_exchange_goes_on_being_heard(vhost: Vhost) -> None:
    with connect(vhost.amqp_url) as connection:
        declare(connection.channel())
        publish(connection.channel(), EXCHANGE, "tracking.entered")
    assert taken(vhost) == [b"{}"]


SUBSCRIBER_MAY_NOT: dict[str, Callable[[Any], object]] = {
    "publish": lambda channel: publish(channel, EXCHANGE, "tracking.entered"),
    "read our queue": read_our_queue,
    "hear what is not its own": lambda channel: channel.queue_bind(
        channel.queue_declare("dealer.x").method.queue, EXCHANGE, "#"
    ),
}


@pytest.mark.parametrize("deed", SUBSCRIBER_MAY_NOT)
def test_a_subscriber_can_neither_publish_nor_hear_more_than_it_may(
    dealer: User, deed: str
) -> None:
    with pika.BlockingConnection(pika.URLParameters(dealer.url)) as connection:
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
            SUBSCRIBER_MAY_NOT[deed](connection.channel())
        assert refused.value.reply_code == 403
