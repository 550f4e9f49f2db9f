"""The three statuses staff see, and how an order gets from one to the next."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.ledger import RowOutcome
from domain.order_changes import with_amazon_status
from domain.order_enrichment import apply
from domain.order_import import FirstSeen, decide
from domain.order_status import shown_status, status_fact
from domain.orders import Order, OrderItem, OrderStatus
from tests.fakes.amazon_orders import amazon_order
from tests.fakes.order_values import NOW, ORDER_ID, PLACED, imported, minutes, parsed, report


def first_seen(status: str, policy: FirstSeen = FirstSeen.OPEN_ORDERS) -> Order | None:
    return decide(None, [parsed(2, status)], report(), policy).order


def told(order: Order, status: str, after_minutes: float) -> Order:
    fact = status_fact(status, minutes(after_minutes), purchased_at=PLACED)
    return with_amazon_status(order, fact, cause="R2", now=NOW)


def sent(order: Order) -> Order:
    """Return the order with every unit of it in a feed that was submitted."""
    [item] = order.items
    shipping = {"sent": {item.order_item_id: item.quantity_ordered}}
    shipped = replace(order, shipping=shipping)
    return replace(shipped, status=shown_status(shipped))


def pending() -> Order:
    """Return a Pending order whose items Amazon has told."""
    read = apply(
        imported(),
        amazon_order(ORDER_ID, status="PENDING", last_updated_at=minutes(2)),
        source="getOrder",
        now=NOW,
    )
    assert read is not None
    return read


@pytest.mark.parametrize("policy", FirstSeen)
def test_a_pending_order_starts_as_order_new(policy: FirstSeen) -> None:
    order = first_seen("Pending", policy)

    assert order is not None
    assert (order.status.value, order.amazon_status) == ("ORDER_NEW", "Pending")


@pytest.mark.parametrize("status", ["Unshipped", "PartiallyShipped"])
def test_a_recovered_order_starts_as_order_new_too(status: str) -> None:
    order = first_seen(status)

    assert order is not None
    assert order.status.value == "ORDER_NEW"


def test_a_cancelled_order_is_order_canceled() -> None:
    assert told(imported(), "Cancelled", 2).status.value == "ORDER_CANCELED"


def test_a_shipped_order_is_order_fulfilled() -> None:
    assert told(imported(), "Shipped", 2).status.value == "ORDER_FULFILLED"


def test_a_new_order_becomes_fulfilled_when_its_tracking_is_sent_to_amazon() -> None:
    order = pending()

    assert (order.status, sent(order).status) == (OrderStatus.NEW, OrderStatus.FULFILLED)


def test_a_new_order_becomes_canceled_when_it_is_cancelled_at_amazon() -> None:
    order = pending()

    assert (order.status, told(order, "Cancelled", 3).status) == (
        OrderStatus.NEW,
        OrderStatus.CANCELED,
    )


def test_amazons_data_and_what_we_sent_decide_the_status_and_nothing_else() -> None:
    order = sent(pending())
    dressed_up = replace(
        order,
        status=OrderStatus.NEW,
        flags=("unknown_status:Delivered",),
        buyer=None,
        history=(),
        outbox=(),
        delivered_at=NOW,
    )

    assert shown_status(dressed_up) is order.status is OrderStatus.FULFILLED
    assert shown_status(replace(order, shipping={})) is OrderStatus.NEW
    assert shown_status(replace(order, amazon_status="CANCELLED")) is OrderStatus.CANCELED


@pytest.mark.parametrize(
    "status", ["Unshipped", "PartiallyShipped", "Shipping", "Shipped", "Cancelled", "Complete"]
)
def test_by_the_literal_rule_only_pending_orders_are_imported_initially(status: str) -> None:
    decision = decide(None, [parsed(2, status)], report(), FirstSeen.PENDING_ONLY)

    assert decision.order is None
    assert [verdict.outcome for verdict in decision.verdicts] == [RowOutcome.SKIPPED]


def test_an_order_already_here_is_updated_and_not_created_again() -> None:
    decision = decide(
        imported(),
        [parsed(2, "Unshipped", last_updated_at=minutes(31))],
        report(2),
        FirstSeen.PENDING_ONLY,
    )

    assert [verdict.outcome for verdict in decision.verdicts] == [RowOutcome.UPDATED]
    assert decision.order is not None
    assert (decision.order.order_id, decision.order.amazon_status) == (ORDER_ID, "Unshipped")


def test_every_line_item_keeps_an_order_item_id_of_its_own() -> None:
    ids = ("00000000000017", "00000000000018")
    items = tuple(_item(order_item_id) for order_item_id in ids)

    order = apply(
        imported(parsed(2), parsed(3)),
        amazon_order(ORDER_ID, items=items),
        source="getOrder",
        now=NOW,
    )

    assert order is not None
    assert tuple(item.order_item_id for item in order.items) == ids
    assert sorted(row for item in order.items for row in item.report_rows) == [2, 3]


def _item(order_item_id: str) -> OrderItem:
    return OrderItem(
        order_item_id=order_item_id,
        sku="BP-100",
        asin="B00TEST001",
        title="Brake Pad Set",
        quantity_ordered=1,
        quantity_fulfilled=0,
        quantity_unfulfilled=1,
    )
