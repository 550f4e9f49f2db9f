"""Shipments that stand still are looked after; each row of the table announces its own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actors.runtime.shipment_sweeps import SHIPMENT_SWEEPS
from actors.runtime.sweepers import SweepPorts, sweep_all
from domain.feeds import FULFILLMENT, Feed, FeedOutcome, FeedState
from domain.messages import FeedProcessed, FulfillmentDue, OrderEnriched
from domain.sweeping import StillBook
from tests.fakes.clock import START, FakeClock
from tests.fakes.memory_passes import MemoryPasses
from tests.fakes.memory_ports import MemoryLedger, MemoryOrders, MemoryReports
from tests.fakes.schedule_ports import Published
from tests.fakes.sweep_ports import MemorySweeps, MemoryUnrecorded, MemoryUnsettled
from tests.fakes.tracking_ports import MemoryInbox

BOOK = StillBook("demo", "111-1", revision=3)
FEED = Feed(
    feed_id="fulfillment-1",
    account="demo",
    feed_type=FULFILLMENT,
    marketplaces=("US",),
    state=FeedState.APPLIED,
    content_type="text/plain",
    content_hash="ab",
    content_bytes=1,
    rows=1,
    flow_id="flow-1",
    flow_started_at=START,
    processing_status="DONE",
)


class World:
    def __init__(self) -> None:
        self.clock, self.published, self.unsettled = FakeClock(), Published(), MemoryUnsettled()
        reports = MemoryReports(self.clock, MemoryLedger(self.clock))
        orders, passes = MemoryOrders(self.clock), MemoryPasses(self.clock)
        self.ports = SweepPorts(
            store=MemorySweeps(self.clock, reports, orders, passes),
            reports=reports,
            tracking=MemoryUnrecorded(MemoryInbox(), self.clock),
            shipments=self.unsettled,
            accounts=("demo",),
            publish=self.published,
            queue_depth=lambda _: 0,
            drain_dead_letters=lambda: 0,
            tell_outbox=lambda _: 0,
            transient_codes=frozenset({"99999"}),
        )

    def sweep(self, minutes: float = 0) -> list[Any]:
        """Let time pass, sweep, and return what was announced."""
        self.clock.advance(minutes * 60)
        self.published.events.clear()
        sweep_all(self.ports, SHIPMENT_SWEEPS)
        return list(self.published.events)


@pytest.mark.parametrize("question", ["joinable", "waiting", "unseen", "refused"])
def test_shipments_that_could_move_are_judged_anew_ever_more_rarely(question: str) -> None:
    world = World()
    world.unsettled.found[question] = [BOOK]
    assert world.sweep() == []
    announced = [bool(world.sweep(minutes=5)) for _ in range(8)]
    assert announced == [True, False, True, False, False, False, True, False]


def test_the_fact_announced_names_the_order() -> None:
    world = World()
    world.unsettled.found["joinable"] = [BOOK]
    world.sweep()
    (enriched,) = world.sweep(minutes=5)
    assert isinstance(enriched, OrderEnriched)
    assert (enriched.account, enriched.order_id) == ("demo", "111-1")


def test_a_book_that_moved_is_watched_from_the_beginning() -> None:
    world = World()
    world.unsettled.found["joinable"] = [BOOK]
    world.sweep()
    world.unsettled.found["joinable"] = [replace(BOOK, revision=4)]
    assert world.sweep(minutes=5) == []
    assert len(world.sweep(minutes=5)) == 1


def test_days_of_waiting_do_not_put_off_the_joining_of_what_can_be_joined_by_now() -> None:
    world = World()
    world.unsettled.found["waiting"] = [BOOK]
    for _ in range(6 * 24):
        world.sweep(minutes=60)
    world.unsettled.found = {"joinable": [BOOK]}
    announced = [len(world.sweep(minutes=5)) for _ in range(3)]
    assert announced == [0, 1, 0]


def books(count: int) -> list[StillBook]:
    return [replace(BOOK, order_id=f"111-{number}") for number in range(count)]


def test_of_many_each_is_announced_before_any_is_announced_again() -> None:
    world = World()
    world.unsettled.found["refused"] = books(1200)
    assert world.sweep() == []
    passes = [[each.order_id for each in world.sweep(minutes=5)] for _ in range(3)]
    assert [len(each) for each in passes] == [500, 500, 500]
    assert {each for some in passes for each in some} == {each.order_id for each in books(1200)}


def test_what_is_not_due_yet_does_not_hide_what_is_overdue() -> None:
    world = World()
    *waiting, last = books(501)
    world.unsettled.found["waiting"] = [*waiting, last]
    world.sweep()
    world.unsettled.found["waiting"] = [*(replace(each, revision=4) for each in waiting), last]
    assert [each.order_id for each in world.sweep(minutes=5)] == [last.order_id]


def test_shipments_of_several_unverified_feeds_share_the_limit_of_a_pass() -> None:
    world = World()
    feeds = [
        replace(FEED, feed_id=feed, state=FeedState.UNVERIFIED)
        for feed in ("fulfillment-1", "fulfillment-2")
    ]
    world.unsettled.feeds = feeds
    world.unsettled.found = {"fulfillment-1": books(600)[:300], "fulfillment-2": books(600)[300:]}
    world.sweep()
    assert len(world.sweep(minutes=5)) == 500


def test_what_is_due_and_goes_into_no_feed_is_batched_all_the_same() -> None:
    world = World()
    world.unsettled.due = "no feed yet"
    assert world.sweep() == []
    assert world.sweep(minutes=44) == []
    (due,) = world.sweep(minutes=1)
    assert isinstance(due, FulfillmentDue)
    assert due.account == "demo"


def test_an_account_whose_feeds_go_on_is_left_alone() -> None:
    world = World()
    for number in range(9):
        world.unsettled.due = f"after fulfillment-{number}"
        assert world.sweep(minutes=40) == []


@pytest.mark.parametrize(
    ("feed", "outcome"),
    [
        (FEED, FeedOutcome.DONE),
        (replace(FEED, processing_status="CANCELLED"), FeedOutcome.CANCELLED),
        (replace(FEED, processing_status="FATAL"), FeedOutcome.FATAL),
        (replace(FEED, released_at=START), FeedOutcome.RELEASED),
        (replace(FEED, processing_status=""), FeedOutcome.RELEASED),
        (replace(FEED, state=FeedState.WITHDRAWN), FeedOutcome.WITHDRAWN),
    ],
)
def test_shipments_left_in_a_feed_that_is_over_are_told_once_more(
    feed: Feed, outcome: FeedOutcome
) -> None:
    world = World()
    world.unsettled.feeds = [feed]
    world.sweep()
    (processed,) = world.sweep(minutes=15)
    assert isinstance(processed, FeedProcessed)
    assert (processed.feed, processed.outcome) == ("fulfillment-1", outcome)
    assert (processed.flow_id, processed.feed_type) == ("flow-1", FULFILLMENT)


def test_orders_of_an_unverified_feed_are_looked_at() -> None:
    world = World()
    world.unsettled.feeds = [replace(FEED, state=FeedState.UNVERIFIED)]
    world.unsettled.found["fulfillment-1"] = [BOOK]
    world.sweep()
    (enriched,) = world.sweep(minutes=5)
    assert isinstance(enriched, OrderEnriched)


def test_no_shipment_is_looked_after_sooner_than_its_row_says() -> None:
    ages = {sweep.state: sweep.max_age for sweep in SHIPMENT_SWEEPS}
    assert ages["shipment: waiting for a known order"] == timedelta(hours=6)
    assert ages["shipment: accepted, not shown by Amazon"] == timedelta(hours=6)
