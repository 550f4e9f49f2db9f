"""Migrations are made once; what an older version wrote is as if this one had written it."""

from __future__ import annotations

from datetime import timedelta

from domain.shipments import ShipmentBook, taken_in
from store.database import Store
from tests.fakes.stored_orders import NOON, create, order
from tests.fakes.tracking import tracking_entered

OF_ENTRIES = tracking_entered().order_id
"""The order of all entries of these tests."""


def test_a_migration_is_made_once(store: Store) -> None:
    assert store.schema_version() == 0

    assert store.migrate() == [
        "1: the indexes of orders, reports and the ledger",
        "2: when orders are over, for the removal of buyer data",
        "3: tracking entries that were lost on their way into a book",
    ]
    assert store.migrate() == []
    assert store.schema_version() == 3


def test_a_migration_notes_on_orders_of_an_older_version_when_they_are_over(store: Store) -> None:
    create(store, order("701-1", delivered_at=NOON), order("701-2", purged_at=NOON), order("701-3"))
    before = store.database["orders"].find_one({"_id": "demo/701-1"})
    store.database["orders"].update_many({}, {"$unset": {"over_at": True}})

    store.migrate()

    assert store.database["orders"].find_one({"_id": "demo/701-1"}) == before
    found = store.kept_buyers.over(before=NOON + timedelta(days=365), limit=9)
    placed = NOON - timedelta(minutes=5)
    assert [(each.order_id, each.over_at) for each in found] == [
        ("701-1", NOON),
        ("701-3", placed + timedelta(days=90)),
    ]


def test_a_migration_announces_entries_that_an_older_version_recorded_and_no_book_has(
    store: Store,
) -> None:
    inbox = store.tracking_inbox
    for event_id in ("a", "b", "c"):
        inbox.record(tracking_entered(event_id))
    of_an_older_version = {"take_by": True, "announcements": True}
    store.database["tracking_entries"].update_many({}, {"$unset": of_an_older_version})
    book = taken_in(ShipmentBook("demo", OF_ENTRIES), tracking_entered("b"), now=NOON)
    store.shipments.change("demo", [OF_ENTRIES], lambda _: {OF_ENTRIES: book})

    store.migrate()

    found = [(entry.source_event_id, times) for entry, times in inbox.untaken(limit=9)]
    assert sorted(found) == [("a", 0), ("c", 0)]


def test_a_newer_schema_is_left_as_it_is(store: Store) -> None:
    store.database["schema"].insert_one({"_id": "schema", "version": 99, "migrated_at": NOON})

    assert store.migrate() == []
    assert store.schema_version() == 99
