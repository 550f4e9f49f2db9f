"""Feeds that stand still are announced again, from the point they are at."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actors.runtime.feed_sweeps import FEED_SWEEPS
from actors.runtime.sweepers import SweepPorts, sweep_all
from domain.feeds import FULFILLMENT, Feed, FeedOutcome, FeedState
from domain.messages import Event, FeedProcessed, FeedSubmitted, FulfillmentBatched
from tests.fakes.clock import FakeClock
from tests.fakes.feed_values import new_feed
from tests.fakes.memory_feeds import MemoryFeeds
from tests.fakes.memory_passes import MemoryPasses
from tests.fakes.memory_ports import MemoryLedger, MemoryOrders, MemoryReports
from tests.fakes.schedule_ports import Published
from tests.fakes.sweep_ports import MemorySweeps, MemoryUnrecorded, MemoryUnsettled
from tests.fakes.tracking_ports import MemoryInbox

MINUTES_15, MINUTES_30 = timedelta(minutes=15), timedelta(minutes=30)


class World:
    def __init__(self, **facts: Any) -> None:
        self.clock, self.published = FakeClock(), Published()
        self.feed: Feed = replace(MemoryFeeds(self.clock).prepare(new_feed()), **facts)
        reports = MemoryReports(self.clock, MemoryLedger(self.clock))
        orders, passes = MemoryOrders(self.clock), MemoryPasses(self.clock)
        self.store = MemorySweeps(self.clock, reports, orders, passes)
        self.ports = SweepPorts(
            store=self.store,
            reports=reports,
            tracking=MemoryUnrecorded(MemoryInbox(), self.clock),
            shipments=MemoryUnsettled(),
            accounts=("demo",),
            publish=self.published,
            queue_depth=lambda _: 0,
            drain_dead_letters=lambda: 0,
            tell_outbox=lambda _: 0,
        )

    def sweep(self, after: timedelta = timedelta(), **facts: Any) -> list[Event]:
        """Let time pass and the feed move, sweep, and return what was announced."""
        self.clock.advance(after.total_seconds())
        self.feed = replace(self.feed, **facts)
        self.store.feeds = [self.feed]
        self.published.events.clear()
        sweep_all(self.ports, FEED_SWEEPS)
        return list(self.published.events)


UNSENT = [FeedState.PREPARED, FeedState.DOCUMENTED, FeedState.UPLOADED, FeedState.CREATING]


@pytest.mark.parametrize("state", UNSENT)
def test_a_feed_left_on_its_way_is_announced_as_prepared_in_its_own_flow(state: FeedState) -> None:
    world = World(state=state)
    assert world.sweep() == []
    assert world.sweep(MINUTES_30 - timedelta(seconds=1)) == []

    (batched,) = world.sweep(timedelta(seconds=1))

    assert isinstance(batched, FulfillmentBatched)
    assert (batched.feed, batched.account) == (world.feed.feed_id, "demo")
    assert (batched.flow_id, batched.flow_started_at) == (
        world.feed.flow_id,
        world.feed.flow_started_at,
    )


def test_a_feed_that_keeps_being_worked_on_is_left_alone() -> None:
    world = World(state=FeedState.CREATING)
    assert [world.sweep(timedelta(minutes=20), revision=n) for n in range(10)] == [[]] * 10


@pytest.mark.parametrize("state", [FeedState.SUBMITTED, FeedState.RELEASED])
def test_a_feed_at_amazon_is_polled_again_at_the_number_that_is_due(state: FeedState) -> None:
    world = World(state=state, amazon_feed_id="A-1", poll_attempt=7)
    world.sweep()

    (submitted,) = world.sweep(MINUTES_30)

    assert isinstance(submitted, FeedSubmitted)
    assert (submitted.feed, submitted.amazon_feed_id, submitted.attempt) == (
        world.feed.feed_id,
        "A-1",
        7,
    )


def test_a_feed_whose_polls_go_on_is_left_alone() -> None:
    world = World(state=FeedState.SUBMITTED, amazon_feed_id="A-1")
    assert [world.sweep(timedelta(minutes=20), poll_attempt=n) for n in range(10)] == [[]] * 10


@pytest.mark.parametrize(
    ("state", "owed"),
    [
        (FeedState.DONE, FeedOutcome.DONE),
        (FeedState.WITHDRAWN, FeedOutcome.WITHDRAWN),
        (FeedState.RELEASED, FeedOutcome.RELEASED),
        (FeedState.LATE, FeedOutcome.LATE),
    ],
)
def test_an_outcome_nobody_took_is_told_again(state: FeedState, owed: FeedOutcome) -> None:
    world = World(state=state, owed=owed)
    world.sweep()
    assert world.sweep(MINUTES_15 - timedelta(seconds=1)) == []

    (processed,) = world.sweep(timedelta(seconds=1))

    assert isinstance(processed, FeedProcessed)
    assert (processed.feed, processed.feed_type, processed.outcome) == (
        world.feed.feed_id,
        FULFILLMENT,
        owed.value,
    )


def test_every_announcement_is_a_message_of_its_own() -> None:
    world = World(state=FeedState.DONE, owed=FeedOutcome.DONE)
    world.sweep()
    ids = {event.event_id for _ in range(3) for event in world.sweep(timedelta(hours=3))}
    assert len(ids) == 3


@pytest.mark.parametrize("state", [FeedState.APPLIED, FeedState.UNVERIFIED, FeedState.WITHDRAWN])
def test_feeds_that_are_over_are_left_alone(state: FeedState) -> None:
    world = World(state=state)
    world.sweep()
    assert world.sweep(timedelta(days=2)) == []
