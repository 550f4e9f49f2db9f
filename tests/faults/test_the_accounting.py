"""The stand's own accounts: what is stuck, lost or doubled is seen."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from actors.runtime.exchange import connect
from tests.fakes.doors import misheard
from tests.fakes.leaderless import leaderless
from tests.fakes.queues import under_way
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.rabbitmq_node import PrivateRabbitMQ

pytestmark = pytest.mark.rabbitmq


@pytest.fixture
def own(private_rabbitmq: PrivateRabbitMQ) -> Iterator[Vhost]:
    vhost = private_rabbitmq.add_vhost(f"accounts-{uuid4().hex[:8]}")
    yield vhost
    private_rabbitmq.delete_vhost(vhost.name)


def test_what_waits_and_what_a_worker_holds_is_under_way_until_it_is_acked(
    own: Vhost, private_rabbitmq: PrivateRabbitMQ
) -> None:
    with connect(own.amqp_url) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        for queue in ("stage", "stage.DQ", "stage.XQ", "subscriber"):
            channel.queue_declare(queue, durable=True)
            for body in (b"one", b"two"):
                channel.basic_publish("", queue, body)
        channel.basic_get("stage.DQ")
        seen = under_way(private_rabbitmq, own.name, beside="subscriber")
        assert seen == {"stage": 2, "stage.DQ": 2}

        for queue in ("stage", "stage.DQ"):
            channel.basic_get(queue)
            channel.queue_purge(queue)
        channel.basic_ack(0, multiple=True)
        # An ack has no answer; what is asked on the same channel comes after it.
        channel.queue_declare("stage", passive=True)
    assert under_way(private_rabbitmq, own.name, beside="subscriber") == {}


def test_a_broker_that_does_not_answer_does_not_count_as_empty(
    own: Vhost, private_rabbitmq: PrivateRabbitMQ
) -> None:
    private_rabbitmq.kill()
    assert under_way(private_rabbitmq, own.name, beside="subscriber") != {}
    private_rabbitmq.start()


def test_a_queue_without_a_leader_does_not_count_as_empty_but_its_dead_letters_do(
    own: Vhost, private_rabbitmq: PrivateRabbitMQ
) -> None:
    with connect(own.amqp_url) as connection:
        for queue in ("stage", "stage.XQ", "other"):
            connection.channel().queue_declare(queue, durable=True)
        with (
            leaderless(private_rabbitmq, own.name, "stage"),
            leaderless(private_rabbitmq, own.name, "stage.XQ"),
        ):
            seen = under_way(private_rabbitmq, own.name, beside="subscriber")
    assert list(seen) == ["stage"]


def test_an_event_that_is_missing_said_anew_or_not_due_is_named_and_a_second_delivery_is_not() -> (
    None
):
    heard = [
        ("order.imported", "A", "id-1"),
        ("order.imported", "A", "id-1"),
        ("order.imported", "B", "id-2"),
        ("order.imported", "B", "id-3"),
        ("order.canceled", "A", "id-4"),
    ]

    assert misheard(heard, {"order.imported": {"A", "B", "C"}}) == [
        "order.imported of C was never told",
        "order.canceled of A was told as 1 events, 0 is due",
        "order.imported of B was told as 2 events, 1 is due",
    ]
