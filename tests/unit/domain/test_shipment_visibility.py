"""Does Amazon show a package: by its number, and with everything that is in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.orders import Order
from domain.packages import Package, PackageItem
from domain.shipment_outcomes import RowOutcome, is_visible
from domain.shipment_visibility import looked_for, settled_or_sent_again
from domain.shipments import Line, Outbound
from tests.fakes.order_values import NOW
from tests.fakes.shipping_values import (
    FILTER,
    NUMBER,
    PADS,
    accepted,
    after,
    entry,
    in_feed,
    only,
    stands,
    to_ship,
    verdict_on,
)

ORDER = to_ship()
BOTH = (Line(PADS, 2), Line(FILTER, 1))
LATE = NOW + timedelta(hours=7)


def showing(*packages: dict[str, int], number: str = NUMBER) -> Order:
    """Return the order as Amazon shows it hours later, with packages of these units."""
    shown = tuple(
        Package(str(n), "UPS", number, None, "", tuple(PackageItem(*each) for each in held.items()))
        for n, held in enumerate(packages)
    )
    return replace(ORDER, packages=shown, read_at=LATE)


@pytest.mark.parametrize(
    ("order", "visible"),
    [
        (showing(), False),
        (showing({PADS: 2, FILTER: 1}), True),
        (showing({PADS: 2, FILTER: 1}, number="another"), False),
        (showing({PADS: 2}), False),
        (showing({PADS: 1, FILTER: 1}), False),
        (showing({PADS: 2}, {FILTER: 1}), True),
        (showing({}), True),
        (showing({PADS: 2}, {}), True),
    ],
    ids=[
        *("nothing", "all of it", "another number", "an item missing", "a unit missing"),
        *("in two parts", "contents not told", "contents of one part not told"),
    ],
)
def test_a_package_is_visible_with_everything_that_is_in_it(order: Order, *, visible: bool) -> None:
    shipment = only(after(entry(1, (PADS, 2), (FILTER, 1)), order=ORDER))

    assert is_visible(shipment, order, BOTH) is visible


def test_a_silent_feed_that_did_half_of_a_package_has_the_package_sent_again() -> None:
    book = in_feed(after(entry(1, (PADS, 2), (FILTER, 1)), order=ORDER), ORDER)
    book = verdict_on(book, ORDER, outcome=RowOutcome.UNVERIFIED)
    half = showing({PADS: 2})

    soon = settled_or_sent_again(book, replace(half, read_at=NOW), "F1", now=NOW)
    later = stands(settled_or_sent_again(book, half, "F1", now=LATE), half)

    assert only(soon).in_feed
    assert only(later).outbound is Outbound.DUE


def test_half_an_accepted_package_is_not_applied() -> None:
    book = accepted(entry(1, (PADS, 2), (FILTER, 1)), order=ORDER)

    half = looked_for(book, showing({PADS: 2}), now=LATE)
    whole = looked_for(half, showing({PADS: 2, FILTER: 1}), now=LATE)

    assert (only(half).not_applied_at, only(half).seen) == (LATE, "")
    assert (only(whole).not_applied_at, only(whole).seen) == (None, only(whole).accepted)
