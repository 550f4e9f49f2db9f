"""Entries that name no package: whose they are, by what is in them and what is left."""

from __future__ import annotations

from domain.orders import Order
from domain.shipment_outcomes import RowOutcome
from domain.shipments import Outbound, Reason, ShipmentBook
from tests.fakes.shipping_values import (
    BAD_CODE,
    NUMBER,
    OTHER_NUMBER,
    PADS,
    accepted,
    after,
    book_of,
    entry,
    in_feed,
    numbers,
    only,
    stands,
    to_ship,
    verdict_on,
)


def test_without_reference_units_left_make_it_another_package() -> None:
    book = after(entry(1), entry(2, tracking_number=OTHER_NUMBER), order=to_ship())

    assert numbers(book) == [(NUMBER, Outbound.DUE), (OTHER_NUMBER, Outbound.DUE)]


def test_without_reference_the_very_same_content_is_the_same_package() -> None:
    book = after(entry(1), entry(2), order=to_ship())

    assert numbers(book) == [(NUMBER, Outbound.DUE)]
    assert only(book).content.source_event_id == "shop-2"
    assert only(book).history[-1].what == "entered again, nothing new"


def test_without_reference_the_very_same_content_is_known_however_it_arrives() -> None:
    order = to_ship()
    late, early = after(entry(2), entry(1), order=order), book_of(entry(1), entry(2))

    assert numbers(late) == numbers(stands(early, order)) == [(NUMBER, Outbound.DUE)]
    assert numbers(accepted_twice(order)) == [(NUMBER, Outbound.ACCEPTED)]


def accepted_twice(order: Order) -> ShipmentBook:
    book = accepted(entry(1), order=order)
    return stands(book_of(entry(2), book=book), order)


def test_without_reference_refused_content_does_not_go_again_as_another_package() -> None:
    order = to_ship()
    refused = verdict_on(
        in_feed(after(entry(1), order=order), order),
        order,
        BAD_CODE,
        outcome=RowOutcome.REJECTED,
    )

    assert numbers(stands(book_of(entry(2), book=refused), order)) == [(NUMBER, Outbound.REFUSED)]


def test_without_reference_and_units_it_corrects_the_only_package_of_these_items() -> None:
    book = after(
        entry(1, (PADS, 2)), entry(2, (PADS, 2), tracking_number=OTHER_NUMBER), order=to_ship()
    )

    assert numbers(book) == [(OTHER_NUMBER, Outbound.DUE)]
    assert only(book).content.source_event_id == "shop-2"


def test_without_reference_a_late_older_entry_of_the_only_package_is_ignored() -> None:
    book = after(
        entry(2, (PADS, 2)), entry(1, (PADS, 2), tracking_number=OTHER_NUMBER), order=to_ship()
    )

    assert numbers(book) == [(NUMBER, Outbound.DUE)]


def test_without_reference_and_several_packages_it_is_refused_saying_what_to_send() -> None:
    numbered = [entry(n, tracking_number=f"1Z{n}") for n in (1, 2, 3)]
    book = after(*numbered, order=to_ship())

    third = book.shipments[2]
    assert (third.outbound, third.reason) == (Outbound.REFUSED, Reason.AMBIGUOUS_CORRECTION)
    assert "send the shipment_ref" in third.explanation


def test_an_early_correction_without_reference_finds_its_package_when_the_order_arrives() -> None:
    early = book_of(entry(1, (PADS, 2)), entry(2, (PADS, 2), tracking_number=OTHER_NUMBER))

    assert numbers(stands(early, to_ship())) == [(OTHER_NUMBER, Outbound.DUE)]
