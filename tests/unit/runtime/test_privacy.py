"""The daily removal: all that are due, in batches, whatever happens to the orders meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from actors.runtime import privacy
from actors.runtime.metrics import OrderEvent, order_events
from actors.runtime.privacy import PrivacyPorts, remove_buyers
from actors.store_ports import Decide
from domain.errors import Unavailable
from domain.orders import Order
from domain.privacy import OverOrder, over
from tests.fakes.cli_values import an_order
from tests.fakes.clock import FakeClock
from tests.fakes.memory_ports import MemoryOrders

NOW = an_order().purchased_at + timedelta(days=40)
DAYS_30 = timedelta(days=30)


@dataclass
class MemoryBuyers:
    orders: dict[tuple[str, str], Order]
    asked: list[int] = field(default_factory=list)

    def now(self) -> datetime:
        return NOW

    def over(
        self, *, before: datetime, behind: OverOrder | None = None, limit: int
    ) -> list[OverOrder]:
        there = [
            OverOrder(each.account, each.order_id, over(each).at)
            for each in self.orders.values()
            if each.purged_at is None and over(each).at <= before
        ]
        there.sort(key=_place)
        page = [each for each in there if behind is None or _place(each) > _place(behind)][:limit]
        self.asked.append(len(page))
        return page


def _place(order: OverOrder) -> tuple[datetime, str, str]:
    return order.over_at, order.account, order.order_id


def delivered(order_id: str, days_after: float, account: str = "demo") -> Order:
    order = an_order(order_id=order_id, account=account)
    return replace(order, delivered_at=order.purchased_at + timedelta(days=days_after))


def world(*orders: Order) -> tuple[PrivacyPorts, dict[tuple[str, str], Order], MemoryBuyers]:
    memory = MemoryOrders(FakeClock())
    memory.all.update({(each.account, each.order_id): each for each in orders})
    buyers = MemoryBuyers(memory.all)
    return PrivacyPorts(buyers, memory, DAYS_30), memory.all, buyers


def test_only_buyers_whose_time_is_over_are_removed() -> None:
    ports, orders, _ = world(delivered("due", 10), delivered("not yet", 10.01))

    assert remove_buyers(ports) == 1
    assert (orders["demo", "due"].buyer, orders["demo", "due"].purged_at) == (None, NOW)
    assert orders["demo", "not yet"].buyer is not None


def test_a_second_run_finds_nothing() -> None:
    ports, _, _ = world(delivered("due", 1))

    assert [remove_buyers(ports), remove_buyers(ports)] == [1, 0]


def test_orders_go_in_batches_over_all_accounts_and_the_claim_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(privacy, "AT_ONCE", 2)
    kept: list[None] = []
    ports, orders, buyers = world(
        *(delivered(str(n), n, account=("demo", "other")[n % 2]) for n in range(5))
    )

    assert remove_buyers(ports, lambda: kept.append(None)) == 5
    assert buyers.asked == [2, 2, 1, 0]
    assert len(kept) == 3
    assert {each.buyer for each in orders.values()} == {None}


def test_an_order_that_turns_out_not_to_be_due_is_left_and_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(privacy, "AT_ONCE", 1)
    ports, orders, buyers = world(delivered("taken up again", 1), delivered("due", 2))
    noted = buyers.over

    def stale(**wanted: object) -> list[OverOrder]:
        page = noted(**wanted)  # type: ignore[arg-type]
        for each in page:
            if each.order_id == "taken up again":
                key = each.account, each.order_id
                orders[key] = replace(orders[key], delivered_at=NOW)
        return page

    monkeypatch.setattr(buyers, "over", stale)

    assert remove_buyers(ports) == 1
    assert orders["demo", "taken up again"].purged_at is None
    assert orders["demo", "due"].purged_at == NOW


def test_an_outage_ends_the_run_and_the_next_one_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(privacy, "AT_ONCE", 1)
    ports, orders, _ = world(delivered("first", 1), delivered("second", 2))
    change, calls = ports.orders.change, list[str]()

    def failing(account: str, decide: dict[str, Decide]) -> object:
        calls.append(account)
        if len(calls) == 2:
            raise Unavailable("the store is away")
        return change(account, decide)

    monkeypatch.setattr(ports.orders, "change", failing)
    with pytest.raises(Unavailable):
        remove_buyers(ports)

    assert orders["demo", "second"].purged_at is None
    assert remove_buyers(ports) == 1


def test_a_removal_is_counted_once() -> None:
    before = an_order()
    after = replace(before, buyer=None, purged_at=NOW)

    assert order_events(before, after) == [OrderEvent.BUYER_REMOVED]
    assert order_events(after, replace(after, revision=9)) == []
