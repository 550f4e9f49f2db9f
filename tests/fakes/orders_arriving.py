"""Orders placed at Amazon, the scheduler, and the stages of orders in, on one clock."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime

from actors.orders.enrich_orders import enrich_orders
from actors.orders.import_orders import import_orders
from actors.orders.parse_order_report import parse_order_report
from actors.reports.poll_report import poll_report
from actors.reports.request_report import request_report
from actors.runtime.publisher import Delayed
from actors.runtime.scheduler import Scheduler, SchedulerPorts
from domain.messages import Event
from domain.orders import Order
from domain.reports import AmazonReport
from domain.schedule import JobKind, jobs_for
from tests.fakes.amazon import MemoryAmazon, MemoryDocument
from tests.fakes.amazon_orders import amazon_order
from tests.fakes.orders_in import OrdersIn
from tests.fakes.report_lines import HEADER, line, order_id
from tests.fakes.schedule_ports import MemorySlots

STAGES = (request_report, poll_report, parse_order_report, import_orders, enrich_orders)
ACCOUNTS = {"demo": ("ATVPDKIKX0DER",)}
A_MINUTE_S = 60.0


@dataclass
class PlacingAmazon(MemoryAmazon):
    """A report holds the orders placed within its window, as they stand when it is read."""

    rows: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    """When each order was placed, and its row."""
    fatal: int = 0
    """How many of the next reports Amazon cannot make."""

    def place(self, number: int, at: datetime, status: str = "Pending") -> None:
        """Place an order, or say what has become of it."""
        key, when = order_id(number), at.isoformat()
        row = line(
            amazon_order_id=key, order_status=status, purchase_date=when, last_updated_date=when
        )
        self.rows[key] = (at, row)
        self.orders[key] = replace(
            amazon_order(key), status=status.upper(), purchased_at=at, last_updated_at=at
        )

    def status(self, account: str, amazon_report_id: str) -> AmazonReport:
        if self.fatal:
            self.fatal -= 1
            return AmazonReport(amazon_report_id, "FATAL", "")
        return super().status(account, amazon_report_id)

    @contextmanager
    def open_document(self, account: str, document_id: str) -> Iterator[MemoryDocument]:
        window = self.asked[-1]
        found = [
            row for at, row in self.rows.values() if window.data_start <= at <= window.data_end
        ]
        yield MemoryDocument([HEADER, *found])


@dataclass
class OrdersArriving(OrdersIn):
    """What happens by itself while time passes; nobody does anything by hand."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.amazon: PlacingAmazon = PlacingAmazon()
        jobs = jobs_for((JobKind.ORDER_REPORT, JobKind.ORDER_REFRESH), ACCOUNTS)
        self.policy = replace(self.policy, chunk_backlog=1000)
        self._waiting: deque[Event] = deque()
        ports = SchedulerPorts(MemorySlots(self.clock), self._waiting.append, tuple(jobs), {})
        self._scheduler = Scheduler(ports)

    def let_pass(self, minutes: int, *, scheduler_runs: bool = True) -> None:
        """Let time pass, minute by minute."""
        for _ in range(minutes):
            self.clock.advance(A_MINUTE_S)
            if scheduler_runs:
                assert self._scheduler.tick()
                self._see_through()

    def order(self, number: int) -> Order | None:
        """Return an order as it is here; None when it did not arrive."""
        return self.orders.get("demo", order_id(number))

    def _see_through(self) -> None:
        ports = {
            "reports": self.reports,
            "ledger": self.ledger,
            "orders": self.orders,
            "passes": self.passes,
            "amazon_reports": self.amazon,
            "amazon_orders": self.amazon,
            "policy": self.policy,
            "clock": self.clock,
        }
        while self._waiting:
            fact = self._waiting.popleft()
            for stage in STAGES:
                if type(fact) not in stage.consumes:
                    continue
                for said in stage(fact, **{name: ports[name] for name in stage.needs}):
                    if isinstance(said, Delayed):
                        self.clock.advance(said.delay_s)
                        said = said.event  # noqa: PLW2901  the wait is over
                    self._waiting.append(said)
