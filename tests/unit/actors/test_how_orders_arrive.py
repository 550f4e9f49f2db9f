"""How orders arrive while nobody does anything: schedule, stages and Amazon on one clock."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

from domain.orders import EnrichmentState, OrderStatus
from domain.reports import ReportState
from tests.fakes.orders_arriving import OrdersArriving
from tests.fakes.report_lines import order_id

HALF_AN_HOUR = timedelta(minutes=30)


def test_orders_arrive_and_are_completed_without_anybody_doing_anything() -> None:
    world = OrdersArriving()
    world.amazon.place(1, world.clock.now())

    world.let_pass(60)

    order = world.order(1)
    assert order is not None
    assert (order.status, order.enrichment) == (OrderStatus.NEW, EnrichmentState.COMPLETE)
    assert order.buyer == world.amazon.orders[order_id(1)].buyer


def test_every_half_hour_a_report_of_the_last_three_days_is_asked_for() -> None:
    world = OrdersArriving()
    world.let_pass(1)
    world.amazon.asked.clear()

    world.let_pass(3 * 60)

    ends = [report.data_end for report in world.amazon.asked]
    assert len(ends) == 6
    assert [later - earlier for earlier, later in pairwise(ends)] == ([HALF_AN_HOUR] * 5)
    assert {r.data_end - r.data_start for r in world.amazon.asked} == {timedelta(days=3)}


def test_a_new_order_appears_within_a_few_hours_whenever_it_is_placed() -> None:
    world = OrdersArriving()
    world.amazon.ready_after = 3

    for number in range(1, 61):
        placed_at = world.clock.now()
        world.amazon.place(number, placed_at)
        world.let_pass(1)

    world.let_pass(60)
    waited = [
        order.imported_at - order.purchased_at
        for order in world.orders.all.values()
        if order.imported_at is not None
    ]
    assert len(waited) == 60
    assert max(waited) <= timedelta(hours=1)


def test_an_order_missed_by_a_failed_cycle_comes_with_the_next_one() -> None:
    world = OrdersArriving()
    placed_at = world.clock.now()
    world.amazon.place(1, placed_at)
    world.amazon.fatal = 1

    world.let_pass(1)
    assert [r.state for r in world.reports.all.values()] == [ReportState.FATAL]
    assert world.order(1) is None
    world.let_pass(30)

    assert world.order(1) is not None
    assert all(report.data_start < placed_at for report in world.amazon.asked)


def test_orders_of_a_delayed_cycle_are_picked_up_by_the_one_after_it() -> None:
    world = OrdersArriving()
    placed_at = world.clock.now()
    world.amazon.place(1, placed_at)

    world.let_pass(2 * 24 * 60, scheduler_runs=False)
    assert world.order(1) is None
    world.let_pass(30)

    order = world.order(1)
    assert order is not None
    assert order.purchased_at == placed_at


def test_a_cancel_at_amazon_is_here_after_the_next_import_cycle() -> None:
    world = OrdersArriving()
    placed_at = world.clock.now()
    world.amazon.place(1, placed_at)
    world.let_pass(30)
    before = world.order(1)

    world.amazon.place(1, placed_at + timedelta(minutes=31), "Cancelled")
    world.let_pass(60)

    after = world.order(1)
    assert before is not None
    assert after is not None
    assert (before.status, after.status) == (OrderStatus.NEW, OrderStatus.CANCELED)


def test_an_order_seen_by_every_cycle_is_updated_and_never_duplicated() -> None:
    world = OrdersArriving()
    placed_at = world.clock.now()
    world.amazon.place(1, placed_at)
    world.let_pass(60)

    world.amazon.place(1, placed_at + timedelta(minutes=61), "Unshipped")
    world.let_pass(120)

    [order] = world.orders.all.values()
    assert order.amazon_status.upper() == "UNSHIPPED"
    assert len(order.lines) == 1
