"""Outboxes in the store: found while they wait, cleared by event id, safe from rivals."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from domain.orders import Order, OutEvent
from store.database import Store
from store.outbox import Outbox
from tests.fakes.stored_orders import NOON, order


def fact(event_id: str, minutes: int = 0) -> OutEvent:
    at = NOON + timedelta(minutes=minutes)
    return OutEvent(event_id, "order.imported", at, {"version": 1, "facts": ["x", None, 7]})


def write(store: Store, order_id: str, *facts: OutEvent) -> None:
    def say(known: Order | None) -> Order:
        known = known or order(order_id)
        return replace(known, outbox=(*known.outbox, *facts))

    store.orders.change("demo", {order_id: say})


def unsent(store: Store) -> list[str]:
    return [each.event.event_id for each in Outbox(store.database).unsent(limit=10)]


def test_what_waits_is_found_longest_waiting_document_first(store: Store) -> None:
    write(store, "late", fact("c", 9))
    write(store, "early", fact("a", 1), fact("b", 5))
    write(store, "silent")
    assert unsent(store) == ["a", "b", "c"]


def test_a_fact_comes_back_from_the_store_as_it_was_written(store: Store) -> None:
    write(store, "1", fact("a"))
    (found,) = Outbox(store.database).unsent(limit=10)
    assert found.event == fact("a")
    assert (found.collection, found.key) == ("orders", "demo/1")


def test_a_cleared_fact_is_gone_and_the_others_stay(store: Store) -> None:
    write(store, "1", fact("a"), fact("b"))
    outbox = Outbox(store.database)
    first, _ = outbox.unsent(limit=10)
    for _ in range(2):
        outbox.clear(first)
    assert unsent(store) == ["b"]


def test_clearing_does_not_stand_in_the_way_of_a_change_of_the_order(store: Store) -> None:
    write(store, "1", fact("a"))
    outbox = Outbox(store.database)

    def say(known: Order | None) -> Order:
        assert known is not None
        for each in outbox.unsent(limit=10):
            outbox.clear(each)
        return replace(known, outbox=(*known.outbox, fact("b")))

    store.orders.change("demo", {"1": say})
    assert unsent(store)[-1] == "b"
    for each in outbox.unsent(limit=10):
        outbox.clear(each)
    assert unsent(store) == []


def test_only_what_waits_long_enough_is_found_when_asked_so(store: Store) -> None:
    now = store.now()
    write(store, "old", replace(fact("a"), at=now - timedelta(minutes=6)))
    write(store, "new", replace(fact("b"), at=now))
    found = Outbox(store.database).unsent(limit=10, older_than=timedelta(minutes=5))
    assert [each.event.event_id for each in found] == ["a"]


def test_the_limit_counts_documents(store: Store) -> None:
    write(store, "1", fact("a", 1), fact("b", 2))
    write(store, "2", fact("c", 3))
    found = Outbox(store.database).unsent(limit=1)
    assert [each.event.event_id for each in found] == ["a", "b"]
