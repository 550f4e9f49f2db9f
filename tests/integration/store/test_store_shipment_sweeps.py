"""Which shipments the sweepers find standing still."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

from domain.shipments import Shipment, ShipmentBook
from store.database import Store
from tests.fakes.order_values import ORDER_ID
from tests.fakes.shipping_values import accepted, entry, to_ship

SIX_HOURS = timedelta(hours=6)


def keep(store: Store, *shipments: Shipment) -> None:
    book = ShipmentBook("demo", ORDER_ID, shipments=shipments)
    store.shipments.change("demo", [ORDER_ID], lambda _: {ORDER_ID: book})


def keep_many(store: Store, numbers: Iterable[int], **facts: object) -> None:
    """Keep books of orders, as far as the questions look at them."""
    known = {"account": "demo", "revision": 3, **facts}
    ids = [f"701-{number}" for number in numbers]
    store.database["shipment_books"].insert_many(
        [{"_id": f"demo/{each}", "order_id": each, **known} for each in ids]
    )


def test_a_package_beside_one_that_is_not_applied_is_looked_for_too(store: Store) -> None:
    book = accepted(entry(1, ref="P1"), entry(2, ref="P2"), order=to_ship())
    long_ago = store.now() - timedelta(hours=9)
    first, second = (replace(each, accepted_at=long_ago) for each in book.shipments)
    missed = replace(first, not_applied_at=store.now())

    keep(store, missed, second)

    found = store.shipment_sweeps.unseen(older_than=SIX_HOURS)
    assert [each.order_id for each in found] == [ORDER_ID]


def test_what_is_not_applied_is_left_to_people_and_does_not_stand_in_the_way(store: Store) -> None:
    book = accepted(entry(1, ref="P1"), entry(2, ref="P2"), order=to_ship())
    long_ago = store.now() - timedelta(hours=9)
    first, second = book.shipments
    missed = replace(first, accepted_at=long_ago, not_applied_at=store.now())

    keep(store, missed, replace(second, accepted_at=store.now() - timedelta(hours=1)))

    assert store.shipment_sweeps.unseen(older_than=SIX_HOURS) == []


def test_every_package_refused_with_a_code_that_heals_is_found_however_many_there_are(
    store: Store,
) -> None:
    keep_many(store, range(501), refused_codes=["99999"])
    keep_many(store, range(501, 502), refused_codes=["13013"])

    found = store.shipment_sweeps.refused_with({"99999"})

    assert {each.order_id for each in found} == {f"701-{number}" for number in range(501)}
    assert {(each.account, each.revision) for each in found} == {("demo", 3)}
    assert store.shipment_sweeps.refused_with(set()) == []


def test_every_package_in_a_feed_is_found_however_many_there_are(store: Store) -> None:
    keep_many(store, range(501), feeds=["f1"])
    keep_many(store, range(501, 502), feeds=["f2"])

    assert len(store.shipment_sweeps.in_feed("demo", "f1")) == 501
