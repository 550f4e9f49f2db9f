"""The bridge on a real RabbitMQ: its queue, its patience, its end."""

from __future__ import annotations

import pytest

from tests.fakes.bridge import QUEUE, World
from tests.fakes.broker_cases import eventually
from tests.fakes.rabbitmq import RabbitMQ
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.tracking import tracking_json

pytestmark = pytest.mark.rabbitmq


@pytest.fixture
def world(vhost: Vhost) -> World:
    return World(vhost.amqp_url)


def test_valid_events_are_told_and_invalid_ones_kept_and_all_are_acked(world: World) -> None:
    world.send(*(tracking_json(f"e{n}") for n in range(250)), b"nonsense")
    with world.bridge():
        eventually(lambda: len(world.published.events) == 250 and len(world.rejections.kept) == 1)
    assert world.waiting() == 0
    assert world.rejections.unacked == {}


def test_the_queue_is_a_durable_quorum_queue_that_never_gives_up_on_an_event(
    world: World, rabbitmq: RabbitMQ, vhost: Vhost
) -> None:
    queue = rabbitmq.management.queues(vhost.name)[QUEUE]
    assert queue["type"] == "quorum"
    assert queue["durable"] is True
    arguments = queue["arguments"]
    assert isinstance(arguments, dict)
    assert arguments["x-delivery-limit"] > 10**9


def test_while_the_store_is_away_events_wait_unacked_and_go_on_when_it_is_back(
    world: World,
) -> None:
    world.inbox.is_away = True
    world.send(*(tracking_json(f"e{n}") for n in range(5)))
    with world.bridge():
        eventually(lambda: world.waiting() == 0)  # The bridge has them in hand.
        assert world.published.events == []
        world.inbox.is_away = False
        eventually(lambda: len(world.published.events) == 5)
    assert world.waiting() == 0


def test_stopped_while_the_store_is_away_the_bridge_gives_the_events_back(world: World) -> None:
    world.inbox.is_away = True
    world.send(tracking_json("e1"))
    with world.bridge():
        eventually(lambda: world.waiting() == 0)
    eventually(lambda: world.waiting() == 1)
    assert (world.published.events, world.rejections.kept) == ([], [])


def test_a_cut_connection_is_made_anew_and_nothing_is_lost(
    world: World, rabbitmq: RabbitMQ
) -> None:
    with world.bridge():
        world.send(tracking_json("e1"))
        eventually(lambda: len(world.published.events) == 1)
        rabbitmq.close_all_connections()
        world.send(tracking_json("e2"))
        eventually(lambda: len(world.inbox.received) == 2)
    assert world.waiting() == 0


def test_cut_off_once_its_acks_are_noted_the_bridge_gets_none_of_them_again(
    world: World, rabbitmq: RabbitMQ
) -> None:
    world.send(b"nonsense")
    world.rejections.after_acked = rabbitmq.close_all_connections
    with world.bridge():
        eventually(lambda: world.rejections.after_acked is None, within_s=60)
        world.send(b"rubbish")
        eventually(lambda: len(world.rejections.kept) == 2 and world.rejections.unacked == {})
    assert [each.body for each in world.rejections.kept] == [b"nonsense", b"rubbish"]
    assert world.waiting() == 0


def test_two_bridges_share_the_work(world: World) -> None:
    with world.bridge(), world.bridge():
        world.send(*(tracking_json(f"e{n}") for n in range(300)))
        eventually(lambda: len(world.inbox.received) == 300)
    assert world.waiting() == 0
