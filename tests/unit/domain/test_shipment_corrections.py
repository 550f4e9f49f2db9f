from __future__ import annotations

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.carriers import carriers
from domain.messages import TrackingEntered
from domain.shipment_judging import judged
from domain.shipment_outcomes import RowOutcome
from domain.shipments import Outbound, Reason, ShipmentBook, taken_in
from tests.fakes.order_values import NOW
from tests.fakes.shipping_values import (
    BAD_CODE,
    FILTER,
    NEW_BOOK,
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


def test_a_corrected_number_goes_again_after_it_was_accepted() -> None:
    book = accepted(entry(1, (PADS, 2), ref="P1"), order=to_ship())

    book = stands(
        book_of(entry(2, (PADS, 2), ref="P1", tracking_number=OTHER_NUMBER), book=book), to_ship()
    )

    assert numbers(book) == [(OTHER_NUMBER, Outbound.DUE)]


@pytest.mark.parametrize(
    "change",
    [
        {"carrier": "fedex"},
        {"ship_method": "Overnight"},
        {"shipped_at": NOW},
        {"tracking_number": OTHER_NUMBER},
    ],
)
def test_any_change_of_what_amazon_knows_goes_again(change: dict[str, Any]) -> None:
    book = accepted(entry(1, ref="P1"), order=to_ship())

    book = stands(book_of(entry(2, ref="P1", **change), book=book), to_ship())

    assert only(book).outbound is Outbound.DUE


def test_a_correction_back_to_what_amazon_has_needs_no_feed() -> None:
    book = accepted(entry(1, ref="P1"), order=to_ship())
    book = book_of(entry(2, ref="P1", tracking_number=OTHER_NUMBER), entry(3, ref="P1"), book=book)

    assert numbers(stands(book, to_ship())) == [(NUMBER, Outbound.ACCEPTED)]


def test_fewer_units_than_amazon_accepted_is_work_for_seller_central() -> None:
    book = accepted(entry(1, (PADS, 2), ref="P1"), order=to_ship())

    book = stands(book_of(entry(2, (PADS, 1), ref="P1"), book=book), to_ship())

    assert (only(book).outbound, only(book).reason) == (Outbound.MANUAL, Reason.LOWER_QUANTITY)
    assert "Seller Central" in only(book).explanation
    assert book.outbox[-1].type == "shipment.rejected"


def test_an_item_left_out_of_an_accepted_package_is_work_for_seller_central() -> None:
    book = accepted(entry(1, (PADS, 1), (FILTER, 1), ref="P1"), order=to_ship())

    book = stands(book_of(entry(2, (PADS, 1), ref="P1"), book=book), to_ship())

    assert only(book).reason is Reason.LOWER_QUANTITY


def test_correcting_one_of_several_accepted_packages_of_an_item_is_work_for_a_person() -> None:
    book = accepted(entry(1, ref="P1"), entry(2, ref="P2"), order=to_ship())

    book = stands(book_of(entry(3, ref="P1", tracking_number=OTHER_NUMBER), book=book), to_ship())

    first, second = book.shipments
    assert (first.outbound, first.reason) == (Outbound.MANUAL, Reason.SEVERAL_PACKAGES)
    assert second.outbound is Outbound.ACCEPTED


def test_a_correction_while_in_a_feed_waits_for_the_verdict_and_goes_then() -> None:
    book = in_feed(after(entry(1, ref="P1"), order=to_ship()), to_ship())
    book = stands(book_of(entry(2, ref="P1", tracking_number=OTHER_NUMBER), book=book), to_ship())
    assert only(book).outbound is Outbound.IN_FEED

    book = verdict_on(book, to_ship())

    assert numbers(book) == [(OTHER_NUMBER, Outbound.DUE)]
    assert only(book).accepted != only(book).wanted


def test_a_correction_while_in_a_feed_goes_even_if_amazon_refused_what_it_corrects() -> None:
    book = in_feed(after(entry(1, ref="P1"), order=to_ship()), to_ship())
    book = book_of(entry(2, ref="P1", tracking_number=OTHER_NUMBER), book=book)

    book = verdict_on(book, to_ship(), BAD_CODE, outcome=RowOutcome.REJECTED)

    assert numbers(book) == [(OTHER_NUMBER, Outbound.DUE)]


KINDS = st.sampled_from([(PADS, 1), (PADS, 2), ("BP-100", 1), (FILTER, 1), ("OF-7", 1)])
ENTRIES = st.lists(
    st.builds(
        lambda number, kind, ref, minute, tracking: entry(
            number, kind, ref=ref, minute=minute, tracking_number=tracking
        ),
        st.integers(1, 5),
        KINDS,
        st.sampled_from(["", "P1", "P2"]),
        st.integers(0, 3),
        st.sampled_from([NUMBER, OTHER_NUMBER]),
    ),
    max_size=4,
    unique_by=lambda each: each.source_event_id,
)


def units_due(book: ShipmentBook) -> dict[str, int]:
    due: dict[str, int] = {}
    for shipment in book.shipments:
        if shipment.outbound is Outbound.DUE:
            for line in shipment.lines:
                due[line.order_item_id] = due.get(line.order_item_id, 0) + line.quantity
    return due


@given(ENTRIES)
def test_whatever_is_entered_no_more_units_go_out_than_were_ordered(
    entries: list[TrackingEntered],
) -> None:
    for book in (after(*entries, order=to_ship()), stands(book_of(*entries), to_ship())):
        due = units_due(book)
        assert due.get(PADS, 0) <= 2
        assert due.get(FILTER, 0) <= 1
        assert set(book.seen) == {each.source_event_id for each in entries}
        assert all(each.outbound is not Outbound.WAITING for each in book.shipments)


@given(ENTRIES)
def test_judging_twice_changes_nothing_more(entries: list[TrackingEntered]) -> None:
    book = stands(book_of(*entries), to_ship())

    assert judged(book, to_ship(), carriers(), now=NOW + timedelta(days=1)) == book


@given(ENTRIES.filter(lambda each: all(entry.shipment_ref for entry in each)))
def test_referenced_entries_end_the_same_in_whatever_order_they_arrive(
    entries: list[TrackingEntered],
) -> None:
    endings = {
        tuple(
            sorted(
                (each.shipment_ref, each.content.source_event_id, each.outbound)
                for each in stands(book_of(*shuffled), to_ship()).shipments
            )
        )
        for shuffled in permutations(entries)
    }

    assert len(endings) == 1


def test_a_flood_of_early_corrections_ends_in_the_newest() -> None:
    book = NEW_BOOK
    for number in range(1, 100):
        book = taken_in(book, entry(number, (PADS, 2), tracking_number=f"N{number}"), now=NOW)

    assert numbers(stands(book, to_ship())) == [("N99", Outbound.DUE)]


def test_an_empty_book_stays_empty() -> None:
    assert judged(NEW_BOOK, to_ship(), carriers(), now=NOW) == NEW_BOOK
