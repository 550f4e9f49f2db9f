"""Everything the sweepers look at, in memory, and the sweepers themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from actors.runtime.sweepers import SweepPorts, sweep_all
from actors.runtime.sweeps import SWEEPS
from domain.messages import ReportKind
from domain.reports import Report, ReportState
from tests.fakes.clock import START, FakeClock
from tests.fakes.memory_passes import MemoryPasses
from tests.fakes.memory_ports import MemoryLedger, MemoryOrders, MemoryReports
from tests.fakes.schedule_ports import Published
from tests.fakes.sweep_ports import MemorySweeps, MemoryUnrecorded, MemoryUnsettled
from tests.fakes.tracking_ports import MemoryInbox


class World:
    """Tests set the ``depth`` of queues, and how many dead ``letters`` and ``facts`` wait."""

    def __init__(self) -> None:
        self.clock, self.published = FakeClock(), Published()
        self.ledger = MemoryLedger(self.clock)
        self.reports = MemoryReports(self.clock, self.ledger)
        self.orders, self.passes = MemoryOrders(self.clock), MemoryPasses(self.clock)
        self.inbox = MemoryInbox()
        self.depth: dict[str, int] = {}
        self.letters = self.facts = 0
        self.ports = SweepPorts(
            store=MemorySweeps(self.clock, self.reports, self.orders, self.passes),
            reports=self.reports,
            tracking=MemoryUnrecorded(self.inbox, self.clock),
            shipments=MemoryUnsettled(),
            accounts=("demo",),
            publish=self.published,
            queue_depth=lambda stage: self.depth.get(stage, 0),
            drain_dead_letters=lambda: self.letters,
            tell_outbox=lambda _: self.facts,
        )

    def sweep(self, after: timedelta = timedelta()) -> list[Any]:
        """Let time pass, sweep, and return what was announced."""
        self.clock.advance(after.total_seconds())
        self.published.events.clear()
        sweep_all(self.ports, SWEEPS)
        return list(self.published.events)

    def report(self, state: ReportState, **facts: Any) -> Report:
        known: dict[str, Any] = {
            "report_id": "r1",
            "account": "demo",
            "kind": ReportKind.ORDERS,
            "marketplace": "US",
            "state": state,
            "source": "amazon",
            "data_start": START - timedelta(days=3),
            "data_end": START,
            "flow_id": "flow-1",
            "flow_started_at": START,
            "chunk_rows": 3,
            "created_at": START,
        }
        report = Report(**known | facts)
        self.reports.all[report.report_id] = report
        return report
