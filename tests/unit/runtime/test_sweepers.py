from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from actors.flow import FLOW
from actors.runtime.sweepers import BACKLOG, Sweep, SweepPorts, Swept, sweep_all
from actors.runtime.sweeps import SWEEPS, sweeps_page
from domain.errors import Unavailable
from domain.ledger import ChunkEntry
from domain.messages import (
    OpenListingsReportReady,
    OrderReportReady,
    RefreshDue,
    ReportDue,
    ReportKind,
    ReportRequested,
    TrackingEntered,
)
from domain.reports import Report, ReportState
from tests.fakes.clock import START, FakeClock
from tests.fakes.memory_ports import MemoryLedger, MemoryOrders, MemoryPasses, MemoryReports
from tests.fakes.order_values import imported
from tests.fakes.schedule_ports import Published
from tests.fakes.sweep_ports import MemorySweeps, MemoryUnrecorded, MemoryUnsettled
from tests.fakes.tracking import tracking_entered
from tests.fakes.tracking_ports import MemoryInbox

ROOT = Path(__file__).resolve().parents[3]


class World:
    def __init__(self) -> None:
        self.clock, self.published = FakeClock(), Published()
        self.ledger = MemoryLedger(self.clock)
        self.reports = MemoryReports(self.clock, self.ledger)
        self.orders, self.passes = MemoryOrders(self.clock), MemoryPasses(self.clock)
        self.inbox = MemoryInbox()
        self.depth: dict[str, int] = {}
        self.letters = self.facts = 0
        self.ports = SweepPorts(
            store=MemorySweeps(self.clock, self.reports, self.orders, self.passes),
            reports=self.reports,
            tracking=MemoryUnrecorded(self.inbox, self.clock),
            shipments=MemoryUnsettled(),
            accounts=("demo",),
            publish=self.published,
            queue_depth=lambda stage: self.depth.get(stage, 0),
            drain_dead_letters=lambda: self.letters,
            tell_outbox=lambda _: self.facts,
        )

    def sweep(self, after: timedelta = timedelta()) -> list[Any]:
        """Let time pass, sweep, and return what was announced."""
        self.clock.advance(after.total_seconds())
        self.published.events.clear()
        sweep_all(self.ports, SWEEPS)
        return list(self.published.events)

    def report(self, state: ReportState, **facts: Any) -> Report:
        known: dict[str, Any] = {
            "report_id": "r1",
            "account": "demo",
            "kind": ReportKind.ORDERS,
            "marketplace": "US",
            "state": state,
            "source": "amazon",
            "data_start": START - timedelta(days=3),
            "data_end": START,
            "flow_id": "flow-1",
            "flow_started_at": START,
            "chunk_rows": 3,
            "created_at": START,
        }
        report = Report(**known | facts)
        self.reports.all[report.report_id] = report
        return report


MINUTES_15, MINUTES_20 = timedelta(minutes=15), timedelta(minutes=20)


def test_nothing_is_touched_that_is_not_overdue() -> None:
    world = World()
    world.report(ReportState.INTENDED)
    assert world.sweep() == []
    assert world.sweep(MINUTES_15 - timedelta(seconds=1)) == []


def test_an_intended_report_is_due_again_in_its_own_flow() -> None:
    world = World()
    report = world.report(ReportState.INTENDED)
    world.sweep()
    (due,) = world.sweep(MINUTES_15)
    assert isinstance(due, ReportDue)
    assert (due.account, due.kind, due.marketplace) == ("demo", ReportKind.ORDERS, "US")
    assert (due.flow_id, due.flow_started_at) == (report.flow_id, report.flow_started_at)


def test_a_requested_report_is_polled_again_at_the_number_that_is_due() -> None:
    world = World()
    world.report(ReportState.REQUESTED, poll_attempt=4)
    world.sweep()
    (requested,) = world.sweep(MINUTES_20)
    assert isinstance(requested, ReportRequested)
    assert (requested.report_id, requested.attempt) == ("r1", 4)


def test_a_report_whose_polls_go_on_is_left_alone() -> None:
    world = World()
    for attempt in range(20):
        world.report(ReportState.REQUESTED, poll_attempt=attempt)
        assert world.sweep(timedelta(minutes=10)) == []


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        (ReportKind.ORDERS, OrderReportReady),
        (ReportKind.OPEN_LISTINGS, OpenListingsReportReady),
    ],
)
def test_a_ready_report_is_announced_to_whoever_reads_its_kind(
    kind: ReportKind, event: type
) -> None:
    world = World()
    world.report(ReportState.READY, kind=kind, document_id="doc-1")
    world.sweep()
    (ready,) = world.sweep(MINUTES_15)
    assert type(ready) is event
    assert isinstance(ready, OrderReportReady | OpenListingsReportReady)
    assert (ready.report_id, ready.document_id) == ("r1", "doc-1")


def imported_chunk(world: World, chunk: int) -> None:
    world.ledger.record(ChunkEntry("demo", "r1", chunk, (), ()), kind=ReportKind.ORDERS)


def test_a_report_whose_chunks_keep_being_imported_is_left_alone() -> None:
    world = World()
    world.report(ReportState.READY)
    for chunk in range(10):
        imported_chunk(world, chunk)
        assert world.sweep(timedelta(minutes=10)) == []


def test_a_parsed_report_with_all_its_chunks_is_closed_at_once() -> None:
    world = World()
    world.report(ReportState.PARSED, rows=0, chunks=1)
    imported_chunk(world, 0)
    assert world.sweep() == []
    assert world.reports.all["r1"].state is ReportState.COMPLETE


def test_a_parsed_report_that_misses_chunks_is_read_anew() -> None:
    world = World()
    world.report(ReportState.PARSED, rows=6, chunks=2, document_id="doc-1")
    imported_chunk(world, 0)
    world.sweep()
    (ready,) = world.sweep(MINUTES_15)
    assert isinstance(ready, OrderReportReady)
    assert world.reports.all["r1"].state is ReportState.READY


def test_closed_reports_are_left_alone() -> None:
    world = World()
    world.report(ReportState.COMPLETE)
    world.sweep()
    assert world.sweep(timedelta(days=2)) == []


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


def test_an_abandoned_import_of_a_file_is_closed_as_incomplete_after_a_day() -> None:
    world = World()
    world.report(ReportState.READY, source="file")
    assert world.sweep(timedelta(hours=23)) == []
    assert world.reports.all["r1"].is_open
    assert world.sweep(timedelta(hours=1)) == []
    assert world.reports.all["r1"].state is ReportState.INCOMPLETE
    assert world.reports.all["r1"].reason == "the import was begun and not finished"


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
    world.sweep(timedelta(minutes=5))
    world.depth = {stage: BACKLOG + 1}
    told: set[type] = {type(event) for event in world.sweep(timedelta(hours=1))}
    hears: dict[str, set[type]] = {
        "request_report": {ReportDue},
        "poll_report": {ReportRequested},
        "import_orders": {OrderReportReady},
        "enrich_orders": {RefreshDue},
        "record_tracking": {TrackingEntered},
    }
    assert told & hears.get(stage, set()) == set()
    everything: set[type] = {
        ReportDue,
        ReportRequested,
        OrderReportReady,
        RefreshDue,
        TrackingEntered,
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
