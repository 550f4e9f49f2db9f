from __future__ import annotations

from datetime import timedelta

import pytest

from config.carriers import carriers
from domain.orders import Order
from domain.shipment_judging import judged
from domain.shipment_outcomes import RowOutcome
from domain.shipments import Outbound, Reason, waits_too_long
from tests.fakes.order_values import NOW, imported
from tests.fakes.shipping_values import (
    BAD_CODE,
    FILTER,
    NUMBER,
    OTHER_NUMBER,
    PADS,
    accepted,
    after,
    book_of,
    entry,
    in_feed,
    item,
    numbers,
    only,
    stands,
    to_ship,
    verdict_on,
)


def test_an_entry_for_a_paid_order_is_due_with_amazons_ids_and_code() -> None:
    shipment = only(after(entry(1, ("BP-100", 2), (FILTER, 1)), order=to_ship()))

    assert shipment.outbound is Outbound.DUE
    assert [(x.order_item_id, x.quantity) for x in shipment.lines] == [(PADS, 2), (FILTER, 1)]
    assert (shipment.carrier_code, shipment.carrier_name) == ("UPS", "UPS")
    assert shipment.warnings == ()
    assert (shipment.content.tracking_number, shipment.content.ship_method) == (NUMBER, "Ground")


def test_units_of_one_item_entered_twice_in_a_package_add_up() -> None:
    shipment = only(after(entry(1, ("BP-100", 1), (PADS, 1)), order=to_ship()))

    assert [(x.order_item_id, x.quantity) for x in shipment.lines] == [(PADS, 2)]


def test_the_same_event_again_changes_nothing() -> None:
    book = after(entry(1), order=to_ship())

    assert book_of(entry(1), book=book) == book
    assert book_of(entry(1, tracking_number="other"), book=book) == book


@pytest.mark.parametrize(
    ("_case", "order", "reason"),
    [
        ("not imported", None, Reason.ORDER_UNKNOWN),
        ("pending", to_ship(amazon_status="Pending"), Reason.ORDER_PENDING),
        ("preordered", to_ship(amazon_status="PENDING_AVAILABILITY"), Reason.ORDER_PENDING),
        ("not enriched", imported(amazon_status="Unshipped"), Reason.ORDER_NOT_ENRICHED),
    ],
)
def test_an_early_entry_waits_and_joins_later(
    _case: str, order: Order | None, reason: Reason
) -> None:
    book = after(entry(1), order=order)

    assert (only(book).outbound, only(book).reason) == (Outbound.WAITING, reason)
    assert only(book).explanation != ""
    assert book.outbox == ()
    assert only(stands(book, to_ship())).outbound is Outbound.DUE


def test_six_hours_of_waiting_are_worth_a_look() -> None:
    waiting = only(after(entry(1), order=None))

    assert not waits_too_long(waiting, now=NOW + timedelta(hours=5, minutes=59))
    assert waits_too_long(waiting, now=NOW + timedelta(hours=6))
    assert not waits_too_long(only(after(entry(1), order=to_ship())), now=NOW + timedelta(days=9))


def test_waiting_counts_from_the_first_moment_not_from_the_last_look() -> None:
    book = after(entry(1), order=None)

    later = judged(book, None, carriers(), now=NOW + timedelta(hours=3))

    assert only(later).since == NOW


def test_waiting_goes_on_when_it_is_for_something_else_or_of_another_content() -> None:
    book = after(entry(1, ref="P1"), order=None)
    pending = to_ship(amazon_status="Pending")

    paid = judged(book, pending, carriers(), now=NOW + timedelta(hours=3))
    fixed = book_of(entry(2, ref="P1", tracking_number=OTHER_NUMBER), book=paid)
    fixed = judged(fixed, pending, carriers(), now=NOW + timedelta(hours=5))

    assert (only(paid).reason, only(paid).since) == (Reason.ORDER_PENDING, NOW)
    assert only(fixed).since == NOW
    assert waits_too_long(only(fixed), now=NOW + timedelta(hours=6))
    assert only(stands(fixed, to_ship())).outbound is Outbound.DUE


