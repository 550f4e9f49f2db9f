"""What the bridge notes of its acks, when connection or store are lost right after one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event as Flag
from typing import Any, cast

import pytest
from pika.exceptions import AMQPConnectionError

from actors.runtime.bridge import LOOK_S, Bridge
from actors.runtime.inbound import BridgePorts
from tests.fakes.clock import START
from tests.fakes.inbound_channel import InboundQueue
from tests.fakes.schedule_ports import Published
from tests.fakes.tracking import tracking_json
from tests.fakes.tracking_ports import MemoryInbox, MemoryRejections


class World:
    def __init__(self, *waiting: bytes) -> None:
        self.queue = InboundQueue(list(waiting))
        self.rejections = MemoryRejections()
        self.ports = BridgePorts(
            broker_url="",
            accounts={"demo"},
            inboxes={"tracking.entered": MemoryInbox()},
            rejections=self.rejections,
            publish=Published(),
            now=lambda: START,
        )

    def bridge(self) -> None:
        """One connection of a bridge, until everything is acked."""
        stop = Flag()
        with ThreadPoolExecutor(1) as publishers:
            bridge = Bridge(self.ports, publishers)
            bridge.serve(cast("Any", self.queue.connect(stop)), stop)

    @property
    def bodies(self) -> list[bytes]:
        return [each.body for each in self.rejections.kept]


NAMED = tracking_json("e-1", tracking_number=None)


@pytest.mark.parametrize("body", [NAMED, b"nonsense"])
def test_cut_off_after_an_ack_that_rabbitmq_did_not_read_a_rejection_is_one_entry(
    body: bytes,
) -> None:
    world = World(body)
    world.queue.is_cut_after_ack = True
    with pytest.raises(AMQPConnectionError):
        world.bridge()
    world.bridge()
    assert world.bodies == [body]
    assert world.queue.waiting == []
    assert world.rejections.unacked == {}


def test_away_after_an_ack_the_store_is_told_of_it_later_and_no_mark_stays() -> None:
    world = World(b"nonsense")
    world.rejections.away_at_acked = 2
    world.bridge()
    assert world.rejections.unacked == {}
    assert sum(world.queue.pauses) == LOOK_S + 1 + 2


def test_the_same_nonsense_after_a_store_that_was_away_is_another_rejection() -> None:
    world = World(b"nonsense")
    world.rejections.away_at_acked = 1
    world.bridge()
    world.queue.waiting.append(b"nonsense")
    world.bridge()  # As a redelivered message: another bridge had it in hand before.
    assert world.bodies == [b"nonsense"] * 2
