"""Reports that stand still are announced again, from the point they are at, or closed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.ledger import ChunkEntry
from domain.messages import (
    OpenListingsReportReady,
    OrderReportReady,
    ReportDue,
    ReportKind,
    ReportRequested,
)
from domain.reports import ReportState
from tests.fakes.sweep_world import World

MINUTES_15, MINUTES_20 = timedelta(minutes=15), timedelta(minutes=20)


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


def test_an_abandoned_import_of_a_file_is_closed_as_incomplete_after_a_day() -> None:
    world = World()
    world.report(ReportState.READY, source="file")
    assert world.sweep(timedelta(hours=23)) == []
    assert world.reports.all["r1"].is_open
    assert world.sweep(timedelta(hours=1)) == []
    assert world.reports.all["r1"].state is ReportState.INCOMPLETE
    assert world.reports.all["r1"].reason == "the import was begun and not finished"
