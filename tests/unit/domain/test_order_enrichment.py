from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.order_enrichment import FetchRefused, apply, fetched
from domain.order_missing import not_found
from domain.orders import (
    AmazonOrder,
    Buyer,
    EnrichmentState,
    Order,
    OrderStatus,
    Provenance,
)
from domain.packages import Package
from tests.fakes.amazon_orders import amazon_order
from tests.fakes.order_values import NOW, ORDER_ID, PLACED, imported, minutes, parsed

TOMORROW = NOW + timedelta(hours=24)


def record(status: str = "UNSHIPPED", **changes: Any) -> AmazonOrder:
    return amazon_order(ORDER_ID, status=status, **changes)


def read(order: Order, amazon: AmazonOrder, after: timedelta = timedelta(0)) -> Order:
    changed = apply(order, amazon, source="search", now=NOW + after)
    assert changed is not None
    return changed


def told(order: Order) -> list[str]:
    return [event.type for event in order.outbox]


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


def test_an_absent_value_never_overwrites_a_stored_one() -> None:
    full = read(imported(), record(programs=("PRIME",), deliver_by=minutes(9000)))
    [item] = full.items
    bare_item = replace(item, sku="", title="", quantity_fulfilled=1, quantity_unfulfilled=0)
    bare = record(
        "SHIPPED",
        last_updated_at=minutes(99),
        buyer=Buyer(phone="000-0018"),
        items=(bare_item,),
        ship_by=None,
        marketplace_id="",
    )

    order = read(full, bare)

    assert order.buyer is not None
    assert full.buyer is not None
    assert order.buyer == replace(full.buyer, phone="000-0018")
    assert (order.items[0].sku, order.items[0].title) == ("BP-100", "Brake Pad Set")
    assert order.items[0].quantity_fulfilled == 1
    assert (order.ship_by, order.deliver_by) == (full.ship_by, full.deliver_by)
    assert (order.programs, order.marketplace_id) == (("PRIME",), "ATVPDKIKX0DER")


def test_an_item_amazon_leaves_out_is_kept() -> None:
    order = read(imported(), record())

    after = read(order, record("PARTIALLY_SHIPPED", items=(), last_updated_at=minutes(99)))

    assert after.items == order.items


def test_an_older_record_fills_gaps_but_changes_nothing_known() -> None:
    [item] = record().items
    shipped_item = replace(item, quantity_fulfilled=1, quantity_unfulfilled=0)
    newer = record(
        "SHIPPED",
        last_updated_at=minutes(99),
        items=(shipped_item,),
        buyer=Buyer(email="new@example.invalid"),
    )
    order = read(read(imported(), newer), record())

    assert order.amazon_status == "SHIPPED"
    assert order.items[0].quantity_fulfilled == 1
    assert order.buyer is not None
    assert (order.buyer.email, order.buyer.recipient_name) == (
        "new@example.invalid",
        "Recipient 17",
    )


def test_a_purged_order_refuses_buyer_fields_for_ever() -> None:
    purged = imported(buyer=None, purged_at=NOW, enrichment=EnrichmentState.CLOSED)

    order = read(purged, record("SHIPPED", last_updated_at=minutes(99)))

    assert order.buyer is None
    assert order.status is OrderStatus.FULFILLED
    assert (order.enrichment, order.next_read_at) == (EnrichmentState.CLOSED, None)


def test_an_order_that_turns_out_to_be_amazons_takes_no_buyer_data() -> None:
    order = read(imported(parsed(fulfillment_channel="")), record(fulfilled_by="AMAZON"))

    assert (order.buyer, order.fulfilled_by) == (None, "AMAZON")
    assert (order.enrichment, order.next_read_at) == (EnrichmentState.CLOSED, None)


def test_a_request_to_cancel_is_told_once_and_stays() -> None:
    [item] = record().items
    asking = replace(item, cancel_requested=True, cancel_reason="Bought by mistake")
    order = read(imported(), record(items=(asking,)))
    later = read(order, record(last_updated_at=minutes(99)))

    assert told(later).count("order.cancel-requested") == 1
    assert later.cancel_requested
    assert later.items[0].cancel_reason == "Bought by mistake"
    assert later.outbox[-2].body["order_item_ids"] == [item.order_item_id]


def package(number: int, status: str) -> Package:
    return Package(str(number), "UPS", f"1Z{number}", minutes(50), status)


@pytest.mark.parametrize(
    ("_case", "order_status", "packages", "delivered"),
    [
        ("all there", "SHIPPED", ["DELIVERED", "DELIVERED"], True),
        ("one label was cancelled", "SHIPPED", ["DELIVERED", "CANCELLED"], True),
        ("one is on its way", "SHIPPED", ["DELIVERED", "IN_TRANSIT"], False),
        ("more to come", "PARTIALLY_SHIPPED", ["DELIVERED"], False),
        ("no packages known", "SHIPPED", [], False),
        ("only a cancelled label", "SHIPPED", ["CANCELLED"], False),
    ],
)
def test_an_order_is_delivered_when_all_its_packages_are(
    _case: str, order_status: str, packages: list[str], *, delivered: bool
) -> None:
    amazon = record(
        order_status,
        packages=tuple(package(n, status) for n, status in enumerate(packages)),
        last_updated_at=minutes(5000),
    )

    order = read(imported(), amazon)

    assert order.delivered_at == (minutes(5000) if delivered else None)
    assert len(order.packages) == len(packages)


def test_the_first_time_of_delivery_stays() -> None:
    first = record("SHIPPED", packages=(package(1, "DELIVERED"),), last_updated_at=minutes(10))
    order = read(read(imported(), first), replace(first, last_updated_at=minutes(20)))

    assert order.delivered_at == minutes(10)


def test_amazons_answer_settles_the_flags_about_the_channel() -> None:
    order = imported(parsed(sales_channel="", fulfillment_channel=""))

    assert read(order, record()).flags == ()


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


STATUSES = ["PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED"]
RECORDS = st.lists(
    st.builds(
        record,
        st.sampled_from(STATUSES),
        last_updated_at=st.sampled_from([minutes(1), minutes(2), minutes(3)]),
        buyer=st.sampled_from([None, record().buyer, Buyer(email="b@example.invalid")]),
        packages=st.sampled_from([(), (package(1, "DELIVERED"),), (package(1, "IN_TRANSIT"),)]),
    ),
    min_size=1,
    max_size=3,
)


def after_all(records: list[AmazonOrder]) -> Order:
    order = imported()
    for each in records:
        order = apply(order, each, source="search", now=NOW) or order
    return order


@given(RECORDS)
def test_records_in_any_order_end_in_the_same_status_and_lose_no_field(
    records: list[AmazonOrder],
) -> None:
    endings = [after_all(list(shuffled)) for shuffled in permutations(records)]

    assert len({(each.status, each.amazon_status, each.amazon_status_at) for each in endings}) == 1
    known = {each.buyer.recipient_name for each in records if each.buyer is not None}
    for each in endings:
        assert (each.buyer is not None) == bool(known)
        assert each.buyer is None or each.buyer.recipient_name == max(known)


@given(RECORDS, st.integers(0, 3))
def test_reading_any_record_twice_is_reading_it_once(records: list[AmazonOrder], last: int) -> None:
    order = after_all(records)
    again = records[min(last, len(records) - 1)]
    once = apply(order, again, source="search", now=NOW) or order

    assert apply(once, again, source="search", now=NOW) is None
