"""Tracking out, from an entry to Amazon's verdict, with a real store and a local Amazon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from domain.feeds import FeedState
from domain.orders import OrderStatus
from domain.shipments import Outbound
from tests.fakes.mongo import mongodb_url
from tests.fakes.tracking_system import NUMBER, TrackingSystem, item_id, tracking_system


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with mongodb_url() as found:
        yield found


@pytest.fixture
def system(url: str) -> Iterator[TrackingSystem]:
    with tracking_system(url) as ready:
        yield ready


def test_tracking_reaches_amazon_and_the_order_is_fulfilled(system: TrackingSystem) -> None:
    order_id = system.order(1, ("BP-100", 2))
    system.import_orders()

    system.enter(order_id, ("BP-100", 2), ship_method="Ground")
    assert system.stands(order_id) == [(Outbound.DUE, "")]
    assert system.known(order_id).status is OrderStatus.NEW
    system.send()

    [feed] = system.feeds()
    assert feed.state is FeedState.APPLIED
    assert system.rows(feed) == [
        [order_id, item_id(1), "2", system.today(), "UPS", "", NUMBER, "Ground"]
    ]
    assert system.stands(order_id) == [(Outbound.ACCEPTED, "")]
    order = system.known(order_id)
    assert order.status is OrderStatus.FULFILLED
    assert order.shipping["confirmation"] == "confirmed"
    assert [each.event.type for each in system.app.store.outbox.unsent(limit=9)] == [
        "order.imported",
        "order.enriched",
        "order.fulfilled",
        "shipment.accepted",
    ]


def test_units_left_over_keep_the_order_open_until_the_second_package(
    system: TrackingSystem,
) -> None:
    order_id = system.order(2, ("BP-100", 3))
    system.import_orders()

    system.enter(order_id, ("BP-100", 1), shipment_ref="p1", tracking_number="1Z1")
    system.send()
    assert system.known(order_id).status is OrderStatus.NEW
    system.enter(order_id, ("BP-100", 2), shipment_ref="p2", tracking_number="1Z2")
    system.send()

    assert [len(system.rows(feed)) for feed in system.feeds()] == [1, 1]
    assert system.stands(order_id) == [(Outbound.ACCEPTED, "")] * 2
    assert system.known(order_id).status is OrderStatus.FULFILLED
    at_amazon = system.amazon.seller().orders[order_id]
    assert {each.tracking_number: each.contents for each in at_amazon.confirmed} == {
        "1Z1": {item_id(2): 1},
        "1Z2": {item_id(2): 2},
    }


def test_several_items_in_one_package_are_as_many_rows(system: TrackingSystem) -> None:
    order_id = system.order(3, ("BP-100", 2), ("OF-7", 1))
    system.import_orders()

    system.enter(order_id, ("BP-100", 2), (item_id(3, 2), 1))
    system.send()

    [feed] = system.feeds()
    assert [(row[1], row[2]) for row in system.rows(feed)] == [
        (item_id(3, 1), "2"),
        (item_id(3, 2), "1"),
    ]
    assert system.known(order_id).status is OrderStatus.FULFILLED


def test_the_same_entry_twice_is_one_row(system: TrackingSystem) -> None:
    order_id = system.order(4, ("BP-100", 2))
    system.import_orders()
    entered_at = system.clock.now()

    for _ in range(2):
        system.enter(
            order_id,
            ("BP-100", 2),
            event_id="shop-4",
            entered_at=entered_at,
            shipped_at=entered_at,
        )
    system.send()
    system.send()

    [feed] = system.feeds()
    assert len(system.rows(feed)) == 1


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


def test_a_corrected_number_is_sent_again_and_nothing_else_is(system: TrackingSystem) -> None:
    order_id = system.order(7, ("BP-100", 2))
    system.import_orders()
    system.enter(order_id, ("BP-100", 2), shipment_ref="p1")
    system.send()

    system.enter(order_id, ("BP-100", 2), shipment_ref="p1", tracking_number="1Z999AA10123456792")
    system.send()
    system.send()

    assert [row[6] for feed in system.feeds() for row in system.rows(feed)] == [
        NUMBER,
        "1Z999AA10123456792",
    ]
    assert system.only(order_id).outbound is Outbound.ACCEPTED
    [package] = system.amazon.seller().orders[order_id].confirmed
    assert package.tracking_number == "1Z999AA10123456792"


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


def test_an_unlisted_carrier_goes_as_other_with_its_name(system: TrackingSystem) -> None:
    order_id = system.order(12, ("BP-100", 2))
    system.import_orders()

    system.enter(order_id, ("BP-100", 2), carrier="Sample Couriers")
    system.send()

    [feed] = system.feeds()
    assert [row[4:6] for row in system.rows(feed)] == [["Other", "Sample Couriers"]]
    assert system.only(order_id).outbound is Outbound.ACCEPTED
    assert "Amazon does not list the carrier" in system.only(order_id).warnings[0]


def test_a_row_amazon_rejects_puts_the_order_back_until_it_is_corrected(
    system: TrackingSystem,
) -> None:
    good = system.order(13, ("BP-100", 1))
    bad = system.order(14, ("BP-100", 1))
    system.import_orders()
    system.enter(good, ("BP-100", 1))
    system.enter(bad, ("BP-100", 1), shipment_ref="p1")
    system.amazon.add_fault("row_verdict", code="25441", order_id=bad, message="No such order.")

    system.send()

    assert system.stands(good) == [(Outbound.ACCEPTED, "")]
    assert system.stands(bad) == [(Outbound.REFUSED, "amazon")]
    [issue] = system.only(bad).issues
    assert (issue.code, issue.is_error, issue.message) == ("25441", True, "No such order.")
    assert system.known(good).status is OrderStatus.FULFILLED
    assert system.known(bad).status is OrderStatus.NEW
    system.send()
    assert len(system.feeds()) == 1

    system.enter(bad, ("BP-100", 1), shipment_ref="p1", tracking_number="1Z999AA10123456792")
    system.send()
    assert system.stands(bad) == [(Outbound.ACCEPTED, "")]
    assert system.known(bad).status is OrderStatus.FULFILLED


@pytest.mark.parametrize("fault", ["feed_cancelled", "feed_fatal"])
def test_a_feed_without_effect_is_sent_once_more(system: TrackingSystem, fault: str) -> None:
    order_id = system.order(15, ("BP-100", 2))
    system.import_orders()
    system.enter(order_id, ("BP-100", 2))
    system.amazon.add_fault(fault)

    system.send()
    assert system.stands(order_id) == [(Outbound.DUE, "")]
    assert system.known(order_id).status is OrderStatus.NEW
    system.send()

    assert len(system.feeds()) == 2
    assert system.stands(order_id) == [(Outbound.ACCEPTED, "")]


@pytest.mark.parametrize("fault", ["result_empty", "result_truncated", "result_foreign"])
def test_a_result_that_says_nothing_moves_nothing_until_the_packages_are_read(
    system: TrackingSystem, fault: str
) -> None:
    order_id = system.order(16, ("BP-100", 2))
    system.import_orders()
    system.enter(order_id, ("BP-100", 2))
    system.amazon.add_fault(fault)

    system.send()
    [feed] = system.feeds()
    assert feed.state is FeedState.UNVERIFIED
    assert system.stands(order_id) == [(Outbound.IN_FEED, "")]
    assert system.known(order_id).shipping["confirmation"] == "sent"
    assert system.known(order_id).next_read_at == system.clock.now()

    system.clock.advance(3600)
    system.refresh()
    assert system.stands(order_id) == [(Outbound.ACCEPTED, "")]
    assert system.feeds()[0].state is FeedState.APPLIED
    assert system.known(order_id).shipping["confirmation"] == "confirmed"


def test_what_a_silent_feed_did_not_do_goes_again_hours_later(system: TrackingSystem) -> None:
    order_id = system.order(17, ("BP-100", 2))
    system.import_orders()
    system.enter(order_id, ("BP-100", 2))
    system.amazon.add_fault("feed_ignored")
    system.amazon.add_fault("result_empty")
    system.send()

    system.clock.advance(7 * 3600)
    system.refresh()
    assert system.stands(order_id) == [(Outbound.DUE, "")]
    assert system.feeds()[0].state is FeedState.APPLIED
    system.send()

    assert system.stands(order_id) == [(Outbound.ACCEPTED, "")]


def test_writing_switched_off_prepares_and_shows_and_sends_nothing(url: str) -> None:
    off = {"ACCOUNTS__DEMO__AMAZON_WRITES": "false"}
    with tracking_system(url, off) as system:
        first = system.order(19, ("BP-100", 2))
        second = system.order(20, ("BP-100", 2))
        system.import_orders()
        system.enter(first, ("BP-100", 2))
        system.send()
        system.send()
        [feed] = system.feeds()
        assert (feed.dry, feed.state) == (True, FeedState.PREPARED)
        system.enter(second, ("BP-100", 2))
        system.send()

        assert [len(system.rows(each)) for each in system.feeds()] == [1, 2]
        assert system.stands(first) == [(Outbound.DUE, "")]
        assert system.amazon.calls("createFeedDocument") == 0


def test_nearest_ship_by_first_and_the_rest_with_the_next_feed(url: str) -> None:
    with tracking_system(url, {"FULFILLMENT__ORDERS_PER_FEED": "2"}) as system:
        numbers = {21: 5, 22: 1, 23: 3}
        for number, days in numbers.items():
            system.order(number, ("BP-100", 1), ship_days=days)
        system.import_orders()
        for number in numbers:
            system.enter(f"111-0000000-{number:07d}", ("BP-100", 1))
        system.send()
        system.send()

        sent = [[row[0][-2:] for row in system.rows(feed)] for feed in system.feeds()]
        assert sent == [["22", "23"], ["21"]]


def test_a_code_that_heals_is_tried_again_by_itself(url: str) -> None:
    with tracking_system(url, {"FULFILLMENT__TRANSIENT_CODES": "99999, 99998"}) as system:
        order_id = system.order(24, ("BP-100", 1))
        system.import_orders()
        system.enter(order_id, ("BP-100", 1))
        system.amazon.add_fault("row_verdict", code="99999")
        system.send()
        assert system.stands(order_id) == [(Outbound.REFUSED, "amazon")]
        system.clock.advance(29 * 60)
        system.resolve(order_id)
        assert system.stands(order_id) == [(Outbound.REFUSED, "amazon")]
        system.clock.advance(120)
        system.resolve(order_id)
        system.send()
        assert system.stands(order_id) == [(Outbound.ACCEPTED, "")]
