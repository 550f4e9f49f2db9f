"""Removing buyers in the store: nothing of them is left, and no race brings them back."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from actors.runtime.privacy import PrivacyPorts, remove_buyers
from domain.order_enrichment import apply
from domain.orders import Buyer, EnrichmentState, Order, PurgeReason
from domain.privacy import purged_by_age, purged_on_request
from domain.schedule import Job, JobKind
from store.database import Store, connect
from store.orders import Decide
from tests.fakes.amazon_orders import amazon_order
from tests.fakes.mongo import TEST_KEY
from tests.fakes.stored_orders import BUYER_17, always, create, order

DAYS_30 = timedelta(days=30)
WRITTEN = "by the buyer's own hand"


def ago(store: Store, **time: float) -> datetime:
    return store.now() - timedelta(**time)


def ports(store: Store, kept: timedelta = DAYS_30) -> PrivacyPorts:
    return PrivacyPorts(store.kept_buyers, store.orders, kept)


def raw(store: Store, order_id: str = "701-1") -> dict[str, Any]:
    found = store.database["orders"].find_one({"_id": f"demo/{order_id}"})
    assert found is not None
    return found


def stored(store: Store, order_id: str = "701-1") -> Order:
    found = store.orders.get("demo", order_id)
    assert found is not None
    return found


def test_the_buyer_goes_with_ciphertext_and_digest_and_the_tombstone_stays(store: Store) -> None:
    create(
        store, order(buyer=BUYER_17, delivered_at=ago(store, days=31), read_at=ago(store, days=2))
    )
    sealed = raw(store)["buyer"]

    assert remove_buyers(ports(store)) == 1

    left = raw(store)
    assert not {"buyer", "over_at", "next_read_at"} & left.keys()
    everything = repr(list(store.database["orders"].find()))
    assert repr(sealed["data"]) not in everything
    assert repr(sealed["digest"]) not in everything
    tombstone = stored(store)
    assert tombstone.purged_because is PurgeReason.DELIVERED
    assert tombstone.enrichment is EnrichmentState.CLOSED
    assert tombstone.lines == order().lines
    assert remove_buyers(ports(store)) == 0
    assert raw(store) == left


def test_a_pass_takes_more_than_one_batch(store: Store) -> None:
    ids = [f"701-{n}" for n in range(1100)]
    old = ago(store, days=40)
    orders = [order(each, buyer=BUYER_17, delivered_at=old) for each in ids]
    store.orders.change("demo", {each.order_id: always(each) for each in orders})

    assert remove_buyers(ports(store)) == 1100
    assert store.database["orders"].count_documents({"buyer": {"$exists": True}}) == 0
    assert store.database["orders"].count_documents({"purged_at": {"$exists": True}}) == 1100


def test_what_counts_is_the_setting_of_the_day(store: Store) -> None:
    create(store, order(buyer=BUYER_17, delivered_at=ago(store, days=8)))

    assert remove_buyers(ports(store, timedelta(days=9))) == 0
    assert remove_buyers(ports(store, timedelta(days=7))) == 1


def test_an_enrichment_that_loses_against_the_removal_brings_nothing_back(store: Store) -> None:
    long_over = ago(store, days=31)
    create(store, order(buyer=BUYER_17, amazon_status="Shipped", delivered_at=long_over))
    record = amazon_order("701-1", last_updated_at=store.now(), buyer=Buyer(email=WRITTEN))
    seen: list[bool] = []

    def enriched(old: Order | None) -> Order | None:
        assert old is not None
        seen.append(old.buyer is not None)
        if len(seen) == 1:  # The removal is faster, between our reading and our writing.
            assert remove_buyers(ports(store)) == 1
        return apply(old, record, source="search", now=store.now())

    store.orders.change("demo", {"701-1": enriched})

    assert seen == [True, False]
    assert (stored(store).buyer, stored(store).purged_at is not None) == (None, True)
    assert len(stored(store).items) == 1


def test_a_removal_that_loses_against_an_enrichment_removes_what_that_brought(store: Store) -> None:
    create(store, order(delivered_at=ago(store, days=31)))
    record = amazon_order("701-1", last_updated_at=store.now())
    now, seen = store.now(), list[Buyer | None]()

    def removed(old: Order | None) -> Order | None:
        assert old is not None
        if not seen:
            store.orders.change(
                "demo", {"701-1": lambda order: apply(order, record, source="search", now=now)}
            )
        seen.append(old.buyer)
        return purged_by_age(old, kept=DAYS_30, now=now)

    store.orders.change("demo", {"701-1": removed})

    assert [each is None for each in seen] == [True, False]
    assert "buyer" not in raw(store)
    assert len(stored(store).items) == 1


def test_removals_and_readings_at_once_end_without_a_buyer(store: Store, url: str) -> None:
    ids = [f"701-{n}" for n in range(60)]
    long_over = ago(store, days=31)
    create(store, *(order(each, buyer=BUYER_17, delivered_at=long_over) for each in ids))
    start = threading.Barrier(4)

    def read() -> None:
        with connect(url, store.database.name, cipher=TEST_KEY) as mine:
            start.wait()
            for n in range(3):
                at = store.now() + timedelta(minutes=n)
                mine.orders.change("demo", {each: reading(each, at) for each in ids})

    def remove() -> None:
        with connect(url, store.database.name, cipher=TEST_KEY) as mine:
            start.wait()
            remove_buyers(ports(mine))

    threads = [threading.Thread(target=each) for each in (read, read, remove, remove)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    left = list(store.database["orders"].find())
    assert [each["_id"] for each in left if "buyer" in each] == []
    assert [each["_id"] for each in left if "purged_at" not in each] == []
    told = [sum(h["cause"] == "privacy" for h in each["history"]) for each in left]
    assert told == [1] * 60


def reading(order_id: str, at: datetime) -> Decide:
    record = amazon_order(order_id, last_updated_at=at)
    return lambda old: apply(old, record, source="search", now=at)


def test_a_forgotten_buyer_comes_once_more_in_the_export_as_removed(store: Store) -> None:
    create(store, order(buyer=BUYER_17, enrichment=EnrichmentState.COMPLETE))
    [(cursor, _)] = store.views.export()

    store.orders.change(
        "demo",
        {"701-1": lambda old: purged_on_request(old, who="anna", why="asked", now=store.now())},
    )

    [(_, again)] = store.views.export(since=cursor)
    assert (again.buyer, again.purged_because) == (None, PurgeReason.ON_REQUEST)


def test_the_gauge_tells_how_long_a_buyer_is_overdue(store: Store) -> None:
    create(
        store,
        order("701-1", buyer=BUYER_17, delivered_at=ago(store, days=33)),
        order("701-2", buyer=BUYER_17, delivered_at=ago(store, days=31)),
        order("701-3", buyer=BUYER_17, delivered_at=ago(store, days=29)),
    )

    count, age_s = overdue(store)
    assert count == 2.0
    assert age_s == pytest.approx(3 * 86400, abs=60)
    assert overdue(store, timedelta(days=10))[0] == 3.0
    remove_buyers(ports(store))
    assert overdue(store) == (0.0, 0.0)


def overdue(store: Store, kept: timedelta = DAYS_30) -> tuple[float, float]:
    gauges = store.state_gauges(
        jobs=[Job(JobKind.PRIVACY, timedelta(hours=24))],
        accounts=["demo"],
        stages=[],
        buyers_kept=kept,
    )
    labels = ("buyer_overdue", "demo")
    found = {each.gauge: each.value for each in gauges.read() if each.labels == labels}
    return found["pending_items"], found["oldest_pending_age_seconds"]


def test_a_creation_keeps_no_time_of_the_end_of_a_removed_buyer(store: Store) -> None:
    create(store, replace(order(), purged_at=store.now()))

    assert "over_at" not in raw(store)
