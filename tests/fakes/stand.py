"""The stand for fault tests: real parts that may be killed, a thousand orders in flight, a tally.

The orders are put into the simulator one by one, so what must come out is known exactly.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from actors.processes import sweep_ports
from actors.runtime.sweepers import sweep_all
from actors.runtime.sweeps import SWEEPS
from domain.messages import RefreshDue, ReportDue, ReportKind, TrackedItem, TrackingEntered
from domain.orders import EnrichmentState, Order
from domain.reports import ReportState
from domain.shipments import Outbound
from simulator.server import Simulator
from store import embedded_server
from store.shipment_views import ShipmentRow
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.rabbitmq_node import PrivateRabbitMQ
from tests.fakes.system import Places, System

ACCOUNT = "alpha"
US = "ATVPDKIKX0DER"
SKU = "BP-100"
ORDERS = 1000
PACKAGES = 500
ROWS_PER_CHUNK = 20
IN_PLAY = (
    "request_report",
    "poll_report",
    "parse_order_report",
    "import_orders",
    "enrich_orders",
    "record_tracking",
    "resolve_shipments",
)
"""The stages that have work on the stand."""
SOON = timedelta(seconds=2)
QUICK = {
    # Leases follow the time limit of a call: five times two seconds.
    "HTTP__CALL_TIMEOUT_S": "2",
    "HTTP__CONNECT_TIMEOUT_S": "2",
    "ORDER_IMPORT__CHUNK_ROWS": str(ROWS_PER_CHUNK),
    "ORDER_IMPORT__CHUNK_BACKLOG": "1000",
}


@dataclass(frozen=True)
class Verdict:
    """What a fault cost."""

    fault: str
    messages_in: int
    lost: int
    duplicated: int
    recovery_s: float


class StoreServer:
    """An embedded server that can be killed and comes back on the same port with its data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = embedded_server.start(folder / "store", folder / "store.log")
        self.url = self._server.url
        self._port = int(self.url.rstrip("/").rsplit(":", 1)[1].partition("/")[0])

    def kill_and_restart(self) -> None:
        """Kill -9, then start on what was on disk."""
        self._server.process.kill()
        self._server.process.wait()
        self._server = embedded_server.start(
            self._folder / "store", self._folder / "store.log", port=self._port
        )

    def stop(self) -> None:
        """End it."""
        self._server.stop()


