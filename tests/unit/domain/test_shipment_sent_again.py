"""Content Amazon has accepted before, and that goes once more: what becomes of it then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from domain.order_shipping import shipping_summary
from domain.shipment_outcomes import (
    ItemVerdict,
    RowOutcome,
    with_verdicts,
    without_effect,
)
from domain.shipment_retries import sent_once_more
from domain.shipments import Outbound, Reason, ShipmentBook
from tests.fakes.order_values import NOW
from tests.fakes.shipping_values import (
    BAD_CODE,
    FILTER,
    PADS,
    accepted,
    after,
    book_of,
    entry,
    in_feed,
    only,
    stands,
    to_ship,
    verdict_on,
)

ORDER = to_ship()
LATER = NOW + timedelta(hours=7)


def missed_and_retried() -> ShipmentBook:
    """Return a book whose only package was accepted, never shown, and tried once more."""
    book = accepted(entry(1, (PADS, 2), ref="P1"), order=ORDER)
    book = book.with_shipment(replace(only(book), not_applied_at=LATER))
    return stands(sent_once_more(book, only(book).shipment_id, by="cli", now=LATER), ORDER)


def test_a_feed_without_effect_does_not_forget_that_it_was_to_go_once_more() -> None:
    book = in_feed(missed_and_retried(), ORDER, "F2")

    book = stands(without_effect(book, "F2", "cancelled", now=NOW), ORDER)

    assert only(book).outbound is Outbound.DUE
    book = verdict_on(in_feed(book, ORDER, "F3"), ORDER, feed="F3")
    assert only(book).outbound is Outbound.ACCEPTED


def test_a_feed_without_effect_sends_nothing_again_that_was_corrected_back() -> None:
    book = accepted(entry(1, (PADS, 2), ref="P1"), order=ORDER)
    other = entry(2, (PADS, 2), ref="P1", tracking_number="1Z2")
    book = in_feed(stands(book_of(other, book=book), ORDER), ORDER, "F2")
    book = stands(book_of(entry(3, (PADS, 2), ref="P1"), book=book), ORDER)

    book = stands(without_effect(book, "F2", "cancelled", now=NOW), ORDER)

    assert only(book).outbound is Outbound.ACCEPTED


def test_what_amazon_refuses_the_second_time_is_refused_and_published() -> None:
    book = in_feed(missed_and_retried(), ORDER, "F2")

    book = verdict_on(book, ORDER, BAD_CODE, feed="F2", outcome=RowOutcome.REJECTED)

    assert (only(book).outbound, only(book).reason) == (Outbound.REFUSED, Reason.AMAZON)
    assert [event.type for event in book.outbox] == ["shipment.accepted", "shipment.rejected"]
    # Amazon may have taken it the first time: nobody else gets the units.
    summary = shipping_summary(book)
    assert (summary["sent"], summary["claimed"]) == ({}, {PADS: 2})


def test_what_was_refused_the_second_time_goes_again_when_corrected() -> None:
    book = in_feed(missed_and_retried(), ORDER, "F2")
    book = verdict_on(book, ORDER, BAD_CODE, feed="F2", outcome=RowOutcome.REJECTED)

    fixed = entry(2, (PADS, 2), ref="P1", tracking_number="1Z2")
    book = stands(book_of(fixed, book=book), ORDER)

    assert only(book).outbound is Outbound.DUE
    book = verdict_on(in_feed(book, ORDER, "F3"), ORDER, feed="F3")
    assert shipping_summary(book)["sent"] == {PADS: 2}


def test_beside_a_refused_row_one_nobody_judged_is_not_taken_for_accepted() -> None:
    book = in_feed(after(entry(1, (PADS, 2), (FILTER, 1)), order=ORDER), ORDER)
    verdicts = {
        only(book).shipment_id: [
            ItemVerdict(PADS, RowOutcome.UNVERIFIED),
            ItemVerdict(FILTER, RowOutcome.REJECTED, (BAD_CODE,)),
        ]
    }

    book = stands(with_verdicts(book, "F1", verdicts, now=NOW), ORDER)

    assert only(book).outbound is Outbound.REFUSED
    summary = shipping_summary(book)
    assert (summary["sent"], summary["claimed"]) == ({}, {PADS: 2})
