"""The sweepers: what is overdue is announced ever more rarely, the rest is left alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from actors.flow import FLOW
from actors.fulfillment.record_tracking import record_tracking
from actors.runtime.sweepers import BACKLOG, Sweep, SweepPorts, Swept, sweep_all
from actors.runtime.sweeps import SWEEPS, sweeps_page
from domain.errors import Unavailable
from domain.messages import (
    OrderReportReady,
    RefreshDue,
    ReportDue,
    ReportRequested,
    ShipmentRecorded,
    TrackingEntered,
)
from domain.reports import ReportState
from tests.fakes.clock import START
from tests.fakes.order_values import imported
from tests.fakes.sweep_world import World
from tests.fakes.tracking import tracking_entered
from tests.fakes.tracking_ports import MemoryRejections

ROOT = Path(__file__).resolve().parents[3]
MINUTES_15 = timedelta(minutes=15)


def test_nothing_is_touched_that_is_not_overdue() -> None:
    world = World()
    world.report(ReportState.INTENDED)
    assert world.sweep() == []
    assert world.sweep(MINUTES_15 - timedelta(seconds=1)) == []


def test_each_time_it_did_not_help_the_wait_is_twice_as_long() -> None:
    world = World()
    world.report(ReportState.INTENDED)
    world.sweep()
    five = timedelta(minutes=5)
    announced_at = [minute for minute in range(5, 8 * 60, 5) if world.sweep(five)]
    assert announced_at == [15, 45, 105, 225, 465]


def test_every_announcement_is_a_message_of_its_own() -> None:
    world = World()
    world.report(ReportState.INTENDED)
    world.sweep()
    ids = {event.event_id for _ in range(3) for event in world.sweep(timedelta(hours=3))}
    assert len(ids) == 3


def test_a_pass_that_is_wanted_and_not_running_is_started() -> None:
    world = World()
    world.passes.take("demo", holder="lost", wanted_at=START)
    world.sweep(timedelta(minutes=5))
    (refresh,) = world.sweep(MINUTES_15)
    assert isinstance(refresh, RefreshDue)
    assert (refresh.account, refresh.due_at) == ("demo", world.clock.now())


def test_a_pass_that_is_running_is_left_alone() -> None:
    world = World()
    world.passes.take("demo", holder="alive", wanted_at=START)
    for _ in range(30):
        world.passes.renew("demo", holder="alive")
        assert world.sweep(timedelta(minutes=2)) == []


def test_orders_that_wait_for_a_reading_nobody_knows_of_are_read() -> None:
    world = World()
    world.orders.all["demo", "1"] = replace(imported(), next_read_at=START)
    assert world.sweep() == []
    assert world.sweep(timedelta(minutes=45)) == []
    (refresh,) = world.sweep(MINUTES_15)
    assert isinstance(refresh, RefreshDue)


def test_a_tracking_entry_that_was_lost_on_the_way_is_announced_as_the_same_fact() -> None:
    world = World()
    entry = tracking_entered(entered_at=START.isoformat())
    world.inbox.receive([entry])
    assert world.sweep() == []
    assert world.sweep(timedelta(minutes=10)) == [entry]
    assert world.sweep(timedelta(minutes=10)) == []
    assert world.sweep(timedelta(minutes=10)) == [entry]
    world.inbox.record(entry)
    world.inbox.taken_in([entry])
    assert world.sweep(timedelta(days=1)) == []


def test_a_recorded_entry_that_no_book_has_is_announced_as_the_same_fact() -> None:
    world = World()
    entry = tracking_entered(entered_at=START.isoformat())
    [fact] = record_tracking(entry, tracking_inbox=world.inbox, rejected_events=MemoryRejections())
    assert world.sweep() == []
    assert world.sweep(timedelta(minutes=10)) == [fact]
    assert world.sweep(timedelta(minutes=10)) == []
    assert world.sweep(timedelta(minutes=10)) == [fact]
    world.inbox.taken_in([entry])
    assert world.sweep(timedelta(days=1)) == []


@pytest.mark.parametrize("stage", sorted({sweep.stage for sweep in SWEEPS if sweep.stage}))
def test_a_stage_with_a_backlog_is_not_given_more(stage: str) -> None:
    world = World()
    world.report(ReportState.INTENDED, report_id="r1")
    world.report(ReportState.REQUESTED, report_id="r2")
    world.report(ReportState.READY, report_id="r3")
    world.report(ReportState.PARSED, report_id="r4", chunks=1)
    world.passes.take("demo", holder="lost", wanted_at=START)
    world.inbox.receive([tracking_entered(entered_at=START.isoformat())])
    world.inbox.record(tracking_entered("shop-2", entered_at=START.isoformat()))
    world.sweep(timedelta(minutes=5))
    world.depth = {stage: BACKLOG + 1}
    told: set[type] = {type(event) for event in world.sweep(timedelta(hours=1))}
    hears: dict[str, set[type]] = {
        "request_report": {ReportDue},
        "poll_report": {ReportRequested},
        "import_orders": {OrderReportReady},
        "enrich_orders": {RefreshDue},
        "record_tracking": {TrackingEntered},
        "resolve_shipments": {ShipmentRecorded},
    }
    assert told & hears.get(stage, set()) == set()
    everything: set[type] = {
        ReportDue,
        ReportRequested,
        OrderReportReady,
        RefreshDue,
        TrackingEntered,
        ShipmentRecorded,
    }
    assert told == everything - hears.get(stage, set())
    world.depth = {}
    assert {type(event) for event in world.sweep()} >= hears.get(stage, set())


def test_at_most_five_hundred_are_announced_in_one_pass() -> None:
    world = World()
    for n in range(501):
        world.report(ReportState.INTENDED, report_id=f"r{n}")
    world.sweep()
    assert len(world.sweep(MINUTES_15)) == 500


def sweeps(*runs: Callable[[SweepPorts, timedelta], int]) -> tuple[Sweep, ...]:
    return tuple(Sweep(f"s{n}", timedelta(), "", "", run=run) for n, run in enumerate(runs))


def defect(_ports: SweepPorts, _age: timedelta) -> int:
    raise KeyError("a defect")


def outage(_ports: SweepPorts, _age: timedelta) -> int:
    raise Unavailable("the store does not answer")


def one(_ports: SweepPorts, _age: timedelta) -> int:
    return 1


def test_a_defect_in_one_sweep_does_not_keep_the_others_from_healing() -> None:
    table = sweeps(defect, one)
    assert sweep_all(World().ports, table) == (Swept(table[1], 1),)


def test_an_outage_ends_the_pass() -> None:
    with pytest.raises(Unavailable):
        sweep_all(World().ports, sweeps(outage, one))


def test_the_claim_is_kept_between_the_sweeps() -> None:
    kept: list[int] = []
    sweep_all(World().ports, sweeps(one, one), lambda: kept.append(1))
    assert len(kept) == 2


def test_dead_letters_are_drained_and_old_facts_told_by_every_pass() -> None:
    world = World()
    world.letters, world.facts = 3, 2
    done = {swept.sweep.state: swept.count for swept in sweep_all(world.ports, SWEEPS)}
    assert (done["dead letter"], done["outbox: a fact not told"]) == (3, 2)


def test_every_stage_named_in_the_table_exists() -> None:
    assert {sweep.stage for sweep in SWEEPS} - {""} <= {stage.name for stage in FLOW}


def test_the_committed_page_is_what_the_table_says() -> None:
    assert (ROOT / "docs/sweeps.md").read_text() == sweeps_page()
