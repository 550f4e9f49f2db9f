from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cli.demo_shipping import LABELS, Shipping, early, one_too_many, packed
from cli.demo_shipping_story import shipping_counts, shipping_screen
from cli.output import show
from domain.orders import Order
from domain.shipment_outcomes import RowOutcome
from domain.shipments import ShipmentBook, taken_in
from store.shipment_views import ShipmentRow
from tests.fakes.order_values import NOW
from tests.fakes.shipping_values import (
    BAD_CODE,
    PADS,
    accepted,
    entry,
    in_feed,
    stands,
    to_ship,
    verdict_on,
)

ORDER = to_ship()
FIRST = entry(1, ref="box-1")
RIGHT = entry(2, ref="box-1", tracking_number="1Z999AA10123456793")


def shipping(*books: ShipmentBook, order: Order = ORDER) -> Shipping:
    rows = [
        ShipmentRow("demo", order.order_id, None, each) for book in books for each in book.shipments
    ]
    return Shipping(tuple(rows), (), (order,), 0)


def corrected(book: ShipmentBook, order: Order = ORDER) -> ShipmentBook:
    return verdict_on(
        in_feed(stands(taken_in(book, RIGHT, now=NOW), order), order, "F2"), order, feed="F2"
    )


def refused() -> ShipmentBook:
    carried = in_feed(
        stands(taken_in(ShipmentBook("demo", ORDER.order_id), FIRST, now=NOW), ORDER), ORDER
    )
    return verdict_on(carried, ORDER, BAD_CODE, outcome=RowOutcome.REJECTED)


def test_a_correction_counts_by_what_it_corrected() -> None:
    after_acceptance = shipping_counts(shipping(corrected(accepted(FIRST, order=ORDER))))
    after_refusal = shipping_counts(shipping(corrected(refused())))

    assert after_acceptance["shipments"] == after_refusal["shipments"] == {"accepted": 1}
    assert (after_acceptance["corrected"], after_acceptance["refused_then_corrected"]) == (1, 0)
    assert (after_refusal["corrected"], after_refusal["refused_then_corrected"]) == (0, 1)


def test_a_refusal_that_nobody_corrected_is_no_correction() -> None:
    told = shipping_counts(shipping(refused()))

    assert told["shipments"] == {"refused": 1}
    assert (told["corrected"], told["refused_then_corrected"]) == (0, 0)


def test_a_package_that_waited_for_its_order_is_told_by_its_history() -> None:
    unpaid = to_ship(amazon_status="Pending")
    waiting = stands(taken_in(ShipmentBook("demo", unpaid.order_id), FIRST, now=NOW), unpaid)
    sent = verdict_on(in_feed(stands(waiting, ORDER), ORDER), ORDER)

    assert shipping_counts(shipping(waiting))["waited_then_accepted"] == 0
    assert shipping_counts(shipping(sent))["waited_then_accepted"] == 1


def test_every_package_is_shown_with_its_fate(capsys: pytest.CaptureFixture[str]) -> None:
    show(*shipping_screen(shipping(corrected(refused()))))

    told = capsys.readouterr().out
    assert "sent > refused by Amazon > corrected > sent > accepted" in told
    assert "1 refused by Amazon and then corrected" in told
    assert "1Z999AA10123456793" in told


def test_without_an_order_to_ship_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    show(*shipping_screen(Shipping((), (), (), 0)))

    assert "No order was ready to ship" in capsys.readouterr().out


def test_the_most_urgent_orders_that_are_ready_are_packed() -> None:
    soon = datetime(2026, 11, 24, tzinfo=UTC)
    orders = [
        to_ship(order_id=f"111-0000000-{n:07}", ship_by=soon - timedelta(hours=n))
        for n in range(20)
    ]
    unpaid = to_ship(order_id="111-9999999-0000001", amazon_status="Pending", ship_by=soon)

    packages = packed([*orders, unpaid])

    assert [each.order.order_id[-2:] for each in packages] == [
        str(19 - n) for n in range(len(LABELS))
    ]
    assert [each.order for each in early([*orders, unpaid])] == [unpaid]
    assert [each.order for each in one_too_many(packages)] == [packages[-1].order]
    assert one_too_many([]) == early(orders) == []
    assert PADS in [item.order_item_id for item in packages[0].order.items]
