"""Outages of Amazon are waited for: nothing fills the quarantine, work resumes by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import ConnectorError, Outage, Suspended, Unavailable
from tests.fakes.amazon import MemoryAmazon
from tests.fakes.orders_in_world import World

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
TWO_HOURS = timedelta(hours=2)
FAILURES_IN_A_ROW = 5


class OutageAmazon(MemoryAmazon):
    """Down until ``up_at``; from the fifth failure on its gateway lets one probe in 15 minutes."""

    world: World
    up_at = NOW + TWO_HOURS
    failures = 0
    paused_until = NOW
    refuses_credentials = False

    def _maybe_raise(self) -> None:
        now = self.world.clock.now()
        if now >= self.up_at:
            return
        if now < self.paused_until or self.refuses_credentials:
            raise self._pause(now)
        self.failures += 1
        if self.failures < FAILURES_IN_A_ROW:
            raise Unavailable("getReport answered 503")
        self.paused_until = now + timedelta(minutes=15)
        raise Outage("getReport answered 503", retry_after_s=900.0)

    def _pause(self, now: datetime) -> ConnectorError:
        wait_s = max((self.paused_until - now).total_seconds(), 900.0)
        return Suspended("alpha", "it does not answer", retry_after_s=wait_s)


@pytest.mark.parametrize(
    ("_case", "refuses_credentials"), [("operation down", False), ("token revoked", True)]
)
def test_two_hours_of_outage_leave_the_quarantine_empty_and_everything_imported(
    _case: str, *, refuses_credentials: bool
) -> None:
    world = World(copies=1, amazon_class=OutageAmazon)
    assert isinstance(world.amazon, OutageAmazon)
    world.amazon.world, world.amazon.refuses_credentials = world, refuses_credentials

    world.import_report()

    assert world.clock.now() >= NOW + TWO_HOURS
    world.expect_everything_imported_once()
