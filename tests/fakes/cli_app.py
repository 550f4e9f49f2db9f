"""An application whose store is lists, and the command line over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from click.testing import CliRunner, Result
from dramatiq.brokers.stub import StubBroker

from actors.runtime.clock import SystemClock
from actors.runtime.memory_broker import MemoryBroker
from cli.root import cli
from cli.session import Session
from config.settings import Settings, load_settings
from domain.messages import Event
from domain.orders import Order, OrderStatus
from domain.reports import Report
from store.quarantine import Quarantined

TWO_ACCOUNTS = {
    f"accounts__{name}__{setting}": value
    for name in ("east", "west")
    for setting, value in {
        "marketplaces": "US",
        "client_id": "client",
        "client_secret": "secret",
        "refresh_token": "Atzr|sim-x",
    }.items()
}


@dataclass
class FakeViews:
    orders: list[Order] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    disclosed: list[tuple[list[str], str, str]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)

    def list_orders(
        self, *, account: str | None = None, statuses: Sequence[OrderStatus] = (), limit: int = 50
    ) -> list[Order]:
        self.asked.append({"account": account, "statuses": tuple(statuses), "limit": limit})
        return self.orders[:limit]

    def list_to_ship(self, *, account: str | None = None, limit: int = 50) -> list[Order]:
        self.asked.append({"to_ship": account, "limit": limit})
        return self.orders[:limit]

    def list_reports(self, *, account: str | None = None, limit: int = 50) -> list[Report]:
        self.asked.append({"account": account, "limit": limit})
        return self.reports[:limit]

    def export(
        self, *, since: str = "", account: str | None = None, limit: int = 200
    ) -> list[tuple[str, Order]]:
        behind = int(since or 0)
        numbered = [(str(n), order) for n, order in enumerate(self.orders, 1)]
        return numbered[behind : behind + limit]

    def record_disclosure(self, orders: Sequence[Order], *, who: str, reason: str) -> None:
        self.disclosed.append(([order.order_id for order in orders], who, reason))


@dataclass
class FakeQuarantine:
    entries: dict[str, Quarantined] = field(default_factory=dict)
    settled: list[tuple[str, str, str | None]] = field(default_factory=list)

    def get(self, entry_id: str) -> Quarantined | None:
        return self.entries.get(entry_id)

    def find(
        self, *, stage: str | None = None, error_class: str | None = None, limit: int = 100
    ) -> list[Quarantined]:
        return [
            each
            for each in self.entries.values()
            if stage in (None, each.stage) and error_class in (None, each.error_class)
        ][:limit]

    def groups(self) -> list[Any]:
        return []

    def mark_retried(self, entry_id: str, *, who: str) -> bool:
        self.settled.append(("retried", entry_id, None))
        return True

    def discard(self, entry_id: str, *, reason: str, who: str) -> bool:
        self.settled.append(("discarded", entry_id, reason))
        return True


class FakeOrders:
    def __init__(self, views: FakeViews) -> None:
        self._views = views

    def get(self, account: str, order_id: str) -> Order | None:
        return next(
            (
                order
                for order in self._views.orders
                if (order.account, order.order_id) == (account, order_id)
            ),
            None,
        )


@dataclass
class FakeApp:
    """As much of ``actors.app.App`` as reading commands touch."""

    views: FakeViews = field(default_factory=FakeViews)
    quarantine: FakeQuarantine = field(default_factory=FakeQuarantine)
    env: dict[str, str] = field(default_factory=dict)
    in_memory: bool = True
    published: list[Event] = field(default_factory=list)
    closed: int = 0

    def __post_init__(self) -> None:
        self.settings: Settings = load_settings(self.env)
        self.accounts = self.settings.resolved_accounts()
        self.store = SimpleNamespace(
            views=self.views, quarantine=self.quarantine, now=SystemClock().now
        )
        self.ports = SimpleNamespace(orders=FakeOrders(self.views))
        self.broker = MemoryBroker() if self.in_memory else StubBroker()
        self.publish = self.published.append

    def close(self) -> None:
        self.closed += 1

    def run(self, *arguments: str) -> Result:
        """Run a command in this process."""
        app: Any = self
        session = Session(lambda: self.settings, lambda _settings: app)
        return CliRunner().invoke(cli, arguments, obj=session)
