"""A lost queue heals: whatever is deleted at whatever moment, the sweepers bring it to its end."""

from __future__ import annotations

import pytest

from tests.fakes.clock import START
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


def test_tracking_that_was_accepted_and_then_lost_with_its_queue_is_recorded_all_the_same() -> None:
    world = SweptWorld(lose_after=0)
    entries = [tracking_entered(f"e{n}", entered_at=START.isoformat()) for n in range(5)]
    world.inbox.receive(entries)
    world.sweep_for_hours(1)
    assert len(world.inbox.recorded) == 5
