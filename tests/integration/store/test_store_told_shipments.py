"""Metrics hear of a package's change when it was written, and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from domain.shipments import ShipmentBook
from store.database import Store
from tests.fakes.order_values import ORDER_ID
from tests.fakes.shipping_values import book_of, entry


def test_a_write_is_told_once_with_the_book_before_and_after(store: Store) -> None:
    told: list[tuple[int, int, int]] = []

    def note(before: ShipmentBook, after: ShipmentBook) -> None:
        told.append((len(before.shipments), len(after.shipments), after.revision))

    def enter(books: Mapping[str, ShipmentBook]) -> Mapping[str, ShipmentBook]:
        return {ORDER_ID: book_of(entry(), book=books[ORDER_ID])}

    store.shipments.on_written = note
    for _ in range(2):
        store.shipments.change("demo", [ORDER_ID], enter)

    assert told == [(0, 1, 1)]
