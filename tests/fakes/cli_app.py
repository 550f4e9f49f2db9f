"""An application whose store is lists, and the command line over it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
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
from store.quarantine import DISCARDED, KEPT, RETRIED
from store.quarantine_entries import Group, Quarantined

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
    """Entries of which the first decision counts, as in the store."""

    entries: dict[str, Quarantined] = field(default_factory=dict)
    settled: list[tuple[str, str, str | None]] = field(default_factory=list)
    meanwhile: dict[str, Quarantined] = field(default_factory=dict)
    """What somebody else decides after a command looked and before it decides."""
    fails_again: bool = False
    """What is sent again is back at once, as an entry of its own."""

    def get(self, entry_id: str) -> Quarantined | None:
        return self.entries.get(entry_id)

    def find(
        self,
        *,
        stage: str | None = None,
        error_class: str | None = None,
        state: str = KEPT,
        limit: int = 100,
        skip: int = 0,
    ) -> list[Quarantined]:
        found = [
            each
            for each in self.entries.values()
            if stage in (None, each.stage)
            and error_class in (None, each.error_class)
            and each.state == state
        ]
        return found[skip : skip + limit]

    def groups(self, *, state: str = KEPT) -> list[Group]:
        found = self.find(state=state)
        kinds = sorted({(each.stage, each.error_class) for each in found})
        times = [each.kept_at for each in found]
        return [
            Group(
                *kind,
                len(self.find(state=state, stage=kind[0], error_class=kind[1])),
                min(times),
                max(times),
            )
            for kind in kinds
        ]

    def mark_retried(self, entry_id: str, *, who: str) -> bool:
        again = replace(self.entries[entry_id], id=f"{entry_id}/again")
        if self.fails_again:
            self.entries[again.id] = again
        return self._settle(RETRIED, entry_id, None, who)

    def discard(self, entry_id: str, *, reason: str, who: str) -> bool:
        return self._settle(DISCARDED, entry_id, reason, who)

    def _settle(self, state: str, entry_id: str, reason: str | None, who: str) -> bool:
        self.entries[entry_id] = self.meanwhile.pop(entry_id, self.entries[entry_id])
        if self.entries[entry_id].state != KEPT:
            return False
        self.settled.append((state, entry_id, reason))
        self.entries[entry_id] = replace(
            self.entries[entry_id],
            state=state,
            settled_by=who,
            settled_at=datetime(2026, 11, 24, tzinfo=UTC),
            reason=reason,
        )
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
