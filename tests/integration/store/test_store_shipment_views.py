"""What people look for among shipments, in the store itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from domain.shipments import ShipmentBook
from store.database import Store
from tests.fakes.order_values import NOW, ORDER_ID
from tests.fakes.shipping_values import accepted, after, entry, only, to_ship


def keep(store: Store, book: ShipmentBook) -> None:
    fresh = replace(book, revision=0)
    store.shipments.change("demo", [ORDER_ID], lambda _: {ORDER_ID: fresh})


def test_a_package_is_found_by_its_number_however_that_is_written(store: Store) -> None:
    numbers = {"P1": "1Z 999-AA1", "P2": "0012"}
    entries = [
        entry(n, ref=ref, tracking_number=number)
        for n, (ref, number) in enumerate(numbers.items(), start=1)
    ]
    keep(store, after(*entries, order=to_ship()))

    views = store.shipment_views
    found = {n: views.with_tracking_number(n) for n in ("1z999aa1", "00 12", "12")}

    assert {n: [row.shipment.shipment_ref for row in rows] for n, rows in found.items()} == {
        "1z999aa1": ["P1"],
        "00 12": ["P2"],
        "12": [],
    }


def test_what_is_not_applied_is_found_by_account(store: Store) -> None:
    book = accepted(entry(1), order=to_ship())
    keep(store, book.with_shipment(replace(only(book), not_applied_at=NOW + timedelta(hours=7))))

    found = [store.shipment_views.missed(account=name) for name in (None, "demo", "other")]

    assert [len(rows) for rows in found] == [1, 1, 0]
