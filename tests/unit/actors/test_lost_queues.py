"""A lost queue heals: whatever is deleted at whatever moment, the sweepers bring it to its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from actors.runtime.publisher import message_for
from domain.messages import TrackingEntered
from tests.fakes.clock import START
from tests.fakes.report_lines import order_id
from tests.fakes.swept_world import SweptWorld
from tests.fakes.tracking import tracking_entered

DELIVERIES_OF_A_QUIET_RUN = 24


def test_a_quiet_run_needs_no_sweeper() -> None:
    world = SweptWorld(lose_after=0)
    world.import_report()
    world.expect_everything_imported_and_read_once()
    assert world.broker.processed == DELIVERIES_OF_A_QUIET_RUN


@pytest.mark.parametrize("lose_after", range(1, DELIVERIES_OF_A_QUIET_RUN))
def test_all_queues_deleted_at_any_moment_everything_still_finishes(lose_after: int) -> None:
    world = SweptWorld(lose_after)
    world.import_report()
    world.sweep_for_hours(3)
    world.expect_everything_imported_and_read_once()


def test_without_the_sweepers_a_lost_queue_stays_lost() -> None:
    world = SweptWorld(lose_after=3)
    world.import_report()
    assert world.orders.all == {}


def entries(*order_ids: str) -> list[TrackingEntered]:
    return [
        tracking_entered(f"e{n}", order_id=each, entered_at=START.isoformat())
        for n, each in enumerate(order_ids)
    ]


def package_of_the_first_order(event_id: str, at: datetime) -> TrackingEntered:
    return tracking_entered(
        event_id, order_id=order_id(0), shipment_ref="P1", entered_at=at.isoformat()
    )


def correction_of_a_shipped_order(world: SweptWorld) -> TrackingEntered:
    """Return a second entry of a package of the first order, which is not read any more."""
    first = package_of_the_first_order("first", START)
    world.inbox.receive([first])
    world.broker.deliver_from_outside(message_for("record_tracking", first))
    world.broker.run()
    shipped = replace(world.orders.all["demo", order_id(0)], next_read_at=None)
    world.orders.all["demo", order_id(0)] = shipped
    return package_of_the_first_order("second", START + timedelta(minutes=1))


def test_tracking_that_was_accepted_and_then_lost_with_its_queue_is_in_its_book_all_the_same() -> (
    None
):
    world = SweptWorld()
    world.inbox.receive(entries(*map(order_id, range(5))))
    world.sweep_for_hours(1)
    assert len(world.inbox.recorded) == 5
    assert world.taken_in() == {"e0", "e1", "e2", "e3", "e4"}


def test_tracking_that_was_recorded_and_then_lost_with_its_queue_is_in_its_book_all_the_same() -> (
    None
):
    world = SweptWorld(lose_after=0)
    world.import_report()
    correction = correction_of_a_shipped_order(world)
    unknown = "999-0000000-0000000"
    recorded = [*entries(unknown, order_id(1), order_id(2), order_id(3)), correction]
    world.inbox.receive(recorded)
    for each in recorded:
        world.inbox.record(each)
    world.sweep_for_hours(1)
    assert world.taken_in() == {"first", "second", "e0", "e1", "e2", "e3"}
    assert world.inbox.untaken() == []
    assert world.quarantine.kept == []
