"""What comes in while a pass reads orders one by one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from domain.errors import NotYet, Throttled
from domain.messages import RefreshDue
from domain.orders import AmazonOrder, EnrichmentState, OrderPage
from tests.fakes.amazon_orders import amazon_order
from tests.fakes.enriching import enrich, known, world_of
from tests.fakes.orders_in import OrdersIn
from tests.fakes.report_lines import order_id

Get = Callable[[str, str], AmazonOrder | None]


def test_many_orders_that_come_while_a_pass_reads_singly_are_left_to_the_next_ones_search() -> None:
    world, refresh = reading_singly()
    report_is_imported(world, orders=40)
    assert enrich(world, world.imported()) == []  # noted: the refresh runs

    enrich(world, refresh)

    assert world.amazon.searches == 2
    assert world.amazon.reads == [order_id(0)]  # no search shows it
    assert {each.enrichment for each in world.orders.all.values()} == {
        EnrichmentState.COMPLETE,
        EnrichmentState.DUE,
    }


def test_a_few_orders_that_come_while_a_pass_reads_singly_are_read_by_it() -> None:
    world, refresh = reading_singly()
    report_is_imported(world, orders=28)
    enrich(world, world.imported())

    enrich(world, refresh)

    assert len(world.amazon.reads) == 29


def test_orders_no_search_shows_are_read_singly_however_many_passes_are_wanted() -> None:
    world = world_of(40, at_amazon=0)
    trigger = world.imported(1)
    search = world.amazon.search

    def another_is_wanted(account: str, **query: object) -> OrderPage:
        world.clock.pause(1.0)
        if world.amazon.searches < 1:
            world.passes.take("demo", holder="m2", wanted_at=world.clock.now(), reach_back_to=None)
        return search(account, **query)  # type: ignore[arg-type]

    world.amazon.search = another_is_wanted  # type: ignore[method-assign]

    enrich(world, trigger)

    assert sorted(world.amazon.reads) == [order_id(number) for number in range(40)]


def reading_singly() -> tuple[OrdersIn, RefreshDue]:
    """Return a refresh that waits for the quota of single reads; no search shows its order."""
    world = world_of(1, at_amazon=0)
    refresh = world.refresh_due()
    world.amazon.get = throttled_once(world.amazon.get)  # type: ignore[method-assign,assignment]
    with pytest.raises(NotYet):
        enrich(world, refresh)
    world.clock.pause(20.0)
    return world, refresh


def report_is_imported(world: OrdersIn, *, orders: int) -> None:
    world.amazon.page_size = 100
    for number in range(1, orders + 1):
        known(world, number)
        world.amazon.orders[order_id(number)] = amazon_order(order_id(number))


def throttled_once(get: Get) -> Get:
    answers: list[Exception] = [Throttled("getOrder", retry_after_s=20.0)]

    def throttled(account: str, number: str) -> AmazonOrder | None:
        if answers:
            raise answers.pop()
        return get(account, number)

    return throttled
