"""Amazon's records of an order, one after another: nothing that is known gets lost."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.order_enrichment import apply
from domain.orders import AmazonOrder, Buyer, EnrichmentState, Order, OrderStatus
from domain.packages import Package
from tests.fakes.order_readings import read, record, told
from tests.fakes.order_values import NOW, imported, minutes, parsed


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
