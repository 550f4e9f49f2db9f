from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.order_changes import with_amazon_status
from domain.order_enrichment import apply
from domain.order_status import (
    Lifecycle,
    StatusFact,
    lifecycle,
    newer,
    normalized,
    ready_to_ship,
    shown_status,
    status_fact,
    units_left,
    why_not_ready,
)
from domain.orders import Buyer, Order, OrderStatus
from tests.fakes.amazon_orders import amazon_order
from tests.fakes.order_values import NOW, ORDER_ID, PLACED, imported, minutes

WORDS = {
    "Pending": (Lifecycle.PENDING, OrderStatus.NEW),
    "Pending - Waiting for Pick Up": (Lifecycle.PENDING, OrderStatus.NEW),
    "PENDING": (Lifecycle.PENDING, OrderStatus.NEW),
    "PENDING_AVAILABILITY": (Lifecycle.PENDING_AVAILABILITY, OrderStatus.NEW),
    "PendingAvailability": (Lifecycle.PENDING_AVAILABILITY, OrderStatus.NEW),
    "InvoiceUnconfirmed": (Lifecycle.PENDING, OrderStatus.NEW),
    "Unshipped": (Lifecycle.UNSHIPPED, OrderStatus.NEW),
    "UNSHIPPED": (Lifecycle.UNSHIPPED, OrderStatus.NEW),
    "PartiallyShipped": (Lifecycle.PARTIALLY_SHIPPED, OrderStatus.NEW),
    "Partially Shipped": (Lifecycle.PARTIALLY_SHIPPED, OrderStatus.NEW),
    "PARTIALLY_SHIPPED": (Lifecycle.PARTIALLY_SHIPPED, OrderStatus.NEW),
    "Shipping": (Lifecycle.PARTIALLY_SHIPPED, OrderStatus.NEW),
    "Shipped": (Lifecycle.SHIPPED, OrderStatus.FULFILLED),
    "SHIPPED": (Lifecycle.SHIPPED, OrderStatus.FULFILLED),
    "Shipped - Delivered to Buyer": (Lifecycle.SHIPPED, OrderStatus.FULFILLED),
    "Shipped - Returned to Seller": (Lifecycle.SHIPPED, OrderStatus.FULFILLED),
    "Shipped - Lost in Transit": (Lifecycle.SHIPPED, OrderStatus.FULFILLED),
    "Complete": (Lifecycle.SHIPPED, OrderStatus.FULFILLED),
    "Cancelled": (Lifecycle.CANCELLED, OrderStatus.CANCELED),
    "Canceled": (Lifecycle.CANCELLED, OrderStatus.CANCELED),
    "CANCELLED": (Lifecycle.CANCELLED, OrderStatus.CANCELED),
    "UNFULFILLABLE": (Lifecycle.UNFULFILLABLE, OrderStatus.NEW),
    "Abgeschickt": (Lifecycle.UNKNOWN, OrderStatus.NEW),
    "": (Lifecycle.UNKNOWN, OrderStatus.NEW),
}


@pytest.mark.parametrize("word", WORDS)
def test_every_spelling_of_amazon_has_its_place_and_its_shown_status(word: str) -> None:
    stage, status = WORDS[word]

    assert lifecycle(word) is stage
    assert shown_status(imported(amazon_status=word)) is status


@given(st.text())
def test_any_text_has_a_place(text: str) -> None:
    assert lifecycle(text) in Lifecycle


def fact(word: str, after_minutes: float | None) -> StatusFact:
    at = None if after_minutes is None else minutes(after_minutes)
    return status_fact(word, at, purchased_at=PLACED)