class Stand:
    """Simulator, RabbitMQ, store and workers, with a thousand orders to import."""

    def __init__(
        self, system: System, amazon: Simulator, node: PrivateRabbitMQ, store: StoreServer
    ) -> None:
        self.system, self.amazon, self.node, self.store = system, amazon, node, store
        self.expected = {f"111-{n:07}-{n:07}" for n in range(1, ORDERS + 1)}
        self.packages = 0
        self._struck_at = time.monotonic()
        self._meanwhile: Callable[[], None] = lambda: None

    def place(self, first: int = 1, last: int = ORDERS) -> None:
        """Place orders number ``first`` to ``last`` at Amazon."""
        for order_id in sorted(self.expected)[first - 1 : last]:
            self.amazon.put_order(
                account=ACCOUNT,
                order_id=order_id,
                age_s=7200,
                status="UNSHIPPED",
                items=[{"sku": SKU, "quantity": 1}],
            )

    def begin(self, slot: str = "slot-1") -> None:
        """Ask for the report."""
        self.system.publish(
            ReportDue.first(
                key=slot,
                account=ACCOUNT,
                at=datetime.now(UTC),
                kind=ReportKind.ORDERS,
                marketplace=US,
            )
        )

    def enter_tracking(self) -> None:
        """Enter a package for each of the first orders, most before its order is here."""
        now = datetime.now(UTC)
        for order_id in sorted(self.expected)[:PACKAGES]:
            self.system.publish(
                TrackingEntered.first(
                    key=order_id,
                    account=ACCOUNT,
                    at=now,
                    source_event_id=f"event-{order_id}",
                    order_id=order_id,
                    shipment_ref="box-1",
                    carrier="ups",
                    tracking_number=f"1Z999AA1{order_id[-7:]}",
                    shipped_at=now,
                    items=(TrackedItem(sku=SKU, quantity=1),),
                    entered_at=now,
                )
            )
        self.packages = PACKAGES

    def refresh(self) -> None:
        """Tick the refresh, as the scheduler would."""
        now = self.system.app.store.now()
        self.system.publish(
            RefreshDue.first(key=now.isoformat(), account=ACCOUNT, at=now, due_at=now)
        )

    def wait_for_imports(self, chunks: int) -> None:
        """Wait until at least so many chunks are imported: the flow is in the middle of it."""
        self.system.wait_until(
            lambda: self.imported_chunks() >= chunks, f"{chunks} chunks are imported", timeout_s=120
        )

    def wait_for_the_parser(self, *, published_blindly: bool) -> None:
        """Wait until the parser has published everything, as it believes, or clearly cannot."""
        reports = self.system.app.store.views
        deadline = time.monotonic() + (60 if published_blindly else 5)
        while time.monotonic() < deadline:
            states = [report.state for report in reports.list_reports(account=ACCOUNT, limit=5)]
            if ReportState.PARSED in states:
                return
            time.sleep(0.1)

    def imported_chunks(self) -> int:
        """Return how many chunks are in the ledger."""
        return int(self.system.app.store.database["report_chunks"].count_documents({}))

    def orders(self) -> list[Order]:
        """Return all orders of the account."""
        return list(self.system.app.store.views.list_orders(account=ACCOUNT, limit=5 * ORDERS))

    def struck(self, *, sweeping: bool = False) -> None:
        """The fault has happened: the time to recover runs from here."""
        self._struck_at = time.monotonic()
        self._meanwhile = self.sweep if sweeping else self._meanwhile

    def sweep(self) -> None:
        """Run the sweepers once, for whom everything is overdue after two seconds."""
        sweeps = [replace(each, max_age=min(each.max_age, SOON)) for each in SWEEPS]
        sweep_all(sweep_ports(self.system.app), sweeps)

    def wait_for_reports(self, number: int) -> None:
        """Wait until so many reports are complete."""

        def complete() -> int:
            reports = self.system.app.store.views.list_reports(account=ACCOUNT, limit=10)
            return sum(report.state is ReportState.COMPLETE for report in reports)

        self.system.wait_until(lambda: complete() >= number, f"{number} reports are complete")

    def settle(self, fault: str, *, timeout_s: float = 120) -> Verdict:
        """Wait until everything is accounted for, and count what is lost or doubled."""
        self._wait(self._is_through, timeout_s)
        recovery_s = time.monotonic() - self._struck_at
        orders = self.orders()
        ids = [order.order_id for order in orders]
        rows = [(line.report_id, line.row) for order in orders for line in order.lines]
        items = [item.order_item_id for order in orders for item in order.items]
        shipments = [row.order_id for row in self.shipments()]
        doubles = sum(len(each) - len(set(each)) for each in (ids, rows, items, shipments))
        whole = {order.order_id for order in orders if order.lines}
        lost = len(self.expected - whole) + self.packages - len(set(shipments))
        return Verdict(fault, len(self.expected) + self.packages, lost, doubles, recovery_s)

    def shipments(self) -> list[ShipmentRow]:
        """Return all shipments of the account."""
        views = self.system.app.store.shipment_views
        return list(views.list_shipments(account=ACCOUNT, limit=5 * PACKAGES))

    def unfinished(self) -> list[str]:
        """Name what is not as it should be at the end."""
        app = self.system.app
        reports = app.store.views.list_reports(account=ACCOUNT, limit=10)
        kept = app.store.database["quarantine"].count_documents({})
        return [
            *(f"report {r.report_id} is {r.state}" for r in reports if _is_unfinished(r.state)),
            *(f"{o.order_id} is {o.enrichment}" for o in self.orders() if _is_unread(o)),
            *(
                f"the shipment of {row.order_id} is {row.shipment.outbound}"
                for row in self.shipments()
                if row.shipment.outbound is not Outbound.DUE
            ),
            *([f"{kept} messages are in the quarantine"] if kept else []),
        ]

    def _is_through(self) -> bool:
        reports = self.system.app.store.views.list_reports(account=ACCOUNT, limit=10)
        return (
            bool(reports)
            and not any(report.is_open for report in reports)
            and len(self.orders()) == ORDERS
            and not any(_is_unread(order) for order in self.orders())
            and sum(row.shipment.outbound is Outbound.DUE for row in self.shipments())
            == self.packages
        )

    def _wait(self, holds: Callable[[], bool], timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while not holds() and time.monotonic() < deadline:
            self._meanwhile()
            time.sleep(0.2)


def _is_unread(order: Order) -> bool:
    return order.enrichment is EnrichmentState.DUE


def _is_unfinished(state: ReportState) -> bool:
    return state is not ReportState.COMPLETE


@contextmanager
def stand(folder: Path, node: PrivateRabbitMQ, vhost: Vhost) -> Iterator[Stand]:
    """Set everything up, and take it down however the test ends."""
    store = StoreServer(folder)
    try:
        with Simulator(
            seed=3,
            orders=0,
            throttle=False,
            report_queue_s=0,
            report_progress_s=0,
            orders_lag_s=0,
            marketplaces=[US],
        ) as amazon:
            places = Places(vhost.amqp_url, store.url, "faults", amazon.url)
            with System(folder / "logs", places, extra=QUICK) as system:
                yield Stand(system, amazon, node, store)
    finally:
        store.stop()
