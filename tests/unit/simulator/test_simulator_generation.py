from collections import Counter

from simulator.generate import KINDS
from simulator.orders import Order
from simulator.server import Simulator
from tests.unit.simulator.driver import CODECS, START, Caller, frozen


def facts(order: Order) -> tuple[object, ...]:
    items = tuple((i.order_item_id, i.sku, i.quantity, i.shipped) for i in order.items)
    return (order.order_id, order.status, order.placed_at, order.last_updated_at, items)


def orders_of(sim: Simulator) -> list[Order]:
    return list(sim.seller().orders.values())


def test_the_same_seed_makes_the_same_orders() -> None:
    def made(seed: int) -> list[tuple[object, ...]]:
        sim = Simulator(seed=seed, orders=100, speed=0, start_at=START)
        return [facts(order) for order in orders_of(sim)]

    assert made(7) == made(7)
    assert made(7) != made(8)


def test_one_round_holds_every_kind_of_order() -> None:
    orders = orders_of(frozen(orders=len(KINDS)))

    assert {o.status for o in orders} == {
        "PENDING",
        "UNSHIPPED",
        "PARTIALLY_SHIPPED",
        "SHIPPED",
        "CANCELLED",
    }
    fba = [o for o in orders if o.fulfilled_by == "AMAZON"]
    assert {o.status for o in fba if not o.order_id.startswith("S01-")} == {"PENDING", "SHIPPED"}
    assert any(o.order_id.startswith("S01-") for o in fba)
    assert any(o.sales_channel.startswith("Non-Amazon") for o in orders)
    assert any(o.sales_channel == "Amazon.example" for o in orders)
    assert any(o.is_business and o.purchase_order_number for o in orders)
    assert any(i.cancelled and i.quantity == 0 for o in orders for i in o.items)
    assert any(i.cancel_request for o in orders for i in o.items)
    assert any(max(Counter(i.sku for i in o.items).values()) > 1 for o in orders)
    assert any(len(o.items) > 2 for o in orders)
    assert any(o.delivered for o in orders)


def test_all_orders_lie_within_the_three_days_a_report_asks_for() -> None:
    orders = orders_of(frozen(orders=200))

    ages_h = [(START - order.placed_at).total_seconds() / 3600 for order in orders]

    assert min(ages_h) > 0
    assert max(ages_h) < 72


def test_ids_are_unique_and_some_begin_with_zeros() -> None:
    orders = orders_of(frozen(orders=300))

    item_ids = [item.order_item_id for order in orders for item in order.items]

    assert len(orders) == 300
    assert len(set(item_ids)) == len(item_ids)
    assert all(len(id_) == 14 for id_ in item_ids)
    assert any(id_.startswith("00") for id_ in item_ids)


def test_orders_live_pending_then_paid_or_cancelled_then_shipped() -> None:
    sim = frozen(orders=100)
    before = {order.order_id: order.status for order in orders_of(sim)}

    sim.advance(10 * 3600)
    after = {order.order_id: order.status for order in orders_of(sim)}

    moves = {(before[id_], after[id_]) for id_ in before}
    assert {
        ("PENDING", "UNSHIPPED"),
        ("PENDING", "CANCELLED"),
        ("UNSHIPPED", "SHIPPED"),
        ("UNSHIPPED", "UNSHIPPED"),
    } <= moves
    assert not [move for move in moves if move[1] == "PENDING"]


def test_an_order_changes_when_its_time_comes_however_late_somebody_looks() -> None:
    watched, unwatched = frozen(orders=50), frozen(orders=50)
    for _ in range(30):
        watched.advance(120)
        orders_of(watched)
    unwatched.seller()
    unwatched.advance(3600)

    assert [facts(o) for o in orders_of(watched)] == [facts(o) for o in orders_of(unwatched)]


def test_orders_may_keep_arriving() -> None:
    sim = frozen(orders=10, arrivals_per_hour=4)
    assert len(orders_of(sim)) == 10

    sim.advance(3600)

    arrived = orders_of(sim)[10:]
    assert len(arrived) == 4
    assert [order.status for order in arrived] == ["UNSHIPPED", "PENDING", "PENDING", "PENDING"]


def test_every_marketplaces_names_survive_its_own_charset() -> None:
    sim = frozen(orders=300)
    caller = Caller(sim)

    for marketplace, charset in (("A1PA6795UKMFR9", "Cp1252"), ("A1VC38T7YXB528", "Windows-31J")):
        rows = caller.rows(marketplaceIds=[marketplace])
        names = {row["product-name"] + row["ship-city"] for row in rows}
        assert not any("?" in name for name in names)
        assert any(not name.isascii() for name in names)
        assert all(name.encode(CODECS[charset]) for name in names)
