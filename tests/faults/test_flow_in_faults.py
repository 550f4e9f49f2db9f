"""Faults on a schedule: each strikes while a thousand orders come in, and again while the feeds
of five hundred packages go out; nothing may be lost or doubled.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from actors.flow import FLOW
from actors.orders.parse_order_report import parse_order_report
from tests.fakes.dying_app import PLACES
from tests.fakes.rabbitmq_node import PrivateRabbitMQ
from tests.fakes.stand import Stand, stand
from tests.fakes.strikes import FAULTS, IN_THE_MIDDLE, Fault
from tests.fakes.system import STAGES
from tests.fakes.verdicts import Verdicts

pytestmark = pytest.mark.rabbitmq
NOTHING = (0, 0)
PUBLISHES_FIRST = ("publish", "write", "ack")
"""Of a stage whose write says that all is published: after it a replay publishes nothing."""


@pytest.fixture
def ready(tmp_path: Path, private_rabbitmq: PrivateRabbitMQ) -> Iterator[Stand]:
    vhost = private_rabbitmq.add_vhost(f"fault-{uuid4().hex[:8]}")
    with stand(tmp_path, private_rabbitmq, vhost) as everything:
        yield everything
    private_rabbitmq.delete_vhost(vhost.name)


def begin(at: Stand) -> None:
    at.place()
    at.enter_tracking()
    at.begin()


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.name for fault in FAULTS])
def test_nothing_is_lost_or_doubled_when(fault: Fault, ready: Stand, verdicts: Verdicts) -> None:
    ready.system.start_workers(each=2)
    begin(ready)
    ready.wait_for_imports(IN_THE_MIDDLE)

    fault.to_orders(ready)
    if fault.sweeping:
        ready.meanwhile("sweep", ready.sweep)
    ready.struck()

    came_in = verdicts.note(ready.orders_come_in(f"{fault.name}: orders in"))
    assert (came_in.lost, came_in.duplicated) == NOTHING, ready.system.last_words()

    ready.ship()
    ready.wait_for_feeds(1)
    fault.to_feeds(ready)
    ready.struck()

    went_out = verdicts.note(ready.packages_go_out(f"{fault.name}: feeds out"))
    assert (went_out.lost, went_out.duplicated) == NOTHING, ready.system.last_words()
    assert ready.unfinished() == [], ready.system.last_words()


def test_nothing_is_lost_or_doubled_when_every_stage_is_killed_in_the_middle_of_its_work(
    ready: Stand, verdicts: Verdicts
) -> None:
    relay = Relay(ready)
    begin(ready)
    ready.meanwhile("relay", relay.replace_the_dead)
    ready.wait_for_imports(1)
    ready.doors.kill()

    came_in = verdicts.note(ready.orders_come_in("every_stage_is_killed: orders in"))
    assert (came_in.lost, came_in.duplicated) == NOTHING, ready.system.last_words()

    ready.ship()
    ready.wait_for_feeds(1)
    ready.doors.kill()
    went_out = verdicts.note(ready.packages_go_out("every_stage_is_killed: feeds out"))
    assert (went_out.lost, went_out.duplicated) == NOTHING, ready.system.last_words()
    assert relay.to_die == {stage: [] for stage in STAGES}
    assert ready.unfinished() == [], ready.system.last_words()


class Relay:
    """One worker a stage, each killed at one place of its work, then at the next, then well."""

    def __init__(self, at: Stand) -> None:
        self._at = at
        self.to_die = {
            stage.name: [
                place
                for place in (PUBLISHES_FIRST if stage is parse_order_report else PLACES)
                if stage.emits or place != "publish"
            ]
            for stage in FLOW
        }
        for stage in STAGES:
            self._start(stage)

    def replace_the_dead(self) -> None:
        """Start the next worker wherever one was killed."""
        for stage in STAGES:
            [worker] = self._at.system.processes[stage]
            if worker.poll() is not None:
                self._at.system.processes[stage].clear()
                self.to_die[stage].pop(0)
                self._at.struck()
                self._start(stage)

    def _start(self, stage: str) -> None:
        if not self.to_die[stage]:
            self._at.system.start_worker(stage)
            return
        self._at.system.settings_env["DIES_AT"] = self.to_die[stage][0]
        self._at.system.start_worker(stage, app="tests.fakes.dying_app:setup")