@pytest.mark.parametrize(
    ("_case", "order", "items", "reason"),
    [
        ("fba", to_ship(fulfilled_by="AMAZON"), [(PADS, 1)], Reason.FULFILLED_BY_AMAZON),
        ("cancelled", to_ship(amazon_status="Cancelled"), [(PADS, 1)], Reason.ORDER_CANCELLED),
        (
            "unfulfillable",
            to_ship(amazon_status="UNFULFILLABLE"),
            [(PADS, 1)],
            Reason.ORDER_UNFULFILLABLE,
        ),
        ("too many", to_ship(), [(PADS, 3)], Reason.OVER_QUANTITY),
        ("no such item", to_ship(), [("00000000000009", 1)], Reason.UNKNOWN_ITEM),
        ("no such sku", to_ship(), [("XX-1", 1)], Reason.UNKNOWN_ITEM),
        ("neither", to_ship(item(PADS, "", 1)), [("", 1)], Reason.UNKNOWN_ITEM),
        (
            "sku twice",
            to_ship(item(PADS, "BP-100", 1), item(FILTER, "BP-100", 2)),
            [("BP-100", 1)],
            Reason.AMBIGUOUS_SKU,
        ),
    ],
)
def test_what_can_never_be_shipped_so_is_refused_and_published(
    _case: str, order: Order, items: list[tuple[str, int]], reason: Reason
) -> None:
    book = after(entry(1, *items), order=order)

    assert (only(book).outbound, only(book).reason) == (Outbound.REFUSED, reason)
    [event] = book.outbox
    assert event.type == "shipment.rejected"
    assert event.body["reason"] == reason
    assert event.body["source_event_id"] == "shop-1"
    assert event.body["explanation"] == only(book).explanation != ""


def test_a_refusal_says_what_to_send() -> None:
    order = to_ship(item(PADS, "BP-100", 1), item(FILTER, "BP-100", 2))

    shipment = only(after(entry(1, ("BP-100", 1)), order=order))

    assert f"{PADS} (1 units), {FILTER} (2 units)" in shipment.explanation


def test_a_refused_shipment_stays_refused_and_is_told_once() -> None:
    book = after(entry(1, (PADS, 3)), order=to_ship())
    again = stands(book, to_ship(item(PADS, "BP-100", 9)))

    assert only(again).outbound is Outbound.REFUSED
    assert len(again.outbox) == 1


def test_a_carrier_amazon_does_not_list_goes_as_other_with_a_warning() -> None:
    shipment = only(after(entry(1, carrier="Spee-Dee"), order=to_ship()))

    assert (shipment.outbound, shipment.carrier_code) == (Outbound.DUE, "Other")
    assert shipment.carrier_name == "Spee-Dee"
    assert "does not list" in shipment.warnings[0]


def test_an_odd_tracking_number_warns_and_does_not_block() -> None:
    shipment = only(after(entry(1, tracking_number="123"), order=to_ship()))

    assert shipment.outbound is Outbound.DUE
    assert "does not look like one of UPS" in shipment.warnings[0]


def test_the_same_reference_and_newer_is_a_correction() -> None:
    book = after(
        entry(1, ref="P1"), entry(2, ref="P1", tracking_number=OTHER_NUMBER), order=to_ship()
    )

    assert numbers(book) == [(OTHER_NUMBER, Outbound.DUE)]


def test_the_same_reference_and_older_is_recorded_and_ignored() -> None:
    book = after(
        entry(2, ref="P1"),
        entry(1, ref="P1", tracking_number=OTHER_NUMBER),
        order=to_ship(),
    )

    assert numbers(book) == [(NUMBER, Outbound.DUE)]
    assert "an older entry came late and was ignored" in [h.what for h in only(book).history]


