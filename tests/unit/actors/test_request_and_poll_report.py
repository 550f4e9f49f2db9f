from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from actors.reports.poll_report import poll_report
from actors.reports.request_report import request_report
from actors.runtime.publisher import Delayed
from domain.errors import ConnectorError, NotYet, Throttled, Unavailable
from domain.messages import OrderReportReady, ReportDue, ReportRequested
from domain.reports import ReportState
from tests.fakes.amazon import MemoryAmazon
from tests.fakes.orders_in import DUE, OrdersIn


def request(world: OrdersIn, due: ReportDue = DUE) -> list[object]:
    ports = {"reports": world.reports, "amazon_reports": world.amazon, "clock": world.clock}
    return list(request_report(due, **ports))


def poll(world: OrdersIn, requested: ReportRequested) -> list[object]:
    return list(
        poll_report(
            requested,
            reports=world.reports,
            amazon_reports=world.amazon,
            policy=world.policy,
            clock=world.clock,
        )
    )


def test_a_due_report_is_asked_for_with_its_window() -> None:
    world = OrdersIn()

    [requested] = request(world)

    [asked] = world.amazon.asked
    assert asked.data_end - asked.data_start == timedelta(days=3)
    assert isinstance(requested, ReportRequested)
    assert world.reports.all[requested.report_id].state is ReportState.REQUESTED


def test_a_second_tick_finds_the_open_report_and_asks_no_second_time() -> None:
    world = OrdersIn()
    [first] = request(world)

    later = ReportDue.first(
        key="next slot", account="demo", at=DUE.flow_started_at, kind=DUE.kind,
        marketplace=DUE.marketplace,
    )  # fmt: skip
    [second] = request(world, later)

    assert isinstance(first, ReportRequested)
    assert isinstance(second, ReportRequested)
    assert first.report_id == second.report_id
    assert len(world.amazon.asked) == 1


def test_a_throttled_request_was_never_sent_and_needs_no_looking_up() -> None:
    world = OrdersIn(amazon=MemoryAmazon(raises=[Throttled("createReport", retry_after_s=60)]))

    with pytest.raises(Throttled):
        request(world)

    assert [report.asked_at for report in world.reports.all.values()] == [None]
    assert len(request(world)) == 1


def test_a_request_without_an_answer_counts_as_perhaps_sent() -> None:
    world = OrdersIn(amazon=MemoryAmazon(raises=[Unavailable("timed out")]))

    with pytest.raises(Unavailable):
        request(world)

    [report] = world.reports.all.values()
    assert report.asked_at == world.clock.now()
    with pytest.raises(NotYet):
        request(world)


def test_an_unfinished_report_is_looked_at_again_later() -> None:
    world = OrdersIn(amazon=MemoryAmazon(ready_after=2))
    requested = world.requested()

    [again] = poll(world, requested)

    assert isinstance(again, Delayed)
    assert isinstance(again.event, ReportRequested)
    assert (again.event.attempt, again.delay_s > 0) == (1, True)


def test_a_finished_report_is_announced_with_its_document() -> None:
    world = OrdersIn()

    [ready] = poll(world, world.requested())

    assert isinstance(ready, OrderReportReady)
    assert ready.document_id == "document-1"
    assert world.reports.all[ready.report_id].state is ReportState.READY


def test_a_second_chain_of_polls_dies_at_the_first_number_already_taken() -> None:
    world = OrdersIn(amazon=MemoryAmazon(ready_after=9))
    requested = world.requested()
    poll(world, requested)

    echo = poll(world, requested)

    assert echo == []
    assert world.amazon.looks == 1


@pytest.mark.parametrize(
    "trouble",
    [Throttled("getReport", retry_after_s=1), Unavailable("no answer")],
    ids=["throttled", "unavailable"],
)
def test_a_poll_that_got_no_answer_may_be_taken_again_at_once(trouble: ConnectorError) -> None:
    world = OrdersIn(amazon=MemoryAmazon())
    requested = world.requested()
    world.amazon.raises = [trouble]
    with pytest.raises(type(trouble)):
        poll(world, requested)

    [ready] = poll(world, requested)

    assert isinstance(ready, OrderReportReady)


def test_a_poll_whose_worker_died_before_announcing_is_taken_over_after_its_lease() -> None:
    world = OrdersIn()
    requested = world.requested()
    dying = poll_report(
        requested,
        reports=world.reports,
        amazon_reports=world.amazon,
        policy=world.policy,
        clock=world.clock,
    )
    next(dying)

    with pytest.raises(NotYet) as too_early:
        poll(world, requested)
    world.clock.pause(too_early.value.retry_after_s)

    assert len(poll(world, requested)) == 1


def test_a_report_not_ready_within_the_deadline_is_abandoned_and_asked_for_anew() -> None:
    world = OrdersIn(amazon=MemoryAmazon(ready_after=99))
    requested = world.requested()
    report = world.reports.all[requested.report_id]
    world.reports.all[report.report_id] = replace(report, requested_at=world.clock.now())
    world.clock.pause(2 * 3600 + 1)

    [due] = poll(world, requested)

    assert isinstance(due, ReportDue)
    assert world.reports.all[requested.report_id].state is ReportState.ABANDONED
    [reopened] = request(world, due)
    assert isinstance(reopened, ReportRequested)
    assert reopened.report_id != requested.report_id
