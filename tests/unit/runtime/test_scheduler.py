from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import pytest
from dramatiq.errors import ConnectionClosed

from actors.flow import FLOW
from actors.orders.enrich_orders import enrich_orders
from actors.runtime.scheduler import (
    Chore,
    KeepClaim,
    Scheduler,
    SchedulerPorts,
    UnknownJob,
    run_now,
    schedule_list,
)
from actors.runtime.stage import Stage
from actors.runtime.ticks import TICKS, kinds_heard, kinds_unheard
from domain.errors import Unavailable
from domain.messages import (
    FulfillmentDue,
    InventorySyncDue,
    OpenListingsReportReady,
    OrderReportReady,
    RefreshDue,
    ReportDue,
    ReportKind,
)
from domain.schedule import Job, JobKind, jobs_for
from tests.fakes.clock import FakeClock
from tests.fakes.schedule_ports import MemorySlots, Published

REPORT = Job(JobKind.ORDER_REPORT, timedelta(minutes=30), "demo", "US")
REFRESH = Job(JobKind.ORDER_REFRESH, timedelta(minutes=30), "demo")
SWEEPERS = Job(JobKind.SWEEPERS, timedelta(minutes=5))


def world(
    *jobs: Job, chore: Chore | None = None
) -> tuple[SchedulerPorts, FakeClock, MemorySlots, Published]:
    clock, published = FakeClock(), Published()
    slots = MemorySlots(clock)
    chores = {JobKind.SWEEPERS: chore or (lambda _keep: None)}
    return SchedulerPorts(slots, published, jobs, chores), clock, slots, published


def broker_is_away() -> ConnectionClosed:
    return ConnectionClosed(ConnectionError("away"))  # type: ignore[no-untyped-call]  # Dramatiq's errors are untyped


def test_a_slot_is_announced_once_however_often_one_looks() -> None:
    ports, clock, _, published = world(REPORT, REFRESH)
    scheduler = Scheduler(ports)
    for _ in range(5):
        assert scheduler.tick()
        clock.advance(1)
    assert [type(event) for event in published.events] == [ReportDue, RefreshDue]


def test_every_slot_gets_its_own_announcement() -> None:
    ports, clock, _, published = world(REFRESH)
    scheduler = Scheduler(ports)
    for _ in range(3):
        scheduler.tick()
        clock.advance(30 * 60)
    assert len({event.event_id for event in published.events}) == 3


def test_the_report_tick_says_what_to_ask_for() -> None:
    ports, clock, _, published = world(REPORT)
    Scheduler(ports).tick()
    (due,) = published.events
    assert isinstance(due, ReportDue)
    assert (due.account, due.marketplace, due.kind) == ("demo", "US", ReportKind.ORDERS)
    assert due.flow_started_at == REPORT.slot(clock.now())


def test_two_schedulers_side_by_side_announce_each_slot_once() -> None:
    ports, clock, _, published = world(REPORT, REFRESH)
    one, other = Scheduler(ports), Scheduler(ports)
    for _ in range(3):
        one.tick()
        other.tick()
        clock.advance(30 * 60)
    assert len(published.events) == 6


def test_killed_between_claim_and_announcement_the_slot_is_announced_a_minute_later() -> None:
    ports, clock, slots, published = world(REFRESH)
    slots.claim(REFRESH.key, REFRESH.slot(clock.now()), holder="killed")
    other = Scheduler(ports)
    other.tick()
    assert published.events == []
    clock.advance(60)
    other.tick()
    assert [type(event) for event in published.events] == [RefreshDue]


def test_killed_after_the_announcement_the_double_is_the_same_fact() -> None:
    ports, clock, slots, published = world(REFRESH)
    slots.raises = [Unavailable("killed here")]
    assert Scheduler(ports, holder="killed").tick() is False
    clock.advance(60)
    Scheduler(ports).tick()
    one, other = published.events
    assert one == other


def test_missed_slots_coalesce_after_a_long_stop() -> None:
    ports, clock, _, published = world(REFRESH)
    Scheduler(ports).tick()
    clock.advance(10 * 3600)
    Scheduler(ports).tick()
    assert len(published.events) == 2


def test_a_claim_nobody_announced_coalesces_into_the_next_slot() -> None:
    ports, clock, slots, published = world(REFRESH)
    slots.claim(REFRESH.key, REFRESH.slot(clock.now()), holder="killed")
    clock.advance(30 * 60)
    Scheduler(ports).tick()
    (due,) = published.events
    assert isinstance(due, RefreshDue)
    assert due.due_at == REFRESH.slot(clock.now())


def test_a_clock_that_jumps_ahead_and_back_neither_doubles_nor_silences() -> None:
    ports, clock, _, published = world(REFRESH)
    scheduler = Scheduler(ports)
    scheduler.tick()
    clock.advance(86_400)
    scheduler.tick()
    clock.advance(-86_400)
    scheduler.tick()
    assert len({event.event_id for event in published.events}) == len(published.events) == 2
    clock.advance(30 * 60)
    scheduler.tick()
    assert len(published.events) == 3