@pytest.mark.parametrize(
    ("_case", "current", "incoming", "overrules"),
    [
        ("later", ("Pending", 1), ("Unshipped", 2), True),
        ("earlier", ("Unshipped", 2), ("Pending", 1), False),
        ("same fact", ("Pending", 1), ("Pending", 1), False),
        ("other spelling of it", ("Pending", 1), ("PENDING", 1), False),
        ("same time, further along", ("Pending", 1), ("Unshipped", 1), True),
        ("same time, less far", ("Unshipped", 1), ("Pending", 1), False),
        ("a cancel that left the time unchanged", ("Pending", 1), ("Cancelled", 1), True),
        ("shipped at the time of a cancel", ("Cancelled", 1), ("Shipped", 1), False),
        ("strictly newer than a cancel", ("Cancelled", 1), ("Unshipped", 2), True),
        ("a cancel after shipping", ("Shipped", 1), ("Cancelled", 2), True),
        ("finer than a second", ("Unshipped", 1.005), ("Pending", 1.009), False),
        ("no time against a time", ("Pending", 1), ("Shipped", None), False),
        ("no time against the purchase", ("Pending", 0), ("Cancelled", None), False),
        ("a time against none", ("Shipped", None), ("Pending", 0), True),
        ("no time against none", ("Pending", None), ("Unshipped", None), True),
        ("a time before the purchase counts as it", ("Pending", -9), ("Pending", 0), False),
        ("same time and stage, more said", ("Shipped", 1), ("Shipped - Lost in Transit", 1), True),
        ("same time and stage, less said", ("Shipped - Lost in Transit", 1), ("SHIPPED", 1), False),
        ("unknown word, however new", ("Pending", 1), ("Abgeschickt", 99), False),
    ],
)
def test_amazons_time_decides_between_two_words_of_amazon(
    _case: str,
    current: tuple[str, float | None],
    incoming: tuple[str, float | None],
    *,
    overrules: bool,
) -> None:
    assert newer(fact(*current), fact(*incoming)) is overrules


FACTS = st.lists(
    st.builds(
        fact,
        st.sampled_from(sorted(WORDS)),
        st.one_of(st.none(), st.sampled_from([0, 1, 1.004, 2, 3])),
    ),
    min_size=1,
    max_size=3,
)


def after(order: Order, facts: list[StatusFact]) -> Order:
    return reduce(lambda o, f: with_amazon_status(o, f, cause="test", now=NOW), facts, order)


@given(FACTS)
def test_facts_in_any_order_and_number_end_in_the_same_status(facts: list[StatusFact]) -> None:
    order = imported()

    endings = {
        (end.status, normalized(end.amazon_status), end.amazon_status_at)
        for shuffled in permutations(facts)
        for end in (after(order, [*shuffled, *facts, *shuffled]), after(order, list(shuffled)))
    }

    assert len(endings) == 1


def test_a_cancel_after_shipping_is_shown_and_told_with_what_it_was() -> None:
    shipped = with_amazon_status(imported(), fact("Shipped", 2), cause="R", now=NOW)
    cancelled = with_amazon_status(shipped, fact("Cancelled", 3), cause="R", now=NOW)

    assert cancelled.status is OrderStatus.CANCELED
    event = cancelled.outbox[-1]
    assert event.type == "order.canceled"
    assert event.body["previous_status"] == "ORDER_FULFILLED"


def test_telling_the_same_transition_twice_is_the_same_event() -> None:
    once = with_amazon_status(imported(), fact("Shipped", 2), cause="R1", now=NOW)
    again = with_amazon_status(
        imported(), fact("SHIPPED", 2), cause="search", now=NOW + timedelta(hours=1)
    )

    assert [e.event_id for e in once.outbox] == [e.event_id for e in again.outbox]
    assert [e.type for e in once.outbox] == ["order.imported", "order.fulfilled"]


def test_an_unknown_word_is_flagged_once_and_changes_nothing_else() -> None:
    order = imported()
    once = after(order, [fact("Abgeschickt" * 20, 9)])

    assert once.flags == ("unknown_status:" + ("Abgeschickt" * 20)[:60],)
    assert (once.status, once.amazon_status) == (order.status, order.amazon_status)
    assert after(once, [fact("Abgeschickt" * 20, 9)]) == once


def test_the_first_report_of_a_delivery_dates_it() -> None:
    order = after(imported(), [fact("Shipped", 2), fact("Shipped - Delivered to Buyer", 5)])
    returned = after(order, [fact("Shipped - Returned to Seller", 7)])
    later = after(returned, [fact("Shipped - Delivered to Buyer", 9)])

    assert order.delivered_at == minutes(5)
    assert later.delivered_at == minutes(5)


