"""Orders in the store: bulk changes, tolerance, encryption at rest, what is due."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from domain.orders import Buyer, EnrichmentState, OrderStatus
from store.database import Store
from tests.fakes.stored_orders import BUYER_17, NOON, create, line, order


def test_a_new_order_is_created_at_revision_one_with_the_stores_time(store: Store) -> None:
    before = store.now()

    made, wrote = store.orders.change("demo", {"701-1": lambda _: order()})["701-1"]

    assert wrote
    assert made is not None
    assert made.revision == 1
    assert made.imported_at is not None
    assert before <= made.imported_at <= store.now()
    assert store.orders.get("demo", "701-1") == made


def test_what_is_returned_is_what_is_stored(store: Store) -> None:
    wanted = order(ship_by=NOON + timedelta(microseconds=1999), lines=(line(2), line(3)))

    made, _ = store.orders.change("demo", {"701-1": lambda _: wanted})["701-1"]

    assert made is not None
    assert made.ship_by == NOON + timedelta(milliseconds=1)
    assert made == store.orders.get("demo", "701-1")


def test_many_orders_are_created_changed_and_left_in_one_call(store: Store) -> None:
    create(store, order("701-1"), order("701-2"))

    after = store.orders.change(
        "demo",
        {
            "701-1": lambda old: old and replace(old, amazon_status="Unshipped"),
            "701-2": lambda _: None,
            "701-3": lambda _: order("701-3"),
            "701-4": lambda _: None,
        },
    )

    assert {key: wrote for key, (_, wrote) in after.items()} == {
        "701-1": True,
        "701-2": False,
        "701-3": True,
        "701-4": False,
    }
    assert after["701-1"][0] == store.orders.get("demo", "701-1")
    assert after["701-2"][0] == store.orders.get("demo", "701-2")
    assert after["701-4"] == (None, False)
    assert list(after) == ["701-1", "701-2", "701-3", "701-4"]


def test_an_order_that_comes_back_the_same_is_not_written(store: Store) -> None:
    create(store, order(buyer=BUYER_17))

    after = store.orders.change("demo", {"701-1": lambda old: old and replace(old)})

    assert after["701-1"][1] is False
    stored = store.orders.get("demo", "701-1")
    assert stored is not None
    assert stored.revision == 1


def test_the_same_order_id_of_two_accounts_is_two_orders(store: Store) -> None:
    create(store, order(), order(account="other", amazon_status="Shipped"))

    ours, theirs = store.orders.get("demo", "701-1"), store.orders.get("other", "701-1")

    assert ours is not None
    assert theirs is not None
    assert (ours.amazon_status, theirs.amazon_status) == ("Pending", "Shipped")


def test_a_field_of_a_newer_worker_survives_our_write(store: Store) -> None:
    create(store, order())
    raw = store.database["orders"]
    raw.update_one({"_id": "demo/701-1"}, {"$set": {"from_the_future": {"a": 1}}})

    store.orders.change(
        "demo", {"701-1": lambda old: old and replace(old, amazon_status="Unshipped")}
    )

    stored = raw.find_one({"_id": "demo/701-1"})
    assert stored is not None
    assert stored["from_the_future"] == {"a": 1}
    assert stored["amazon_status"] == "Unshipped"


def test_only_fields_that_changed_are_written(store: Store) -> None:
    create(store, order())
    store.database["orders"].update_one(
        {"_id": "demo/701-1"}, {"$set": {"lines.0.from_the_future": 1}}
    )

    store.orders.change("demo", {"701-1": lambda old: old and replace(old, flags=("x",))})

    stored = store.database["orders"].find_one({"_id": "demo/701-1"})
    assert stored is not None
    assert stored["lines"][0]["from_the_future"] == 1
    assert stored["flags"] == ["x"]


def test_a_field_that_becomes_none_is_removed(store: Store) -> None:
    create(store, order(next_read_at=NOON))

    store.orders.change("demo", {"701-1": lambda old: old and replace(old, next_read_at=None)})

    stored = store.database["orders"].find_one({"_id": "demo/701-1"})
    assert stored is not None
    assert "next_read_at" not in stored


def test_a_purged_buyer_is_gone_from_the_document(store: Store) -> None:
    create(store, order(buyer=BUYER_17))

    store.orders.change("demo", {"701-1": lambda old: old and replace(old, buyer=None)})

    stored = store.database["orders"].find_one({"_id": "demo/701-1"})
    assert stored is not None
    assert "buyer" not in stored
    assert stored["revision"] == 2


def test_buyer_data_is_nowhere_in_the_documents_in_clear(store: Store) -> None:
    create(store, order(buyer=BUYER_17))

    raw = repr(list(store.database["orders"].find()))

    assert "Buyer 17" not in raw
    assert "example.invalid" not in raw
    assert "Sampleton" not in raw
    stored = store.orders.get("demo", "701-1")
    assert stored is not None
    assert stored.buyer == BUYER_17


def test_the_same_buyer_again_is_no_change_and_another_one_is(store: Store) -> None:
    create(store, order(buyer=BUYER_17))

    same = store.orders.change(
        "demo", {"701-1": lambda old: old and replace(old, buyer=replace(BUYER_17))}
    )
    other = store.orders.change(
        "demo", {"701-1": lambda old: old and replace(old, buyer=Buyer(name="Buyer 18"))}
    )

    assert same["701-1"][1] is False
    assert other["701-1"][1] is True
    stored = store.orders.get("demo", "701-1")
    assert stored is not None
    assert stored.buyer == Buyer(name="Buyer 18")


def test_due_orders_come_nearest_ship_by_first_then_those_without_one(store: Store) -> None:
    hour = timedelta(hours=1)
    create(
        store,
        order("late", next_read_at=NOON, ship_by=NOON + 9 * hour),
        order("soon", next_read_at=NOON, ship_by=NOON + hour),
        order("unknown, longest due", next_read_at=NOON - hour),
        order("unknown", next_read_at=NOON),
        order("not yet", next_read_at=NOON + hour, ship_by=NOON),
        order("never", next_read_at=None),
        order("other", account="other", next_read_at=NOON),
    )

    due = store.orders.due_for_reading("demo", before=NOON, limit=10)

    assert due == ["soon", "late", "unknown, longest due", "unknown"]
    assert store.orders.due_for_reading("demo", before=NOON, limit=3) == due[:3]
    assert store.orders.due_for_reading("demo", before=NOON, limit=1) == due[:1]


def test_an_order_of_every_field_comes_back_the_same(store: Store) -> None:
    full = order(
        status=OrderStatus.CANCELED,
        enrichment=EnrichmentState.INCOMPLETE_ROLE,
        is_business_order=True,
        shipping={"confirmed": {"units": 2}, "at": NOON},
        missing=("buyer.email",),
    )

    made, _ = store.orders.change("demo", {"701-1": lambda _: full})["701-1"]

    assert made is not None
    assert replace(made, revision=0, imported_at=None) == full