def test_a_package_keeps_its_turn_from_its_oldest_entry_however_late_that_came() -> None:
    order = to_ship(item(PADS, "BP-100", 1))
    early, late = entry(1, ref="P1", minute=1), entry(2, ref="P1", minute=5)
    book = stands(book_of(late, entry(3, ref="P2", minute=3), early), order)

    assert {each.shipment_ref: each.outbound for each in book.shipments} == {
        "P1": Outbound.DUE,
        "P2": Outbound.REFUSED,
    }


def test_units_go_to_the_package_entered_first_however_late_it_came() -> None:
    order = to_ship(item(PADS, "BP-100", 1))

    book = after(entry(1, ref="P2", minute=3), entry(2, ref="P1", minute=1), order=order)

    assert {each.shipment_ref: each.outbound for each in book.shipments} == {
        "P1": Outbound.DUE,
        "P2": Outbound.REFUSED,
    }


def test_another_reference_is_another_package() -> None:
    book = after(entry(1, ref="P1"), entry(2, ref="P2"), order=to_ship())

    assert [each.shipment_ref for each in book.shipments] == ["P1", "P2"]
    assert {each.outbound for each in book.shipments} == {Outbound.DUE}


def test_the_second_package_with_units_that_are_not_left_is_refused() -> None:
    book = after(entry(1, (PADS, 2), ref="P1"), entry(2, (PADS, 1), ref="P2"), order=to_ship())

    first, second = book.shipments
    assert (first.outbound, second.outbound) == (Outbound.DUE, Outbound.REFUSED)
    assert second.explanation == f"item {PADS} has 0 units left to ship, 1 were entered"


def test_a_package_amazon_refused_is_not_what_a_later_entry_corrects() -> None:
    order = to_ship()
    refused = verdict_on(
        in_feed(after(entry(1, (PADS, 2), ref="P1"), order=order), order),
        order,
        BAD_CODE,
        outcome=RowOutcome.REJECTED,
    )
    book = stands(book_of(entry(2, (PADS, 2), ref="P2"), book=refused), order)

    late = entry(3, (PADS, 2), tracking_number=OTHER_NUMBER)
    book = stands(book_of(late, book=book), order)

    assert numbers(book) == [(NUMBER, Outbound.REFUSED), (OTHER_NUMBER, Outbound.DUE)]


def test_other_items_of_a_full_order_are_over_quantity_not_ambiguous() -> None:
    book = after(entry(1, (PADS, 2)), entry(2, (FILTER, 2)), order=to_ship())

    assert book.shipments[1].reason is Reason.OVER_QUANTITY


def test_units_confirmed_in_seller_central_are_not_left_for_us() -> None:
    order = to_ship(item(PADS, "BP-100", unshipped=1, shipped=1))

    assert only(after(entry(1, (PADS, 2)), order=order)).reason is Reason.OVER_QUANTITY
    assert only(after(entry(1, (PADS, 1)), order=order)).outbound is Outbound.DUE


def test_units_amazon_shows_because_of_us_are_not_counted_twice() -> None:
    book = accepted(entry(1, (PADS, 1), ref="P1"), order=to_ship())
    shown = to_ship(item(PADS, "BP-100", unshipped=1, shipped=1))

    book = stands(book_of(entry(2, (PADS, 1), ref="P2"), book=book), shown)

    assert [each.outbound for each in book.shipments] == [Outbound.ACCEPTED, Outbound.DUE]


def test_a_cancelled_unit_cannot_be_shipped() -> None:
    order = to_ship(item(PADS, "BP-100", unshipped=1))

    assert only(after(entry(1, (PADS, 2)), order=order)).reason is Reason.OVER_QUANTITY


def test_a_cancel_refuses_what_is_due_and_leaves_what_is_accepted() -> None:
    book = accepted(entry(1, ref="P1"), order=to_ship())
    book = stands(book_of(entry(2, ref="P2"), book=book), to_ship())

    cancelled = stands(book, to_ship(amazon_status="Cancelled"))

    assert [each.outbound for each in cancelled.shipments] == [
        Outbound.ACCEPTED,
        Outbound.REFUSED,
    ]
