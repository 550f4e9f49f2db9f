"""Tracking for an order that is unknown, unpaid, cancelled, Amazon's, or has too few units left."""

from __future__ import annotations

from datetime import timedelta

from domain.orders import OrderStatus
from domain.shipments import Outbound
from tests.fakes.tracking_system import TrackingSystem, item_id


def test_an_entry_before_its_order_waits_and_joins(system: TrackingSystem) -> None:
    order_id = system.order(5, ("BP-100", 2))

    system.enter(order_id, ("BP-100", 2))
    assert system.stands(order_id) == [(Outbound.WAITING, "order_unknown")]
    system.send()
    assert system.feeds() == []
    system.import_orders()
    assert system.stands(order_id) == [(Outbound.DUE, "")]
    system.send()

    assert system.stands(order_id) == [(Outbound.ACCEPTED, "")]


def test_an_entry_for_an_order_that_was_paid_a_moment_ago_is_settled_by_reading_it(
    system: TrackingSystem,
) -> None:
    order_id = system.order(6, ("BP-100", 2), status="PENDING")
    system.import_orders()
    system.clock.advance(3600)
    system.enter(order_id, ("BP-100", 2))
    assert system.stands(order_id) == [(Outbound.WAITING, "order_pending")]
    assert system.known(order_id).next_read_at == system.clock.now()

    system.amazon.put_order(order_id=order_id, status="UNSHIPPED")
    system.refresh()

    assert system.stands(order_id) == [(Outbound.DUE, "")]


def test_more_units_than_are_left_are_refused_and_said_to_the_sender(
    system: TrackingSystem,
) -> None:
    order_id = system.order(8, ("BP-100", 2))
    system.import_orders()

    system.enter(order_id, ("BP-100", 3))
    system.send()

    assert system.stands(order_id) == [(Outbound.REFUSED, "over_quantity")]
    assert system.feeds() == []
    told = [each.event for each in system.app.store.outbox.unsent(limit=9)]
    [rejected] = [each for each in told if each.type == "shipment.rejected"]
    assert rejected.body["reason"] == "over_quantity"
    assert rejected.body["explanation"].endswith("has 2 units left to ship, 3 were entered")


def test_a_cancelled_order_refuses_tracking_even_if_it_was_due_already(
    system: TrackingSystem,
) -> None:
    order_id = system.order(9, ("BP-100", 2))
    system.import_orders()
    system.enter(order_id, ("BP-100", 2))
    system.clock.advance(60)
    system.amazon.put_order(order_id=order_id, status="CANCELLED")
    system.clock.advance(300)
    system.refresh()
    system.send()

    assert system.stands(order_id) == [(Outbound.REFUSED, "order_cancelled")]
    assert system.feeds() == []
    assert system.known(order_id).status is OrderStatus.CANCELED


def test_a_cancel_after_shipping_stays_visible(system: TrackingSystem) -> None:
    order_id = system.order(10, ("BP-100", 2))
    system.import_orders()
    system.enter(order_id, ("BP-100", 2))
    system.send()
    system.clock.advance(3600)
    system.amazon.put_order(order_id=order_id, status="CANCELLED")
    system.clock.advance(300)
    system.refresh()

    order = system.known(order_id)
    assert order.status is OrderStatus.CANCELED
    assert "cancelled_after_shipping" in order.flags
    assert order.shipping["sent"] == {item_id(10): 2}
    assert system.stands(order_id) == [(Outbound.ACCEPTED, "")]


def test_an_order_amazon_ships_itself_refuses_tracking(system: TrackingSystem) -> None:
    order_id = system.order(11, ("BP-100", 2), fulfilled_by="AMAZON")
    system.import_orders()

    system.enter(order_id, ("BP-100", 2))

    assert system.stands(order_id) == [(Outbound.REFUSED, "fulfilled_by_amazon")]


def test_an_entry_that_came_before_its_order_was_left_alone_is_refused_by_the_sweepers(
    system: TrackingSystem,
) -> None:
    order_id = system.order(11, ("BP-100", 2), status="CANCELLED")
    system.enter(order_id, ("BP-100", 2))
    system.import_orders()
    assert system.stands(order_id) == [(Outbound.WAITING, "order_unknown")]

    [book] = system.app.store.shipment_sweeps.joinable(older_than=timedelta())
    system.resolve(book.order_id)

    assert system.stands(order_id) == [(Outbound.REFUSED, "order_cancelled")]
    assert system.app.store.shipment_sweeps.joinable(older_than=timedelta()) == []
