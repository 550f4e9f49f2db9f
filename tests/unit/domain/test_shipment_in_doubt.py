"""Shipments of which nobody knows what Amazon did: unverified, without effect, late, not shown."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.order_shipping import shipping_summary
from domain.packages import Package
from domain.shipment_outcomes import (
    RowOutcome,
    is_not_applied,
    settled_by_reading,
    with_unknown_effect,
    with_verdicts,
    without_effect,
)
from domain.shipments import Outbound
from tests.fakes.order_values import NOW
from tests.fakes.shipping_values import (
    NUMBER,
    PADS,
    accepted,
    book_of,
    entry,
    in_feed,
    item,
    only,
    sent,
    stands,
    to_ship,
    verdict_on,
)

ORDER = to_ship()


def test_unverified_rows_move_nothing_until_the_order_shows_the_package() -> None:
    book = verdict_on(sent(), ORDER, outcome=RowOutcome.UNVERIFIED)
    shown = replace(ORDER, packages=(Package("1", "UPS", "1z 999 aa10123456784", None, ""),))

    assert only(book).outbound is Outbound.IN_FEED
    assert settled_by_reading(book, ORDER, "F1", now=NOW) == book
    assert settled_by_reading(book, shown, "F2", now=NOW) == book
    settled = stands(settled_by_reading(book, shown, "F1", now=NOW), shown)
    assert only(settled).outbound is Outbound.ACCEPTED


def test_a_shipment_the_verdict_does_not_name_stays_in_its_feed() -> None:
    book = stands(with_verdicts(sent(), "F1", {}, now=NOW), ORDER)

    assert only(book).outbound is Outbound.IN_FEED


def test_a_feed_that_had_no_effect_frees_its_shipments() -> None:
    book = stands(without_effect(sent(), "F1", "cancelled", now=NOW), ORDER)

    assert (only(book).outbound, only(book).in_feed) == (Outbound.DUE, "")
    assert shipping_summary(book)["sent"] == {}


def test_after_a_feed_of_unknown_effect_its_members_go_again_and_keep_their_units() -> None:
    order = to_ship(item(PADS, "BP-100", unshipped=0, shipped=2))
    book = sent((PADS, 2))

    book = with_unknown_effect(book, "F1", [only(book).shipment_id], "released", now=NOW)
    book = stands(book, order)

    assert only(book).outbound is Outbound.DUE
    assert shipping_summary(book)["claimed"] == {PADS: 2}
    assert shipping_summary(book)["sent"] == {}


def test_units_that_may_be_at_amazon_are_not_given_to_another_package() -> None:
    book = sent((PADS, 2))
    book = with_unknown_effect(book, "F1", [only(book).shipment_id], "fatal", now=NOW)
    book = stands(book_of(entry(2, (PADS, 1), ref="P1"), book=book), ORDER)

    book = stands(book_of(entry(3, (PADS, 1), ref="P2"), book=book), ORDER)

    assert [each.outbound for each in book.shipments] == [Outbound.DUE, Outbound.REFUSED]


def test_once_amazon_has_accepted_it_nothing_of_a_shipment_is_in_doubt() -> None:
    book = sent((PADS, 2))
    book = with_unknown_effect(book, "F1", [only(book).shipment_id], "fatal", now=NOW)
    book = stands(book_of(entry(2, (PADS, 1), ref="P1"), book=book), ORDER)
    book = verdict_on(in_feed(book, ORDER, "F2"), ORDER, feed="F2")

    book = stands(book_of(entry(3, (PADS, 1), ref="P2"), book=book), ORDER)

    assert [each.outbound for each in book.shipments] == [Outbound.ACCEPTED, Outbound.DUE]


def test_one_of_several_packages_goes_again_unchanged_after_a_late_verdict() -> None:
    book = accepted(entry(1, ref="P1"), entry(2, ref="P2"), order=ORDER)

    late = with_unknown_effect(book, "F1", [book.shipments[0].shipment_id], "late", now=NOW)

    assert stands(late, ORDER).shipments[0].outbound is Outbound.DUE


def test_a_late_verdict_sends_what_a_newer_feed_already_settled_once_more() -> None:
    book = sent((PADS, 2))
    member = only(book).shipment_id
    book = stands(with_unknown_effect(book, "F1", [member], "released", now=NOW), ORDER)
    book = verdict_on(in_feed(book, ORDER, "F2"), ORDER, feed="F2")
    assert only(book).outbound is Outbound.ACCEPTED

    book = stands(with_unknown_effect(book, "F1", [member], "late", now=NOW), ORDER)

    assert only(book).outbound is Outbound.DUE
    book = verdict_on(in_feed(book, ORDER, "F3"), ORDER, feed="F3")
    assert only(book).outbound is Outbound.ACCEPTED


def test_a_late_verdict_while_the_newer_feed_is_out_sends_once_more_after_it() -> None:
    book = sent((PADS, 2))
    member = only(book).shipment_id
    book = stands(with_unknown_effect(book, "F1", [member], "released", now=NOW), ORDER)
    book = in_feed(book, ORDER, "F2")

    book = stands(with_unknown_effect(book, "F1", [member, "gone"], "late", now=NOW), ORDER)
    assert (only(book).outbound, only(book).feed) == (Outbound.IN_FEED, "F2")

    assert only(verdict_on(book, ORDER, feed="F2")).outbound is Outbound.DUE


@pytest.mark.parametrize(
    ("_case", "hours", "read_after_hours", "visible", "not_applied"),
    [
        ("too early", 5, 1, False, False),
        ("late", 6, 1, False, True),
        ("visible", 9, 1, True, False),
        ("not read since", 9, -1, False, False),
    ],
)
def test_what_amazon_accepted_and_does_not_show_after_six_hours_is_not_applied(
    _case: str, hours: int, read_after_hours: int, *, visible: bool, not_applied: bool
) -> None:
    shipment = only(accepted(entry(1), order=ORDER))
    packages = (Package("1", "UPS", NUMBER, None, ""),) if visible else ()
    order = replace(ORDER, packages=packages, read_at=NOW + timedelta(hours=read_after_hours))

    assert is_not_applied(shipment, order, now=NOW + timedelta(hours=hours)) is not_applied