def test_what_the_broker_did_not_take_is_announced_when_it_is_back() -> None:
    ports, clock, _, published = world(REFRESH)
    published.raises = [broker_is_away()]
    scheduler = Scheduler(ports)
    assert scheduler.tick() is False
    clock.advance(5)
    assert scheduler.tick() is True
    assert len(published.events) == 1


def test_a_chore_is_done_in_place_and_keeps_its_claim_while_it_lasts() -> None:
    done: list[str] = []
    others: list[Scheduler] = []

    def chore(keep: KeepClaim) -> None:
        done.append("begun")
        clock.advance(50)
        keep()
        clock.advance(50)
        others[0].tick()

    daily = Job(JobKind.SWEEPERS, timedelta(days=1))
    ports, clock, slots, _ = world(daily, chore=chore)
    others.append(Scheduler(ports))
    Scheduler(ports).tick()
    assert done == ["begun"]
    assert len(slots.all) == 1


def test_a_defect_in_one_job_does_not_cost_the_others_theirs() -> None:
    def chore(_keep: KeepClaim) -> None:
        raise KeyError("a defect")

    ports, clock, slots, published = world(SWEEPERS, REFRESH, chore=chore)
    scheduler = Scheduler(ports)
    assert scheduler.tick() is True
    assert len(published.events) == 1
    assert slots.last([SWEEPERS.key])[SWEEPERS.key].announced_at is None
    clock.advance(1)
    scheduler.tick()
    assert len(published.events) == 1


def test_run_now_announces_out_of_turn_without_touching_the_slots() -> None:
    ports, clock, _, published = world(REFRESH)
    Scheduler(ports).tick()
    clock.advance(7)
    assert run_now(ports, "order_refresh/demo") == clock.now()
    first, by_hand = published.events
    assert first.event_id != by_hand.event_id


def test_run_now_of_an_unknown_job_says_which_there_are() -> None:
    ports, *_ = world(REFRESH, SWEEPERS)
    with pytest.raises(
        UnknownJob, match="no job 'x' is scheduled: use one of order_refresh/demo, s"
    ):
        run_now(ports, "x")


def test_the_list_shows_the_last_slot_and_the_next() -> None:
    ports, clock, _, _ = world(REFRESH, REPORT)
    clock.advance(1)
    scheduler = Scheduler(ports, holder="here")
    scheduler.tick()
    refresh, report = schedule_list(ports)
    assert refresh.job == REFRESH
    assert refresh.last is not None
    assert refresh.last.slot == REFRESH.slot(clock.now())
    assert refresh.last.holder == "here"
    assert refresh.next_at == REFRESH.slot(clock.now()) + timedelta(minutes=30)
    assert report.last is not None


def test_a_job_that_never_ran_has_no_last_slot() -> None:
    ports, *_ = world(REFRESH)
    assert schedule_list(ports)[0].last is None


def hears(*events: type) -> Iterable[Stage]:
    return (Stage(enrich_orders.handle, tuple(events), ()),)


def test_only_jobs_are_scheduled_whose_ticks_lead_somewhere() -> None:
    assert kinds_heard(hears(ReportDue)) == ()
    assert kinds_heard(hears(ReportDue, OrderReportReady)) == (JobKind.ORDER_REPORT,)
    assert kinds_heard(hears(ReportDue, OpenListingsReportReady)) == (JobKind.OPEN_LISTINGS,)
    assert kinds_heard(hears(FulfillmentDue)) == (JobKind.FULFILLMENT,)


def test_jobs_that_lead_nowhere_are_known_to_be_missing() -> None:
    heard = hears(RefreshDue, FulfillmentDue, InventorySyncDue, ReportDue, OrderReportReady)

    assert kinds_unheard(heard) == (JobKind.OPEN_LISTINGS,)
    assert kinds_unheard(hears()) == tuple(TICKS)


def test_the_flow_schedules_the_order_report_and_the_refresh_of_every_account() -> None:
    jobs = jobs_for(kinds_heard(FLOW), {"demo": ("US", "CA")})
    assert {"order_report/demo/US", "order_report/demo/CA", "order_refresh/demo"} <= {
        job.key for job in jobs
    }


def test_tracking_is_collected_for_every_account_every_twenty_minutes() -> None:
    assert JobKind.FULFILLMENT in kinds_heard(FLOW)
    due = Job(JobKind.FULFILLMENT, timedelta(minutes=20), "demo")
    ports, clock, _, published = world(due)
    scheduler = Scheduler(ports)

    for _ in range(3):
        scheduler.tick()
        clock.advance(20 * 60)

    assert [(type(event), event.account) for event in published.events] == [
        (FulfillmentDue, "demo")
    ] * 3
