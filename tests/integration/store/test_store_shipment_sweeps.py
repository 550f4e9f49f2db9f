"""Which shipments the sweepers find standing still."""

from __future__ import annotations

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


def test_a_package_beside_one_that_is_not_applied_is_looked_for_too(store: Store) -> None:
    book = accepted(entry(1, ref="P1"), entry(2, ref="P2"), order=to_ship())
    long_ago = store.now() - timedelta(hours=9)
    first, second = (replace(each, accepted_at=long_ago) for each in book.shipments)
    missed = replace(first, not_applied_at=store.now())

    keep(store, missed, second)

    found = store.shipment_sweeps.unseen(older_than=SIX_HOURS, limit=9)
    assert [each.order_id for each in found] == [ORDER_ID]


def test_what_is_not_applied_is_left_to_people_and_does_not_stand_in_the_way(store: Store) -> None:
    book = accepted(entry(1, ref="P1"), entry(2, ref="P2"), order=to_ship())
    long_ago = store.now() - timedelta(hours=9)
    first, second = book.shipments
    missed = replace(first, accepted_at=long_ago, not_applied_at=store.now())

    keep(store, missed, replace(second, accepted_at=store.now() - timedelta(hours=1)))

    assert store.shipment_sweeps.unseen(older_than=SIX_HOURS, limit=9) == []
