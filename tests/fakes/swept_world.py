"""Orders in with its sweepers, everything in memory, on a broker that may lose its queues."""

from __future__ import annotations

from typing import Any

import dramatiq

from actors.flow import FLOW
from actors.ports import Policy, Ports
from actors.runtime.failures import FailurePolicy
from actors.runtime.publisher import Publisher, message_for
from actors.runtime.stage import bind, subscriptions
from actors.runtime.sweepers import SweepPorts, sweep_all
from actors.runtime.sweeps import SWEEPS
from domain.ledger import RowOutcome
from domain.messages import ReportDue, ReportKind
from domain.order_import import FirstSeen
from domain.orders import EnrichmentState
from domain.reports import ReportState
from tests.fakes.amazon import MemoryAmazon
from tests.fakes.amazon_orders import amazon_order
from tests.fakes.clock import START, FakeClock
from tests.fakes.feed_amazon import MemoryFeedAmazon
from tests.fakes.hostile_broker import HostileBroker
from tests.fakes.memory_feeds import MemoryFeeds
from tests.fakes.memory_passes import MemoryPasses
from tests.fakes.memory_ports import MemoryLedger, MemoryOrders, MemoryReports
from tests.fakes.memory_shipments import MemoryShipments
from tests.fakes.quarantine import MemoryQuarantine
from tests.fakes.report_lines import HEADER, line, order_id
from tests.fakes.sweep_ports import MemorySweeps, MemoryUnrecorded, MemoryUnsettled
from tests.fakes.tracking_ports import MemoryInbox, MemoryRejections

ORDERS = 10
US = "ATVPDKIKX0DER"
A_SWEEP_S = 5 * 60


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


class SweptWorld:
    """``amazon_class`` may be one with a flaw built in."""

    def __init__(
        self, lose_after: int = 0, *, amazon_class: type[MemoryAmazon] = MemoryAmazon
    ) -> None:
        self.clock = FakeClock()
        self.amazon = amazon_class(
            lines=[HEADER, *(line(amazon_order_id=order_id(n)) for n in range(ORDERS))],
            orders={order_id(n): amazon_order(order_id(n)) for n in range(ORDERS)},
            ready_after=3,
        )
        self.ledger = MemoryLedger(self.clock)
        self.reports = MemoryReports(self.clock, self.ledger)
        self.orders, self.passes = MemoryOrders(self.clock), MemoryPasses(self.clock)
        self.inbox, self.shipments = MemoryInbox(), MemoryShipments()
        self.quarantine = MemoryQuarantine()
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
        self.sweeping = self._sweeping(Publisher(self.broker, subscriptions(stages)))

    def _sweeping(self, publish: Publisher) -> SweepPorts:
        return SweepPorts(
            store=MemorySweeps(self.clock, self.reports, self.orders, self.passes),
            reports=self.reports,
            tracking=MemoryUnrecorded(self.inbox, self.clock),
            shipments=MemoryUnsettled(),
            accounts=("demo",),
            publish=publish,
            queue_depth=lambda _: 0,
            drain_dead_letters=lambda: 0,
            tell_outbox=lambda _: 0,
        )

    def taken_in(self) -> set[str]:
        """Return the senders' ids of all entries that are in the book of an order."""
        return {event_id for book in self.shipments.all.values() for event_id in book.seen}

    def import_report(self, slot: str = "slot") -> None:
        due = ReportDue.first(
            key=slot, account="demo", at=START, kind=ReportKind.ORDERS, marketplace=US
        )
        self.broker.deliver_from_outside(message_for("request_report", due))
        self.broker.run()

    def sweep_for_hours(self, hours: int) -> None:
        self.sweep_for_minutes(hours * 60)

    def sweep_for_minutes(self, minutes: int) -> None:
        for _ in range(minutes * 60 // A_SWEEP_S):
            self.clock.advance(A_SWEEP_S)
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
