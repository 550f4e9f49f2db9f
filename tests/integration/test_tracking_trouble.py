"""What goes wrong on the way of tracking to Amazon, and how each of it ends."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from cli.retrying import try_again
from domain.feeds import Feed, FeedState
from domain.messages import FeedProcessed, FulfillmentDue
from domain.orders import OrderStatus
from domain.shipments import Outbound
from tests.fakes.tracking import tracking_entered
from tests.fakes.tracking_system import NUMBER, TrackingSystem, item_id

RIGHT, OTHER = "1Z999AA10123456793", "1Z999AA10123456795"


def numbers(system: TrackingSystem) -> list[list[str]]:
    """Return the tracking numbers of each feed, oldest first."""
    return [[row[6] for row in system.rows(feed)] for feed in system.feeds()]


def tick(system: TrackingSystem, key: str) -> None:
    now = system.clock.now()
    system.publish(FulfillmentDue.first(key=key, account="demo", at=now, due_at=now))


def until(system: TrackingSystem, holds: Callable[[], bool]) -> None:
    """Work off message by message until something holds."""
    for _ in range(200):
        if holds():
            return
        system.broker.step()
    raise AssertionError("it never came to that")


def last(system: TrackingSystem) -> FeedState | None:
    feeds = system.feeds()
    return feeds[-1].state if feeds else None


def release(system: TrackingSystem, feed: Feed) -> None:
    """Do what `feeds release` does."""
    freed = system.app.store.feeds.release(feed.feed_id, who="kim", why="stuck")
    assert freed.owed is not None
    system.publish(
        FeedProcessed.again(
            key=f"release/{freed.feed_id}",
            account="demo",
            flow_id=freed.flow_id,
            flow_started_at=freed.flow_started_at,
            feed=freed.feed_id,
            feed_type=freed.feed_type,
            outcome=freed.owed.value,
        )
    )


def test_an_entry_that_was_recorded_and_lost_on_its_way_into_the_book_is_taken_in_by_the_sweepers(
    system: TrackingSystem,
) -> None:
    order_id = system.order(12, ("BP-100", 2))
    system.import_orders()
    bought = [{"sku": "BP-100", "quantity": 2}]
    inbox = system.app.store.tracking_inbox
    inbox.record(tracking_entered(order_id=order_id, items=bought))
    entries = system.app.store.database["tracking_entries"]
    system.sweep()
    assert system.shipments(order_id) == ()

    entries.update_one({}, {"$set": {"take_by": system.app.store.now()}})
    system.sweep()

    assert system.only(order_id).content.tracking_number == "1Z999AA10123456784"
    assert inbox.untaken(limit=9) == []
    [kept] = entries.find()
    assert "take_by" not in kept


def test_a_stale_correction_changes_nothing(system: TrackingSystem) -> None:
    order_id = system.order(1, ("BP-100", 2))
    system.import_orders()
    entered_at = system.clock.now()
    system.enter(order_id, ("BP-100", 2), shipment_ref="p", entered_at=entered_at)
    system.send()

    older = entered_at - timedelta(hours=1)
    system.enter(order_id, ("BP-100", 2), shipment_ref="p", tracking_number=OTHER, entered_at=older)
    system.send()

    assert numbers(system) == [[NUMBER]]
    assert system.stands(order_id) == [(Outbound.ACCEPTED, "")]


def test_the_same_reference_on_another_order_is_another_package(system: TrackingSystem) -> None:
    first, second = system.order(1, ("BP-100", 1)), system.order(2, ("BP-100", 1))
    system.import_orders()

    system.enter(first, ("BP-100", 1), shipment_ref="p", tracking_number=RIGHT)
    system.enter(second, ("BP-100", 1), shipment_ref="p", tracking_number=OTHER)
    system.send()

    assert [sorted(each) for each in numbers(system)] == [[RIGHT, OTHER]]
    assert system.only(first).outbound is system.only(second).outbound is Outbound.ACCEPTED


def test_tabs_line_breaks_zeros_and_foreign_letters_in_a_number_break_no_row(
    system: TrackingSystem,
) -> None:
    order_id = system.order(1, ("BP-100", 3))
    system.import_orders()

    for ref, number in (("a", "0012\t34\n5"), ("b", "テスト\u20281"), ("c", "000123")):
        system.enter(order_id, ("BP-100", 1), shipment_ref=ref, tracking_number=number)
    system.send()

    assert [sorted(each) for each in numbers(system)] == [["000123", "0012 34 5", "テスト 1"]]
    assert system.stands(order_id) == [(Outbound.ACCEPTED, "")] * 3


def test_one_of_two_packages_of_an_item_is_corrected_by_hand_and_the_rest_goes(
    system: TrackingSystem,
) -> None:
    order_id = system.order(1, ("A", 1), ("B", 2))
    system.import_orders()
    for ref, sku, number in (("1", "A", NUMBER), ("2", "B", RIGHT), ("3", "B", OTHER)):
        system.enter(order_id, (sku, 1), shipment_ref=ref, tracking_number=number)
    system.send()

    system.enter(order_id, ("B", 1), shipment_ref="2", tracking_number="1Z999AA10123456797")
    system.enter(order_id, ("A", 1), shipment_ref="1", tracking_number="1Z999AA10123456798")
    system.send()

    assert system.stands(order_id) == [
        (Outbound.ACCEPTED, ""),
        (Outbound.MANUAL, "several_packages"),
        (Outbound.ACCEPTED, ""),
    ]
    assert numbers(system)[1] == ["1Z999AA10123456798"]


def test_an_order_cancelled_while_its_feed_is_at_amazon_is_refused_in_amazons_words(
    system: TrackingSystem,
) -> None:
    order_id = system.order(1, ("BP-100", 1))
    system.import_orders()
    system.enter(order_id, ("BP-100", 1))
    system.amazon.configure(feed_queue_s=7200)
    tick(system, "due")
    until(system, lambda: last(system) is FeedState.SUBMITTED)

    system.amazon.put_order(order_id=order_id, status="CANCELLED")
    system.run()
    system.clock.advance(300)
    system.refresh()

    assert system.stands(order_id) == [(Outbound.REFUSED, "amazon")]
    assert system.only(order_id).issues[0].message == "The order is cancelled."
    assert system.known(order_id).status is OrderStatus.CANCELED
    assert "cancelled_after_shipping" not in system.known(order_id).flags


def test_the_same_content_fatal_twice_holds_the_lane_until_it_is_released(
    system: TrackingSystem,
) -> None:
    order_id = system.order(1, ("BP-100", 1))
    system.import_orders()
    system.enter(order_id, ("BP-100", 1))
    system.amazon.add_fault("feed_fatal", times=2)

    for _ in range(3):
        system.send()
    first, second = system.feeds()
    assert (first.held, second.held) == ("", "Amazon ended the same content FATAL twice")
    system.app.store.feeds.release(second.feed_id, who="kim", why="Amazon says try again")
    system.send()

    assert len(system.feeds()) == 3
    assert system.stands(order_id) == [(Outbound.ACCEPTED, "")]


def test_the_late_verdict_of_a_released_feed_does_not_leave_the_old_number_at_amazon(
    system: TrackingSystem,
) -> None:
    order_id = system.order(1, ("BP-100", 1))
    system.import_orders()
    system.enter(order_id, ("BP-100", 1), shipment_ref="p")
    system.amazon.add_fault("feed_stuck")
    tick(system, "stuck")
    until(system, lambda: last(system) is FeedState.SUBMITTED)
    system.enter(order_id, ("BP-100", 1), shipment_ref="p", tracking_number=RIGHT, run=False)
    until(system, lambda: system.only(order_id).content.tracking_number == RIGHT)
    assert system.only(order_id).outbound is Outbound.IN_FEED

    release(system, system.feeds()[0])
    until(system, lambda: system.only(order_id).outbound is Outbound.DUE)
    tick(system, "again")
    until(system, lambda: len(system.feeds()) == 2 and last(system) is FeedState.SUBMITTED)
    system.amazon.clear_faults()
    system.run()
    system.send()

    assert numbers(system) == [[NUMBER], [RIGHT], [RIGHT]]
    assert system.stands(order_id) == [(Outbound.ACCEPTED, "")]
    [package] = system.amazon.seller().orders[order_id].confirmed
    assert package.tracking_number == RIGHT
    assert system.known(order_id).shipping["claimed"] == {item_id(1): 1}


def test_going_back_to_the_number_amazon_has_sends_nothing(system: TrackingSystem) -> None:
    order_id = system.order(1, ("BP-100", 1))
    system.import_orders()
    shipped_at = system.clock.now()
    same: dict[str, Any] = {"shipment_ref": "p", "shipped_at": shipped_at}
    system.enter(order_id, ("BP-100", 1), **same)
    system.send()
    system.amazon.add_fault("row_verdict", code="25441", order_id=order_id)
    system.enter(order_id, ("BP-100", 1), tracking_number=RIGHT, **same)
    system.send()
    assert system.stands(order_id) == [(Outbound.REFUSED, "amazon")]

    system.enter(order_id, ("BP-100", 1), **same)
    system.send()

    assert system.stands(order_id) == [(Outbound.ACCEPTED, "")]
    assert numbers(system) == [[NUMBER], [RIGHT]]
    assert system.known(order_id).status is OrderStatus.FULFILLED


def test_accepted_and_not_shown_hours_later_is_not_applied_until_it_is_sent_once_more(
    system: TrackingSystem,
) -> None:
    order_id = system.order(18, ("BP-100", 2))
    system.import_orders()
    system.enter(order_id, ("BP-100", 2))
    system.amazon.add_fault("feed_ignored")
    system.send()
    assert system.stands(order_id) == [(Outbound.ACCEPTED, "")]

    system.clock.advance(7 * 3600)
    system.refresh()
    assert system.app.store.shipment_views.missed() == []
    system.app.ports.orders.change("demo", {order_id: system.due_now})
    system.refresh()

    [missed] = system.app.store.shipment_views.missed()
    assert (missed.order_id, missed.shipment.outbound) == (order_id, Outbound.ACCEPTED)
    assert missed.shipment.not_applied_at == system.clock.now()

    try_again(system.app, [missed], "not there in Seller Central")
    assert system.stands(order_id) == [(Outbound.DUE, "")]
    system.send()
    assert system.stands(order_id) == [(Outbound.ACCEPTED, "")]
    assert [row[6] for feed in system.feeds() for row in system.rows(feed)] == [NUMBER, NUMBER]
    assert system.app.store.shipment_views.missed() == []


def test_a_silent_feed_that_took_one_item_of_two_leaves_nothing_behind(
    system: TrackingSystem,
) -> None:
    order_id = system.order(1, ("A", 1), ("B", 1))
    system.import_orders()
    system.enter(order_id, ("A", 1), ("B", 1))
    refused: dict[str, Any] = {"code": "18028", "order_item_id": item_id(1, 2)}
    system.amazon.add_fault("row_verdict", **refused)
    system.amazon.add_fault("result_empty")

    system.send()
    system.clock.advance(3600)
    system.refresh()
    assert system.stands(order_id) == [(Outbound.IN_FEED, "")]
    system.clock.advance(6 * 3600)
    system.app.ports.orders.change("demo", {order_id: system.due_now})
    system.refresh()
    system.send()

    assert system.stands(order_id) == [(Outbound.ACCEPTED, "")]
    [package] = system.amazon.seller().orders[order_id].confirmed
    assert package.contents == {item_id(1): 1, item_id(1, 2): 1}
