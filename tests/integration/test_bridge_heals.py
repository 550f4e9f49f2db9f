"""The bridge when queue, binding or exchange is gone, or its connection again and again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from actors.runtime import bridge
from actors.runtime.broker import HardenedRabbitmqBroker
from actors.runtime.exchange import Exchange
from actors.runtime.publisher import Publisher
from domain.events import EXCHANGE
from domain.messages import TrackingEntered
from tests.fakes.bridge import QUEUE, World
from tests.fakes.broker_cases import OURS, channel_to, eventually, make, untold
from tests.fakes.rabbitmq import RabbitMQ
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.tracking import tracking_json

pytestmark = pytest.mark.rabbitmq


@pytest.fixture
def world(vhost: Vhost) -> World:
    return World(vhost.amqp_url)


def delete_queue(channel: Any) -> None:
    channel.queue_delete(QUEUE)


def delete_binding(channel: Any) -> None:
    channel.queue_unbind(QUEUE, EXCHANGE, "tracking.entered")


def delete_exchange(channel: Any) -> None:
    channel.exchange_delete(EXCHANGE)


def replace_exchange(channel: Any) -> None:
    channel.exchange_delete(EXCHANGE)
    channel.exchange_declare(EXCHANGE, "topic", durable=True)


def received(world: World) -> list[str]:
    return sorted(event_id for _, event_id in world.inbox.received)


def test_told_that_its_queue_was_deleted_the_bridge_declares_it_at_once(world: World) -> None:
    with world.bridge():
        world.send(tracking_json("e1"))
        eventually(lambda: received(world) == ["e1"])
        with channel_to(world.url) as channel:
            delete_queue(channel)
        world.send_mandatory(tracking_json("e2"))
        eventually(lambda: received(world) == ["e1", "e2"])
    assert (len(world.published.events), world.waiting()) == (2, 0)


def test_what_the_bridge_holds_of_a_deleted_queue_is_settled_before_it_subscribes_anew(
    world: World,
) -> None:
    world.inbox.is_away = True
    world.send(tracking_json("e0"))
    with capture_logs() as said, world.bridge():
        eventually(lambda: "bridge_waits" in [each["event"] for each in said])
        world.send(tracking_json("e1"), tracking_json("e2"))
        eventually(lambda: world.waiting() == 0)
        with channel_to(world.url) as channel:
            delete_queue(channel)
        world.inbox.is_away = False
        eventually(lambda: received(world) == ["e0", "e1", "e2"])
        world.send_mandatory(tracking_json("e3"))
        eventually(lambda: received(world) == ["e0", "e1", "e2", "e3"])
    assert len(world.published.events) == 4


@pytest.mark.parametrize(
    "strike", [delete_queue, delete_binding, delete_exchange, replace_exchange]
)
def test_told_of_nothing_the_bridge_declares_everything_anew_in_a_while(
    vhost: Vhost, monkeypatch: pytest.MonkeyPatch, strike: Callable[[Any], None]
) -> None:
    monkeypatch.setattr(bridge, "SUBSCRIBED_FOR_S", 0.2)
    world = World(vhost.amqp_url, client_url=untold(vhost.amqp_url))
    with world.bridge():
        world.send(tracking_json("e1"))
        eventually(lambda: received(world) == ["e1"])
        with channel_to(world.url) as channel:
            strike(channel)
        world.send_mandatory(tracking_json("e2"))
        eventually(lambda: received(world) == ["e1", "e2"])
    assert (len(world.published.events), world.waiting()) == (2, 0)


def test_an_exchange_that_the_outbox_declares_anew_has_our_queue_bound(world: World) -> None:
    exchange = Exchange(world.url)
    with channel_to(world.url) as channel:
        delete_queue(channel)
        delete_exchange(channel)
    exchange("order.imported", "id-1", b"{}")
    exchange.close()
    world.send(tracking_json("e1"))
    assert world.waiting() == 1


def test_connections_cut_again_and_again_leave_no_publisher_behind(
    world: World, rabbitmq: RabbitMQ, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "FIRST_PAUSE_S", 0.05)
    broker = make(OURS, world.url)
    assert isinstance(broker, HardenedRabbitmqBroker)
    broker.declare_queue("record_tracking", ensure=True)
    publish = Publisher(broker, {TrackingEntered: ("record_tracking",)})
    world.ports = replace(world.ports, publish=publish)
    with world.bridge():
        for cut in range(5):
            world.send(*(tracking_json(f"e{cut}-{n}") for n in range(16)))
            eventually(lambda: len(world.inbox.received) == (cut + 1) * 16)  # noqa: B023
            rabbitmq.close_all_connections()
    # One for each of the publishing threads, one for this one.
    assert len(broker.connections) <= bridge.PUBLISHERS + 1
    broker.close()


def test_a_defect_does_not_end_the_bridge_and_its_event_does_not_hold_up_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bridge, "FIRST_PAUSE_S", 0.05)
    world.inbox.chokes_on = {"e1"}
    with capture_logs() as said, world.bridge():
        world.send(tracking_json("e1"))
        eventually(lambda: [each["event"] for each in said].count("bridge_defect") == 2)
        assert world.rejections.kept == []
        world.send(tracking_json("e2"))
        eventually(lambda: received(world) == ["e2"] and len(world.rejections.kept) == 1)
        eventually(lambda: world.rejections.unacked == {})
    assert world.waiting() == 0
    assert world.rejections.kept[0].event_id == "e1"
    defect = next(each for each in said if each["event"] == "bridge_defect")
    assert defect["error"] == "OverflowError"
    assert "8-byte" not in str(said)
