"""How long a buyer is kept, and that what was removed never comes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain.order_changes import with_amazon_status
from domain.order_enrichment import apply
from domain.order_import import FirstSeen, decide
from domain.order_status import status_fact, why_not_ready
from domain.orders import Buyer, EnrichmentState, Order, OrderStatus, PurgeReason
from domain.packages import Package
from domain.privacy import Over, over, purge_at, purged_by_age, purged_on_request
from tests.fakes.amazon_orders import amazon_order
from tests.fakes.order_values import NOW, ORDER_ID, PLACED, imported, minutes, parsed, report

DAYS_30 = timedelta(days=30)
FIELDS_OF_BUYER = "buyer-17@example.invalid"


def days(count: float) -> datetime:
    return PLACED + timedelta(days=count)


def enriched(status: str = "UNSHIPPED", **changes: Any) -> Order:
    """Return an order that Amazon has told everything of."""
    amazon = amazon_order(ORDER_ID, **{"status": status, "last_updated_at": days(1), **changes})
    order = apply(imported(), amazon, source="getOrder", now=NOW)
    assert order is not None
    assert order.buyer is not None
    return order


def told(order: Order, status: str, at: datetime | None) -> Order:
    fact = status_fact(status, at, purchased_at=PLACED)
    return with_amazon_status(order, fact, cause="R2", now=NOW)


def removed(order: Order, now: datetime) -> Order:
    gone = purged_by_age(order, kept=DAYS_30, now=now)
    assert gone is not None
    return gone


def test_a_delivered_order_is_over_when_it_was_delivered() -> None:
    delivered = Package("1", "UPS", "1Z1", days(1), "DELIVERED")
    order = enriched("SHIPPED", last_updated_at=days(4), packages=(delivered,))

    assert over(order) == Over(days(4), PurgeReason.DELIVERED)


def test_a_report_that_tells_the_delivery_counts_too() -> None:
    order = told(enriched("SHIPPED"), "Shipped - Delivered to Buyer", days(5))

    assert over(order) == Over(days(5), PurgeReason.DELIVERED)


def test_a_cancelled_order_is_over_when_amazon_first_told_of_it() -> None:
    order = told(enriched(), "Cancelled", days(2))
    later = told(order, "Cancelled", days(20))

    assert later.amazon_status_at == days(20)
    assert over(later) == over(order) == Over(days(2), PurgeReason.CANCELLED)


def test_a_cancellation_without_a_time_counts_from_when_we_heard_of_it() -> None:
    order = told(imported(parsed(last_updated_at=None)), "Cancelled", None)

    assert over(order) == Over(NOW, PurgeReason.CANCELLED)


def test_of_a_delivery_and_a_cancellation_the_earlier_one_counts() -> None:
    delivered = told(enriched("SHIPPED"), "Shipped - Delivered to Buyer", days(5))

    assert over(told(delivered, "Cancelled", days(9))) == Over(days(5), PurgeReason.DELIVERED)


@pytest.mark.parametrize(
    ("_case", "shipped_at", "promised", "expected"),
    [
        ("on the promised date", days(1), days(6), days(6)),
        ("shipped after the promised date", days(8), days(6), days(8)),
        ("nothing promised: a fortnight later", days(1), None, days(15)),
    ],
)
def test_a_shipment_without_a_delivery_counts_as_delivered(
    _case: str, shipped_at: datetime, promised: datetime | None, expected: datetime
) -> None:
    order = enriched("SHIPPED", last_updated_at=shipped_at, deliver_by=promised)

    assert over(order) == Over(expected, PurgeReason.SHIPPED)
    assert over(told(order, "Shipped - Returned to Seller", days(40))).at == expected


@pytest.mark.parametrize(
    ("promised", "expected"), [(None, days(90)), (days(9), days(90)), (days(200), days(200))]
)
def test_an_order_amazon_never_closes_is_over_in_the_end(
    promised: datetime | None, expected: datetime
) -> None:
    order = enriched(deliver_by=promised)

    assert over(order) == Over(expected, PurgeReason.NEVER_CLOSED)


def test_an_order_that_amazon_takes_up_again_is_not_over() -> None:
    order = told(told(enriched(), "Cancelled", days(2)), "Unshipped", days(3))

    assert over(order).because is PurgeReason.NEVER_CLOSED


def test_an_order_of_an_older_version_counts_from_its_last_update() -> None:
    order = replace(told(enriched(), "Cancelled", days(2)), amazon_stage_since=None)

    assert over(order) == Over(days(2), PurgeReason.CANCELLED)


def test_a_buyer_is_removed_at_the_moment_the_time_is_over_and_not_before() -> None:
    order = told(enriched(), "Cancelled", days(2))
    second = timedelta(seconds=1)

    assert purge_at(order, DAYS_30) == days(32)
    assert purged_by_age(order, kept=DAYS_30, now=days(32) - second) is None
    assert removed(order, days(32)).purged_at == days(32)


def test_what_is_left_is_a_tombstone_with_time_and_reason() -> None:
    order = told(enriched(), "Cancelled", days(2))
    gone = removed(order, days(32))

    assert gone.buyer is None
    assert (gone.purged_because, gone.enrichment, gone.missing, gone.next_read_at) == (
        PurgeReason.CANCELLED,
        EnrichmentState.CLOSED,
        (),
        None,
    )
    assert gone.purge_note == "it was cancelled on 2026-11-24, and its time of keeping is over"
    assert gone.history[-1].what == f"buyer data removed: {gone.purge_note}"
    assert (gone.history[-1].at, gone.history[-1].cause) == (days(32), "privacy")
    same = (
        "status",
        "amazon_status",
        "lines",
        "changes",
        "first_report_id",
        "outbox",
        "provenance",
    )
    assert all(getattr(gone, name) == getattr(order, name) for name in same)


def test_removing_again_changes_nothing() -> None:
    gone = removed(told(enriched(), "Cancelled", days(2)), days(32))

    assert purge_at(gone, DAYS_30) is None
    assert purged_by_age(gone, kept=DAYS_30, now=days(99)) is None
    assert purged_on_request(gone, who="anna", why="asked", now=days(99)) is None
    assert purged_by_age(None, kept=DAYS_30, now=NOW) is None


def test_what_the_buyer_wrote_when_asking_to_cancel_goes_too_and_the_request_stays() -> None:
    [item] = amazon_order(ORDER_ID).items
    asking = replace(item, cancel_requested=True, cancel_reason="in the buyer's own words")
    order = told(enriched(items=(asking,)), "Cancelled", days(2))
    gone = removed(order, days(32))
    again = amazon_order(ORDER_ID, status="CANCELLED", last_updated_at=days(33), items=(asking,))
    later = apply(gone, again, source="search", now=days(34))

    assert (gone.items[0].cancel_reason, gone.cancel_requested) == ("", True)
    assert later is not None
    assert (later.items[0].cancel_reason, later.cancel_requested) == ("", True)


def test_no_later_reading_of_amazon_brings_the_buyer_back() -> None:
    gone = removed(told(enriched(), "Cancelled", days(2)), days(32))

    for status in ("CANCELLED", "UNSHIPPED", "SHIPPED"):
        record = amazon_order(ORDER_ID, status=status, last_updated_at=days(33))
        read = apply(gone, record, source="getOrder by hand", now=days(34))
        assert read is None or (read.buyer, read.purged_at) == (None, days(32))


def test_a_later_report_still_changes_the_order_and_not_its_tombstone() -> None:
    gone = removed(told(enriched(), "Cancelled", days(2)), days(32))
    row = parsed(2, "Shipped", last_updated_at=days(33))

    order = decide(gone, [row], report(2, now=days(34)), FirstSeen.OPEN_ORDERS).order

    assert order is not None
    assert (order.status, order.buyer, order.purged_at) == (OrderStatus.FULFILLED, None, days(32))
    assert (order.enrichment, order.next_read_at) == (EnrichmentState.CLOSED, None)


def test_an_open_order_forgotten_on_request_is_followed_but_never_ready_to_ship() -> None:
    order = enriched()
    gone = purged_on_request(order, who="anna", why="asked by Amazon", now=NOW)

    assert gone is not None
    assert (gone.buyer, gone.purged_because) == (None, PurgeReason.ON_REQUEST)
    assert gone.purge_note == "on request, by anna: asked by Amazon"
    assert gone.next_read_at == order.next_read_at
    assert why_not_ready(gone) == ["its buyer data was removed"]
    record = amazon_order(ORDER_ID, last_updated_at=days(3), buyer=Buyer(email=FIELDS_OF_BUYER))
    read = apply(gone, record, source="search", now=NOW + timedelta(hours=2))
    assert read is not None
    assert (read.buyer, read.enrichment) == (None, EnrichmentState.CLOSED)
    assert read.next_read_at == NOW + timedelta(hours=26)


def test_the_time_of_a_stage_is_noted_when_an_order_is_created() -> None:
    assert imported().amazon_stage_since == minutes(1)
