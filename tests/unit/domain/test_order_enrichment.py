"""Reading orders at Amazon: what is still missing, what is read again, what is fetched by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.order_enrichment import FetchRefused, apply, fetched
from domain.order_missing import not_found
from domain.orders import Buyer, EnrichmentState, Order, OrderStatus, Provenance
from tests.fakes.order_readings import read, record, told
from tests.fakes.order_values import NOW, PLACED, imported, minutes

TOMORROW = NOW + timedelta(hours=24)


def test_an_unknown_order_is_never_created_by_a_reading() -> None:
    assert apply(None, record(), source="search", now=NOW) is None


def test_a_reading_fills_in_buyer_address_and_item_ids() -> None:
    order = read(imported(), record())

    assert order.buyer == record().buyer
    assert [(i.order_item_id, i.sku, i.report_rows) for i in order.items] == [
        (record().items[0].order_item_id, "BP-100", (2,))
    ]
    assert (order.enrichment, order.missing) == (EnrichmentState.COMPLETE, ())
    assert order.ship_by == record().ship_by
    assert order.amazon_status == "UNSHIPPED"
    assert order.read_at == NOW
    assert told(order) == ["order.imported", "order.enriched"]


def test_the_same_record_again_is_no_change() -> None:
    order = read(imported(), record())

    assert apply(order, record(), source="getOrder", now=NOW) is None
    assert apply(order, record(), source="getOrder", now=NOW + timedelta(minutes=59)) is None


def test_a_daily_reading_without_news_is_stamped_so_that_it_is_not_due_again() -> None:
    order = read(imported(), record())

    after = read(order, record(), timedelta(hours=24))

    assert (after.read_at, after.next_read_at) == (TOMORROW, TOMORROW + timedelta(hours=24))
    assert (after.history, after.outbox) == (order.history, order.outbox)


def test_a_pending_order_without_buyer_is_incomplete_until_its_status_changes() -> None:
    order = read(imported(), record("PENDING", buyer=None))

    assert order.enrichment is EnrichmentState.INCOMPLETE_PENDING
    assert order.missing == ()
    assert order.next_read_at == TOMORROW

    order = read(order, record(last_updated_at=minutes(60)))
    assert order.enrichment is EnrichmentState.COMPLETE


@pytest.mark.parametrize(
    ("_case", "buyer", "missing"),
    [
        ("nothing", None, ("buyer email", "recipient name", "delivery address")),
        ("only an email", Buyer(email="b@example.invalid"), ("recipient name", "delivery address")),
        (
            "no email",
            Buyer(recipient_name="Recipient 17", address_line_2="17 Example Street"),
            ("buyer email",),
        ),
        (
            "a city is no address",
            Buyer(email="b@example.invalid", recipient_name="Recipient 17", city="Exampleville"),
            ("delivery address",),
        ),
    ],
)
def test_fields_absent_from_a_paid_order_mean_a_missing_role_and_are_named(
    _case: str, buyer: Buyer | None, missing: tuple[str, ...]
) -> None:
    order = read(imported(), record(buyer=buyer))

    assert (order.enrichment, order.missing) == (EnrichmentState.INCOMPLETE_ROLE, missing)
    assert order.next_read_at == TOMORROW
    assert "order.enriched" not in told(order)
    assert order.history[-1].what.endswith(f"missing: {', '.join(missing)}")


def test_an_order_becomes_complete_once_the_role_is_there_and_is_announced_once() -> None:
    order = read(imported(), record(buyer=None))
    order = read(order, record(), timedelta(days=1))
    order = read(order, record(last_updated_at=minutes(99)), timedelta(days=2))

    assert order.missing == ()
    assert told(order).count("order.enriched") == 1


def test_a_phone_is_not_needed_to_be_complete() -> None:
    buyer = record().buyer
    assert buyer is not None

    order = read(imported(), record(buyer=replace(buyer, phone="", name="")))

    assert order.enrichment is EnrichmentState.COMPLETE


@pytest.mark.parametrize(
    ("status", "state", "next_read"),
    [
        ("UNSHIPPED", EnrichmentState.COMPLETE, TOMORROW),
        ("PARTIALLY_SHIPPED", EnrichmentState.COMPLETE, TOMORROW),
        ("SHIPPED", EnrichmentState.COMPLETE, None),
        ("CANCELLED", EnrichmentState.CLOSED, None),
    ],
)
def test_open_orders_are_read_daily_and_finished_ones_never_again(
    status: str, state: EnrichmentState, next_read: object
) -> None:
    order = read(imported(), record(status))

    assert (order.enrichment, order.next_read_at) == (state, next_read)


@pytest.mark.parametrize(
    ("_case", "status", "days", "deliver_by", "state"),
    [
        ("shipped lately", "SHIPPED", 29, None, EnrichmentState.INCOMPLETE_ROLE),
        ("shipped long ago", "SHIPPED", 31, None, EnrichmentState.CLOSED),
        ("past its delivery date", "SHIPPED", 6, 5, EnrichmentState.CLOSED),
        ("unshipped for long", "UNSHIPPED", 60, 5, EnrichmentState.INCOMPLETE_ROLE),
        ("unshipped for ever", "UNSHIPPED", 91, None, EnrichmentState.CLOSED),
    ],
)
def test_what_amazon_will_not_tell_any_more_is_closed(
    _case: str, status: str, days: int, deliver_by: int | None, state: EnrichmentState
) -> None:
    due = None if deliver_by is None else PLACED + timedelta(days=deliver_by)
    amazon = record(status, buyer=None, deliver_by=due)
    order = apply(imported(), amazon, source="search", now=PLACED + timedelta(days=days))

    assert order is not None
    assert order.enrichment is state


def test_fetching_by_hand_creates_a_complete_order() -> None:
    order = fetched("demo", record(seller_order_id="M-88"), now=NOW)

    assert isinstance(order, Order)
    assert (order.provenance, order.first_report_id) == (Provenance.FETCHED, "")
    assert (order.status, order.enrichment) == (OrderStatus.NEW, EnrichmentState.COMPLETE)
    assert (order.merchant_order_id, order.sales_channel) == ("M-88", "Amazon.com")
    assert told(order) == ["order.imported", "order.enriched"]


@pytest.mark.parametrize(
    ("status", "shown"),
    [("SHIPPED", OrderStatus.FULFILLED), ("CANCELLED", OrderStatus.CANCELED)],
)
def test_fetching_a_finished_order_shows_what_it_is(status: str, shown: OrderStatus) -> None:
    order = fetched("demo", record(status), now=NOW)

    assert isinstance(order, Order)
    assert order.status is shown
    assert order.outbox[0].body["status"] == shown


@pytest.mark.parametrize(
    ("_case", "changes", "reason"),
    [
        ("fba", {"fulfilled_by": "AMAZON"}, "FBA"),
        ("elsewhere", {"sales_channel": "NON_AMAZON"}, "not placed on Amazon"),
        ("s-id", {"order_id": "S01-1111111-2222222"}, "not placed on Amazon"),
        ("unknown status", {"status": "TELEPORTED"}, "“TELEPORTED” is not known"),
    ],
)
def test_fetching_what_is_not_ours_is_refused_with_the_reason(
    _case: str, changes: dict[str, Any], reason: str
) -> None:
    refused = fetched("demo", replace(record(), **changes), now=NOW)

    assert isinstance(refused, FetchRefused)
    assert reason in refused.reason


def test_an_order_amazon_does_not_know_is_flagged_once_and_asked_for_tomorrow() -> None:
    once = not_found(imported(), now=NOW)
    twice = not_found(once, now=TOMORROW)

    assert once is not None
    assert twice is not None
    assert (once.flags, once.next_read_at) == (("unknown_at_amazon",), TOMORROW)
    assert once.status is OrderStatus.NEW
    assert (twice.flags, twice.history) == (once.flags, once.history)


def test_an_old_order_amazon_does_not_know_is_closed() -> None:
    order = not_found(imported(), now=PLACED + timedelta(days=91))

    assert order is not None
    assert (order.enrichment, order.next_read_at) == (EnrichmentState.CLOSED, None)
    assert not_found(None, now=NOW) is None
