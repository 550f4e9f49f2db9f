"""Everything the stages of orders in ask for, in memory, in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

from actors.ports import Policy
from domain.messages import (
    OrderReportReady,
    OrdersImported,
    RefreshDue,
    ReportDue,
    ReportKind,
    ReportRequested,
)
from domain.order_import import FirstSeen
from domain.reports import Report
from tests.fakes.amazon import MemoryAmazon
from tests.fakes.clock import FakeClock
from tests.fakes.memory_passes import MemoryPasses
from tests.fakes.memory_ports import MemoryLedger, MemoryOrders, MemoryReports

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)

DUE = ReportDue.first(
    key="order_report/2026-11-23T12:00Z",
    account="demo",
    at=NOW,
    kind=ReportKind.ORDERS,
    marketplace="ATVPDKIKX0DER",
)


@dataclass
class OrdersIn:
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    amazon: MemoryAmazon = field(default_factory=MemoryAmazon)
    policy: Policy = field(
        default_factory=lambda: Policy(
            first_seen=FirstSeen.OPEN_ORDERS,
            marketplaces={"Amazon.com": "ATVPDKIKX0DER"},
            chunk_patience_s=0.0,
        )
    )

    def __post_init__(self) -> None:
        self.ledger = MemoryLedger(self.clock)
        self.reports = MemoryReports(self.clock, self.ledger)
        self.orders = MemoryOrders(self.clock)
        self.passes = MemoryPasses(self.clock)

    def opened(self) -> Report:
        """Return a report that is intended and not yet asked for."""
        return self.reports.open_for(DUE, now=self.clock.now())

    def requested(self, attempt: int = 0) -> ReportRequested:
        """Return the message of a report Amazon was asked for."""
        report = self.opened()
        self.reports.requested(report.report_id, "amazon-1")
        return ReportRequested.following(
            DUE, kind=ReportKind.ORDERS, report_id=report.report_id, attempt=attempt
        )

    def ready(self) -> OrderReportReady:
        """Return the message of a report whose document can be read."""
        requested = self.requested()
        self.reports.ready(requested.report_id, "document-1")
        return OrderReportReady.following(
            requested, report_id=requested.report_id, document_id="document-1"
        )

    def imported(self, chunk: int = 1) -> OrdersImported:
        """Return the message of an imported chunk, imported just now."""
        return OrdersImported.following(
            DUE, key=str(chunk), report_id="R1", chunk=chunk, imported_at=self.clock.now()
        )

    def refresh_due(self) -> RefreshDue:
        """Return a tick of the refresh."""
        now = self.clock.now()
        return RefreshDue.first(key=now.isoformat(), account="demo", at=now, due_at=now)
