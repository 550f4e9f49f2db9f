"""The stage that reads orders, run on everything in memory."""

from __future__ import annotations

from actors.orders.enrich_orders import enrich_orders
from domain.messages import Event, OrderEnriched
from domain.orders import Order, OrderStatus, Provenance
from tests.fakes.amazon import MemoryAmazon
from tests.fakes.amazon_orders import PLACED, amazon_order
from tests.fakes.orders_in import OrdersIn
from tests.fakes.report_lines import order_id


def enrich(world: OrdersIn, trigger: Event) -> list[OrderEnriched]:
    return list(
        enrich_orders(  # type: ignore[arg-type]
            trigger,
            passes=world.passes,
            reports=world.reports,
            orders=world.orders,
            amazon_orders=world.amazon,
            policy=world.policy,
            clock=world.clock,
        )
    )


def known(world: OrdersIn, number: int) -> Order:
    """Put an order into the store that waits to be read."""
    order = Order(
        account="demo",
        order_id=order_id(number),
        status=OrderStatus.NEW,
        amazon_status="Pending",
        amazon_status_at=PLACED,
        purchased_at=PLACED,
        provenance=Provenance.REPORT,
        first_report_id="R1",
        imported_at=world.clock.now(),
        next_read_at=world.clock.now(),
    )
    world.orders.all["demo", order.order_id] = order
    return order


def world_of(orders: int, *, at_amazon: int | None = None) -> OrdersIn:
    world = OrdersIn()
    found = range(orders if at_amazon is None else at_amazon)
    world.amazon = MemoryAmazon(orders={order_id(n): amazon_order(order_id(n)) for n in found})
    for number in range(orders):
        known(world, number)
    return world
