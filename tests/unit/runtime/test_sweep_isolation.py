"""A sweep that cannot be done keeps no other from healing, and is soon tried again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from dramatiq.errors import ConnectionClosed

from actors.runtime.sweepers import Sweep, SweepPorts, sweep_all
from actors.runtime.sweeps import SWEEPS
from domain.errors import Unavailable
from tests.fakes.clock import START, FakeClock
from tests.fakes.memory_passes import MemoryPasses
from tests.fakes.memory_ports import MemoryLedger, MemoryOrders, MemoryReports
from tests.fakes.schedule_ports import Published
from tests.fakes.sweep_ports import MemorySweeps, MemoryUnrecorded, MemoryUnsettled
from tests.fakes.tracking_ports import MemoryInbox


@dataclass
class Store(MemorySweeps):
    """A store that can be away."""

    is_up: bool = True

    def now(self) -> datetime:
        if not self.is_up:
            raise Unavailable("the store does not answer")
        return START


class World:
    """The sweeps ``one``, ``two`` and so on; each says when it has run."""

    def __init__(self, **changes: Any) -> None:
        self.done: list[str] = []
        clock = FakeClock()
        reports = MemoryReports(clock, MemoryLedger(clock))
        self.store = Store(clock, reports, MemoryOrders(clock), MemoryPasses(clock))
        ports = SweepPorts(
            store=self.store,
            reports=reports,
            tracking=MemoryUnrecorded(MemoryInbox(), clock),
            shipments=MemoryUnsettled(),
            accounts=("demo",),
            publish=Published(),
            queue_depth=lambda _: 0,
            drain_dead_letters=lambda: 0,
            tell_outbox=lambda _: 0,
        )
        self.ports = replace(ports, **changes)

    def sweep(self, name: str, error: Exception | None = None, stage: str = "") -> Sweep:
        def run(_ports: SweepPorts, _age: timedelta) -> int:
            if error is not None:
                raise error
            self.done.append(name)
            return 1

        return Sweep(name, timedelta(), "", "", stage, run)

    def pass_over(self, *sweeps: Sweep) -> None:
        sweep_all(self.ports, sweeps)


def refused() -> ConnectionClosed:
    return ConnectionClosed(ConnectionError("refused"))  # type: ignore[no-untyped-call]  # Dramatiq's errors are untyped


@pytest.mark.parametrize(
    "error", [refused(), Unavailable("RabbitMQ: ChannelClosedByBroker")], ids=["queue", "exchange"]
)
def test_a_sweep_that_is_refused_keeps_no_other_from_healing(error: Exception) -> None:
    world = World()

    with pytest.raises(type(error)):
        world.pass_over(world.sweep("one", error), world.sweep("two"), world.sweep("three"))

    assert world.done == ["two", "three"]


def test_a_queue_whose_depth_is_not_told_keeps_only_its_own_sweep_back() -> None:
    def depth(stage: str) -> int:
        if stage == "locked":
            raise Unavailable("RabbitMQ: ChannelClosedByBroker")
        return 0

    world = World(queue_depth=depth)

    with pytest.raises(Unavailable):
        world.pass_over(world.sweep("one", stage="locked"), world.sweep("two", stage="open"))

    assert world.done == ["two"]


def test_without_rabbitmq_the_pass_ends_at_the_first_sweep_that_needs_it() -> None:
    world = World(answers=lambda: False)

    with pytest.raises(ConnectionClosed):
        world.pass_over(world.sweep("one"), world.sweep("two", refused()), world.sweep("three"))

    assert world.done == ["one"]


def test_without_the_store_the_pass_ends_at_once() -> None:
    world = World()
    world.store.is_up = False
    away = Unavailable("the store does not answer")

    with pytest.raises(Unavailable):
        world.pass_over(world.sweep("one", away), world.sweep("two"))

    assert world.done == []


def test_dead_letters_are_drained_although_the_exchange_refuses_what_is_to_be_told() -> None:
    drained: list[int] = []

    def refuse(_age: timedelta) -> int:
        raise Unavailable("RabbitMQ: ChannelClosedByBroker")

    def drain() -> int:
        drained.append(1)
        return 1

    world = World(tell_outbox=refuse, drain_dead_letters=drain)

    with pytest.raises(Unavailable):
        world.pass_over(*SWEEPS)

    assert drained == [1]
