"""The whole flow on the hostile broker with everything else in memory."""

from __future__ import annotations

from datetime import UTC, datetime

from actors.flow import FLOW
from actors.ports import Policy, Ports
from actors.runtime.failures import FailurePolicy
from actors.runtime.publisher import message_for
from actors.runtime.stage import bind
from domain.ledger import RowOutcome
from domain.messages import ReportDue, ReportKind
from domain.order_import import FirstSeen
from domain.orders import EnrichmentState, OrderStatus
from domain.reports import ReportState
from tests.fakes.amazon import MemoryAmazon
from tests.fakes.amazon_orders import amazon_order
from tests.fakes.clock import FakeClock
from tests.fakes.feed_amazon import MemoryFeedAmazon
from tests.fakes.hostile_broker import HostileBroker
from tests.fakes.memory_feeds import MemoryFeeds
from tests.fakes.memory_passes import MemoryPasses
from tests.fakes.memory_ports import MemoryLedger, MemoryOrders, MemoryReports
from tests.fakes.memory_shipments import MemoryShipments
from tests.fakes.quarantine import MemoryQuarantine
from tests.fakes.report_lines import HEADER, line, order_id
from tests.fakes.tracking_ports import MemoryInbox, MemoryRejections

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ORDERS = 10


class World:
    """The stages on the hostile broker; ``amazon_class`` may be one with an outage built in."""

    def __init__(
        self, *, amazon_class: type[MemoryAmazon] = MemoryAmazon, **hostility: int
    ) -> None:
        self.clock = FakeClock(NOW)
        self.amazon = amazon_class(
            lines=[HEADER, *(line(amazon_order_id=order_id(n)) for n in range(ORDERS)), "broken"],
            orders={order_id(n): amazon_order(order_id(n)) for n in range(ORDERS)},
            ready_after=3,
        )
        self.ledger = MemoryLedger(self.clock)
        self.reports = MemoryReports(self.clock, self.ledger)
        self.orders = MemoryOrders(self.clock)
        self.passes = MemoryPasses(self.clock)
        self.quarantine = MemoryQuarantine()
        self.broker = HostileBroker(self.clock, **hostility)
        ports = Ports(
            clock=self.clock,
            policy=Policy(
                first_seen=FirstSeen.OPEN_ORDERS,
                marketplaces={"Amazon.com": "ATVPDKIKX0DER"},
                chunk_backlog=2,
                chunk_patience_s=0.0,
            ),
            reports=self.reports,
            ledger=self.ledger,
            orders=self.orders,
            passes=self.passes,
            amazon_reports=self.amazon,
            amazon_orders=self.amazon,
            tracking_inbox=MemoryInbox(),
            shipments=MemoryShipments(),
            rejected_events=MemoryRejections(),
            feeds=MemoryFeeds(self.clock),
            amazon_feeds=MemoryFeedAmazon(self.clock),
        )
        stages = [s for s in FLOW if set(s.needs) <= set(ports.__slots__)]
        failures = FailurePolicy(self.broker, self.quarantine, draw=lambda: 0.5)
        bind(self.broker, stages, ports, failures)

    def import_report(self) -> None:
        due = ReportDue.first(
            key="order_report/2026-11-23T12:00Z",
            account="demo",
            at=NOW,
            kind=ReportKind.ORDERS,
            marketplace="ATVPDKIKX0DER",
        )
        self.broker.deliver_from_outside(message_for("request_report", due))
        self.broker.run()

    def expect_everything_imported_once(self) -> None:
        [report] = self.reports.all.values()
        assert report.state is ReportState.COMPLETE
        assert len(self.orders.all) == ORDERS
        assert {order.status for order in self.orders.all.values()} == {OrderStatus.NEW}
        assert {o.enrichment for o in self.orders.all.values()} == {EnrichmentState.COMPLETE}
        assert [len(order.lines) for order in self.orders.all.values()] == [1] * ORDERS
        outcomes = [v.outcome for e in self.ledger.entries.values() for v in e.verdicts]
        assert outcomes == [RowOutcome.CREATED] * ORDERS
        assert sum(len(e.rejected) for e in self.ledger.entries.values()) == 1
        assert len(self.amazon.asked) == 1
        assert self.quarantine.kept == []