def enriched(**changes: object) -> Order:
    order = apply(imported(), amazon_order(ORDER_ID), source="search", now=NOW)
    assert order is not None
    return replace(order, **changes)  # type: ignore[arg-type]  # a test names real fields


def with_units(order: Order, *, fulfilled: int, unfulfilled: int, **changes: object) -> Order:
    [item] = order.items
    counts = {"quantity_fulfilled": fulfilled, "quantity_unfulfilled": unfulfilled}
    return replace(order, items=(replace(item, **counts, **changes),))  # type: ignore[arg-type]


def test_a_paid_order_with_address_items_and_units_left_is_ready_to_ship() -> None:
    assert why_not_ready(enriched()) == []
    assert ready_to_ship(enriched())


@pytest.mark.parametrize(
    ("_case", "order", "reason"),
    [
        ("pending", enriched(amazon_status="Pending"), "not paid yet (Amazon says Pending)"),
        ("preorder", enriched(amazon_status="PENDING_AVAILABILITY"), "not paid yet"),
        ("cancelled", enriched(amazon_status="Cancelled"), "it is cancelled"),
        ("shipped", enriched(amazon_status="Shipped"), "it is shipped"),
        ("fba", enriched(fulfilled_by="AMAZON"), "Amazon ships it"),
        ("unfulfillable", enriched(amazon_status="UNFULFILLABLE"), "cannot be fulfilled"),
        ("not read", enriched(items=()), "items were not read"),
        ("no buyer", enriched(buyer=None), "delivery address is not known"),
        ("no recipient", enriched(buyer=Buyer(email="x")), "delivery address is not known"),
        ("no units", with_units(enriched(), fulfilled=1, unfulfilled=0), "no units are left"),
        (
            "cancel asked for",
            with_units(enriched(), fulfilled=0, unfulfilled=1, cancel_requested=True),
            "the buyer asked to cancel",
        ),
        (
            "all in our shipments",
            enriched(shipping={"claimed": {enriched().items[0].order_item_id: 1}}),
            "no units are left",
        ),
    ],
)
def test_an_order_that_must_not_be_packed_says_why(_case: str, order: Order, reason: str) -> None:
    [told] = why_not_ready(order)

    assert reason in told
    assert not ready_to_ship(order)


def test_units_in_our_shipments_and_those_amazon_knows_are_not_counted_twice() -> None:
    order = with_units(enriched(), fulfilled=2, unfulfilled=3)
    claimed = {"claimed": {order.items[0].order_item_id: 4}}

    assert units_left(order) == 3
    assert units_left(replace(order, shipping=claimed)) == 1


def test_units_too_many_in_a_shipment_of_one_item_are_not_taken_from_another() -> None:
    order = with_units(enriched(), fulfilled=0, unfulfilled=3)
    [item] = order.items
    two = replace(order, items=(item, replace(item, order_item_id="another")))
    claimed = {"claimed": {item.order_item_id: 5}}

    assert units_left(replace(two, shipping=claimed)) == 3


@pytest.mark.parametrize(
    ("_case", "sent", "fulfilled", "unfulfilled", "status"),
    [
        ("nothing sent", 0, 0, 2, OrderStatus.NEW),
        ("a part sent", 1, 0, 2, OrderStatus.NEW),
        ("all sent, Amazon does not show it yet", 2, 0, 2, OrderStatus.FULFILLED),
        ("the rest shipped in Seller Central", 1, 2, 0, OrderStatus.FULFILLED),
        ("the other unit was cancelled", 1, 0, 1, OrderStatus.FULFILLED),
    ],
)
def test_an_order_is_fulfilled_once_every_unit_is_in_a_submitted_feed(
    _case: str, sent: int, fulfilled: int, unfulfilled: int, status: OrderStatus
) -> None:
    order = with_units(enriched(), fulfilled=fulfilled, unfulfilled=unfulfilled)
    order = replace(order, shipping={"sent": {order.items[0].order_item_id: sent}})

    assert shown_status(order) is status


def test_a_cancel_at_amazon_outweighs_what_we_sent() -> None:
    order = enriched(amazon_status="CANCELLED")
    order = replace(order, shipping={"sent": {order.items[0].order_item_id: 1}})

    assert shown_status(order) is OrderStatus.CANCELED
