"""Shipments and the verdicts on their feeds, retries by hand, and what their order shows of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.order_shipping import shipping_summary, with_shipping
from domain.order_status import shown_status
from domain.orders import Order, OrderStatus
from domain.shipment_outcomes import (
    ItemVerdict,
    RowOutcome,
    done_by_hand,
    prepared,
    retried,
    retry_at,
    submitted,
    with_verdicts,
)
from domain.shipments import Issue, Outbound, Reason, ShipmentBook
from tests.fakes.order_values import NOW
from tests.fakes.shipping_values import (
    BAD_CODE,
    FILTER,
    NEW_BOOK,
    PADS,
    accepted,
    after,
    book_of,
    entry,
    in_feed,
    only,
    sent,
    stands,
    to_ship,
    verdict_on,
)

ORDER = to_ship()
WARNING = Issue("5000", is_error=False, message="does not match the expected format")
REJECTED = RowOutcome.REJECTED


def test_a_due_shipment_is_claimed_by_one_feed_only() -> None:
    book = after(entry(1), order=ORDER)
    shipment = only(book)

    first = prepared(book, shipment.shipment_id, digest=shipment.wanted, feed="F1", now=NOW)

    assert first is not None
    book = stands(first, ORDER)
    assert (only(book).outbound, only(book).feed) == (Outbound.IN_FEED, "F1")
    key = {"digest": shipment.wanted, "now": NOW}
    assert prepared(book, shipment.shipment_id, feed="F2", **key) is None  # type: ignore[arg-type]
    assert prepared(book, shipment.shipment_id, feed="F1", **key) == book  # type: ignore[arg-type]


@pytest.mark.parametrize("digest", ["", "another content"])
def test_a_file_written_with_another_content_claims_nothing(digest: str) -> None:
    book = after(entry(1), order=ORDER)

    assert prepared(book, only(book).shipment_id, digest=digest, feed="F1", now=NOW) is None
    assert prepared(book, "unknown", digest=digest, feed="F1", now=NOW) is None


def test_a_correction_not_judged_yet_is_not_claimed() -> None:
    book = after(entry(1, ref="P1"), order=ORDER)
    book = book_of(entry(2, ref="P1", tracking_number="other"), book=book)
    shipment = only(book)

    claimed = prepared(book, shipment.shipment_id, digest=shipment.wanted, feed="F1", now=NOW)

    assert claimed is None


def test_a_shipment_all_rows_of_which_amazon_takes_is_accepted_and_published() -> None:
    book = verdict_on(sent((PADS, 2), (FILTER, 1)), ORDER, WARNING)

    assert only(book).outbound is Outbound.ACCEPTED
    assert only(book).accepted == only(book).wanted
    assert only(book).issues == (WARNING, WARNING)
    assert [event.type for event in book.outbox] == ["shipment.accepted"]
    assert book.outbox[0].body["issues"][0]["message"] == WARNING.message


def test_a_shipment_with_one_refused_row_is_refused_in_amazons_words() -> None:
    book = sent((PADS, 2), (FILTER, 1))
    verdicts = {
        only(book).shipment_id: [
            ItemVerdict(PADS, RowOutcome.ACCEPTED),
            ItemVerdict(FILTER, REJECTED, (BAD_CODE,)),
        ]
    }

    book = stands(with_verdicts(book, "F1", verdicts, now=NOW), ORDER)

    assert (only(book).outbound, only(book).reason) == (Outbound.REFUSED, Reason.AMAZON)
    assert only(book).explanation == "25441 The order-id is not valid"
    assert [(x.order_item_id, x.quantity) for x in only(book).accepted_lines] == [(PADS, 2)]
    assert book.outbox[-1].body["issues"] == [
        {"code": "25441", "is_error": True, "message": "The order-id is not valid"}
    ]


def test_refused_content_is_not_sent_again_until_it_is_corrected() -> None:
    book = verdict_on(sent((PADS, 2)), ORDER, BAD_CODE, outcome=REJECTED)
    again = stands(book_of(entry(2, (PADS, 2), ref="P1"), book=book), ORDER)
    fixed = stands(book_of(entry(3, (PADS, 2), ref="P1", tracking_number="1Z2"), book=again), ORDER)

    assert only(again).outbound is Outbound.REFUSED
    assert only(fixed).outbound is Outbound.DUE


def test_a_retry_by_hand_sends_the_same_content_again() -> None:
    book = verdict_on(sent(), ORDER, BAD_CODE, outcome=REJECTED)

    book = stands(retried(book, only(book).shipment_id, by="cli", now=NOW), ORDER)

    assert (only(book).outbound, only(book).reason) == (Outbound.DUE, Reason.NONE)
    book = verdict_on(in_feed(book, ORDER, "F2"), ORDER, feed="F2")
    assert only(book).outbound is Outbound.ACCEPTED


def test_each_refusal_of_the_same_content_is_an_event_of_its_own() -> None:
    book = verdict_on(sent(), ORDER, BAD_CODE, outcome=REJECTED)
    book = stands(retried(book, only(book).shipment_id, by="cli", now=NOW), ORDER)
    book = verdict_on(in_feed(book, ORDER, "F2"), ORDER, BAD_CODE, feed="F2", outcome=REJECTED)

    assert [event.type for event in book.outbox] == ["shipment.rejected"] * 2
    assert len({event.event_id for event in book.outbox}) == 2


def test_only_what_is_refused_can_be_retried_and_only_manual_work_done_by_hand() -> None:
    book = after(entry(1), order=ORDER)

    assert retried(book, only(book).shipment_id, by="cli", now=NOW) == book
    assert retried(book, "unknown", by="cli", now=NOW) == book
    assert done_by_hand(book, only(book).shipment_id, by="cli", now=NOW) == book


def test_manual_work_that_was_done_counts_as_accepted() -> None:
    book = accepted(entry(1, (PADS, 2), ref="P1"), order=ORDER)
    book = stands(book_of(entry(2, (PADS, 1), ref="P1"), book=book), ORDER)

    book = stands(done_by_hand(book, only(book).shipment_id, by="cli", now=NOW), ORDER)

    assert only(book).outbound is Outbound.ACCEPTED
    assert shipping_summary(book)["claimed"] == {PADS: 1}


def test_the_verdict_of_another_feed_does_not_touch_it() -> None:
    book = sent()

    assert verdict_on(book, ORDER, feed="F0").shipments == book.shipments


@pytest.mark.parametrize(
    ("refusals", "minutes"), [(0, 30), (1, 30), (2, 60), (3, 120), (6, 720), (5000, 720)]
)
def test_transient_refusals_are_tried_again_with_growing_waits(refusals: int, minutes: int) -> None:
    book = verdict_on(sent(), ORDER, BAD_CODE, outcome=REJECTED)
    shipment = replace(only(book), refusals=refusals)

    assert retry_at(shipment, {"25441"}) == NOW + timedelta(minutes=minutes)


def test_other_refusals_are_never_tried_again_by_themselves() -> None:
    other = Issue("90012", is_error=True, message="")
    refused = only(verdict_on(sent(), ORDER, BAD_CODE, other, outcome=REJECTED))
    ours = only(after(entry(1, (PADS, 9)), order=ORDER))

    assert retry_at(refused, {"25441"}) is None
    assert retry_at(ours, {"25441"}) is None
    assert retry_at(only(sent()), {"25441"}) is None


def shown(book: ShipmentBook, order: Order = ORDER) -> tuple[OrderStatus, str]:
    told = with_shipping(order, book, cause="shipments", now=NOW)
    assert told is not None
    assert told.status is shown_status(told)
    return told.status, told.shipping["confirmation"]


def test_an_order_is_fulfilled_once_all_its_units_are_in_a_submitted_feed() -> None:
    everything = after(entry(1, (PADS, 2), (FILTER, 1), ref="P1"), order=ORDER)
    part = after(entry(1, (PADS, 2), ref="P1"), order=ORDER)
    claimed = prepared(
        everything,
        only(everything).shipment_id,
        digest=only(everything).wanted,
        feed="F1",
        now=NOW,
    )
    assert claimed is not None

    assert shown(everything) == (OrderStatus.NEW, "")
    assert shown(stands(claimed, ORDER)) == (OrderStatus.NEW, "")
    assert shown(in_feed(part, ORDER)) == (OrderStatus.NEW, "sent")
    assert shown(in_feed(everything, ORDER)) == (OrderStatus.FULFILLED, "sent")


def test_amazons_verdict_confirms_the_order_or_takes_it_back() -> None:
    out = sent((PADS, 2), (FILTER, 1))

    assert shown(verdict_on(out, ORDER)) == (OrderStatus.FULFILLED, "confirmed")
    refused = verdict_on(out, ORDER, BAD_CODE, outcome=REJECTED)
    assert shown(refused) == (OrderStatus.NEW, "")


def test_a_change_of_status_by_shipments_is_announced_with_its_confirmation() -> None:
    order = with_shipping(ORDER, sent((PADS, 2), (FILTER, 1)), cause="feed F1", now=NOW)
    assert order is not None

    assert order.outbox[-1].type == "order.fulfilled"
    assert order.outbox[-1].body["confirmation"] == "sent"
    assert order.history[-1].what == "status ORDER_NEW -> ORDER_FULFILLED"


def test_a_cancel_after_shipping_is_shown_with_the_package_still_accepted() -> None:
    book = accepted(entry(1, (PADS, 2), (FILTER, 1)), order=ORDER)
    cancelled = replace(ORDER, amazon_status="CANCELLED")

    assert shown(stands(book, cancelled), cancelled) == (OrderStatus.CANCELED, "confirmed")


def test_an_order_that_knows_its_shipments_is_not_written_again() -> None:
    book = sent((PADS, 2))
    order = with_shipping(ORDER, book, cause="feed F1", now=NOW)
    assert order is not None

    assert with_shipping(order, book, cause="feed F1", now=NOW) is None
    assert with_shipping(ORDER, NEW_BOOK, cause="feed F1", now=NOW) is None


def test_taking_the_feed_twice_notes_it_once() -> None:
    book = sent()

    assert submitted(book, "F1", now=NOW + timedelta(hours=1)) == book
