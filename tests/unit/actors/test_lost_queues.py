"""A lost queue heals: whatever is deleted at whatever moment, the sweepers bring it to its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import dramatiq
import pytest

from actors.flow import FLOW
from actors.ports import Policy, Ports
from actors.runtime.failures import FailurePolicy
from actors.runtime.publisher import Publisher, message_for
from actors.runtime.stage import bind, subscriptions
from actors.runtime.sweepers import SweepPorts, sweep_all
from actors.runtime.sweeps import SWEEPS
from domain.ledger import RowOutcome
from domain.messages import ReportDue, ReportKind, TrackingEntered
from domain.order_import import FirstSeen
from domain.orders import EnrichmentState
from domain.reports import ReportState
from tests.fakes.amazon import MemoryAmazon
from tests.fakes.amazon_orders import amazon_order
from tests.fakes.clock import START, FakeClock
from tests.fakes.feed_amazon import MemoryFeedAmazon
from tests.fakes.hostile_broker import HostileBroker
from tests.fakes.memory_feeds import MemoryFeeds
from tests.fakes.memory_ports import MemoryLedger, MemoryOrders, MemoryPasses, MemoryReports
from tests.fakes.memory_shipments import MemoryShipments
from tests.fakes.quarantine import MemoryQuarantine
from tests.fakes.report_lines import HEADER, line, order_id
from tests.fakes.sweep_ports import MemorySweeps, MemoryUnrecorded, MemoryUnsettled
from tests.fakes.tracking import tracking_entered
from tests.fakes.tracking_ports import MemoryInbox, MemoryRejections

ORDERS = 10
US = "ATVPDKIKX0DER"
DELIVERIES_OF_A_QUIET_RUN = 24


class ForgetfulBroker(HostileBroker):
    """Loses every queue with everything in it after the ``lose_after``-th delivery."""

    def __init__(self, clock: FakeClock, lose_after: int) -> None:
        super().__init__(clock, copies=1)
        self._lose_after = lose_after

    def _deliver(self, delivery: tuple[Any, dramatiq.Message[Any]]) -> None:
        super()._deliver(delivery)
        if self.processed == self._lose_after:
            self._waiting.clear()


POLICY = Policy(
    first_seen=FirstSeen.OPEN_ORDERS,
    marketplaces={"Amazon.com": US},
    chunk_backlog=2,
    chunk_patience_s=0.0,
)


class World:
    def __init__(self, lose_after: int) -> None:
        self.clock, self.quarantine = FakeClock(), MemoryQuarantine()
        self.amazon = MemoryAmazon(
            lines=[HEADER, *(line(amazon_order_id=order_id(n)) for n in range(ORDERS))],
            orders={order_id(n): amazon_order(order_id(n)) for n in range(ORDERS)},
            ready_after=3,
        )
        self.ledger = MemoryLedger(self.clock)
        self.reports = MemoryReports(self.clock, self.ledger)
        self.orders, self.passes = MemoryOrders(self.clock), MemoryPasses(self.clock)
        self.inbox, self.shipments = MemoryInbox(), MemoryShipments()
        self.broker = ForgetfulBroker(self.clock, lose_after)
        ports = Ports(
            clock=self.clock,
            policy=POLICY,
            reports=self.reports,
            ledger=self.ledger,
            orders=self.orders,
            passes=self.passes,
            amazon_reports=self.amazon,
            amazon_orders=self.amazon,
            tracking_inbox=self.inbox,
            shipments=self.shipments,
            rejected_events=MemoryRejections(),
            feeds=MemoryFeeds(self.clock),
            amazon_feeds=MemoryFeedAmazon(self.clock),
        )
        stages = [stage for stage in FLOW if set(stage.needs) <= set(Ports.__slots__)]
        bind(self.broker, stages, ports, FailurePolicy(self.broker, self.quarantine))
        self.sweeping = SweepPorts(
            store=MemorySweeps(self.clock, self.reports, self.orders, self.passes),
            reports=self.reports,
            tracking=MemoryUnrecorded(self.inbox, self.clock),
            shipments=MemoryUnsettled(),
            accounts=("demo",),
            publish=Publisher(self.broker, subscriptions(stages)),
            queue_depth=lambda _: 0,
            drain_dead_letters=lambda: 0,
            tell_outbox=lambda _: 0,
        )

    def taken_in(self) -> set[str]:
        """Return the senders' ids of all entries that are in the book of an order."""
        return {event_id for book in self.shipments.all.values() for event_id in book.seen}

    def import_report(self) -> None:
        due = ReportDue.first(
            key="slot", account="demo", at=START, kind=ReportKind.ORDERS, marketplace=US
        )
        self.broker.deliver_from_outside(message_for("request_report", due))
        self.broker.run()

    def sweep_for_hours(self, hours: int) -> None:
        for _ in range(hours * 12):
            self.clock.advance(5 * 60)
            sweep_all(self.sweeping, SWEEPS)
            self.broker.run()

    def expect_everything_imported_and_read_once(self) -> None:
        [report] = self.reports.all.values()
        assert report.state is ReportState.COMPLETE
        assert len(self.orders.all) == ORDERS
        assert {o.enrichment for o in self.orders.all.values()} == {EnrichmentState.COMPLETE}
        outcomes = [v.outcome for e in self.ledger.entries.values() for v in e.verdicts]
        assert outcomes == [RowOutcome.CREATED] * ORDERS
        assert len(self.amazon.asked) == 1
        assert self.quarantine.kept == []


def test_a_quiet_run_needs_no_sweeper() -> None:
    world = World(lose_after=0)
    world.import_report()
    world.expect_everything_imported_and_read_once()
    assert world.broker.processed == DELIVERIES_OF_A_QUIET_RUN


@pytest.mark.parametrize("lose_after", range(1, DELIVERIES_OF_A_QUIET_RUN))
def test_all_queues_deleted_at_any_moment_everything_still_finishes(lose_after: int) -> None:
    world = World(lose_after)
    world.import_report()
    world.sweep_for_hours(3)
    world.expect_everything_imported_and_read_once()


def test_without_the_sweepers_a_lost_queue_stays_lost() -> None:
    world = World(lose_after=3)
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


def correction_of_a_shipped_order(world: World) -> TrackingEntered:
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
    world = World(lose_after=0)
    world.inbox.receive(entries(*map(order_id, range(5))))
    world.sweep_for_hours(1)
    assert len(world.inbox.recorded) == 5
    assert world.taken_in() == {"e0", "e1", "e2", "e3", "e4"}


def test_tracking_that_was_recorded_and_then_lost_with_its_queue_is_in_its_book_all_the_same() -> (
    None
):
    world = World(lose_after=0)
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
