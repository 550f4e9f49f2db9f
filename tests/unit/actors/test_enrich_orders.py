from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from actors.orders.enrich_orders import enrich_orders
from domain.errors import NotYet, Refused, Throttled, Unavailable
from domain.messages import OrdersImported
from domain.order_enrichment import apply
from domain.orders import EnrichmentState, OrderPage
from domain.reports import ReportState
from tests.fakes.amazon_orders import PLACED, amazon_order
from tests.fakes.enriching import enrich, world_of
from tests.fakes.report_lines import order_id


def test_imported_orders_get_buyer_address_and_item_ids() -> None:
    world = world_of(3)

    enriched = enrich(world, world.imported())

    assert sorted(fact.order_id for fact in enriched) == [order_id(0), order_id(1), order_id(2)]
    order = world.orders.all["demo", order_id(0)]
    assert order.enrichment is EnrichmentState.COMPLETE
    assert order.buyer is not None
    assert order.buyer.email == "buyer-17@example.invalid"
    assert [item.order_item_id for item in order.items] == ["01100000000000"]


def test_three_hundred_imported_chunks_cost_one_pass() -> None:
    world = world_of(3)
    chunks = [world.imported(number) for number in range(300)]

    for chunk in chunks:
        enrich(world, chunk)

    assert world.amazon.searches == 2  # one pass of two pages
    assert world.amazon.reads == []


def test_chunks_imported_after_a_pass_began_are_served_by_one_more_pass() -> None:
    world = world_of(1)
    enrich(world, world.imported(1))
    world.clock.pause(1)
    late = [world.imported(number) for number in range(2, 10)]

    for chunk in late:
        enrich(world, chunk)

    assert world.amazon.searches == 2


def test_orders_the_search_does_not_show_are_read_singly_nearest_ship_by_first() -> None:
    world = world_of(3, at_amazon=0)
    for number, days in ((0, 3), (1, 1), (2, 2)):
        order = world.orders.all["demo", order_id(number)]
        ship_by = PLACED.replace(day=22 + days)
        world.orders.all["demo", order.order_id] = replace(order, ship_by=ship_by)

    enrich(world, world.imported())

    assert world.amazon.reads == [order_id(1), order_id(2), order_id(0)]


def test_an_order_amazon_does_not_know_is_flagged_and_asked_for_again_tomorrow() -> None:
    world = world_of(1, at_amazon=0)

    assert enrich(world, world.imported()) == []

    order = world.orders.all["demo", order_id(0)]
    assert order.flags == ("unknown_at_amazon",)
    assert order.next_read_at is not None
    assert (order.next_read_at - world.clock.now()).total_seconds() == 86_400


def test_the_refresh_creates_no_order() -> None:
    world = world_of(0, at_amazon=2)

    assert enrich(world, world.refresh_due()) == []

    assert world.orders.all == {}


def test_while_the_search_is_throttled_the_quota_of_single_reads_is_used() -> None:
    world = world_of(2)
    world.amazon.raises = [Throttled("searchOrders", retry_after_s=178.0)]

    with pytest.raises(NotYet) as wait:
        enrich(world, world.imported())

    assert sorted(world.amazon.reads) == [order_id(0), order_id(1)]
    assert wait.value.retry_after_s == 178.0


def test_a_throttled_pass_is_kept_for_its_message_and_goes_on_at_the_same_page() -> None:
    world = world_of(4)
    trigger, another = world.imported(1), world.imported(2)
    throttled = Throttled("searchOrders", retry_after_s=60.0)
    pages_left = world.amazon.search

    def second_page_is_throttled(account: str, **query: object) -> object:
        if world.amazon.searches == 1 and not world.amazon.reads:
            raise throttled
        return pages_left(account, **query)  # type: ignore[arg-type]

    world.amazon.search = second_page_is_throttled  # type: ignore[method-assign,assignment]
    with pytest.raises(NotYet):
        enrich(world, trigger)

    assert enrich(world, another) == []  # it does not join in
    world.clock.pause(60)
    enriched = enrich(world, trigger)

    assert world.amazon.searches == 2
    assert sorted(fact.order_id for fact in enriched) == [order_id(2), order_id(3)]


def test_a_pass_whose_worker_died_is_taken_up_by_its_own_message_after_the_lease() -> None:
    world = world_of(3)
    trigger = world.imported()
    dying = enrich_orders(
        trigger,
        passes=world.passes,
        reports=world.reports,
        orders=world.orders,
        amazon_orders=world.amazon,
        policy=world.policy,
        clock=world.clock,
    )
    next(dying)

    with pytest.raises(NotYet) as busy:
        enrich(world, trigger)
    world.clock.pause(busy.value.retry_after_s)

    assert len(enrich(world, trigger)) == 3


def test_an_unavailable_amazon_gives_the_pass_back_for_the_retry() -> None:
    world = world_of(1)
    world.amazon.raises = [Unavailable("searchOrders answered 503")]

    trigger = world.imported()

    with pytest.raises(Unavailable):
        enrich(world, trigger)

    assert len(enrich(world, trigger)) == 1


def test_a_stored_value_is_not_overwritten_by_an_absent_one() -> None:
    world = world_of(1)
    enrich(world, world.imported())
    before = world.orders.all["demo", order_id(0)]
    withheld = amazon_order(order_id(0), buyer=None)

    after = apply(before, withheld, source="search", now=world.clock.now())

    assert (after or before).buyer == before.buyer


def test_an_order_amazon_refuses_to_show_costs_only_itself() -> None:
    world = world_of(2)
    world.amazon.orders = {}
    refused = Refused("getOrder", code="Unauthorized", status=403)
    world.amazon.search = lambda account, **query: OrderPage((), None, None)  # type: ignore[method-assign]
    world.amazon.orders = {order_id(1): amazon_order(order_id(1))}
    world.amazon.raises = [refused]

    enriched = enrich(world, world.imported())

    assert [fact.order_id for fact in enriched] == [order_id(1)]
    assert world.orders.all["demo", order_id(0)].flags == ("unreadable_at_amazon",)


def test_an_order_of_a_page_that_cannot_be_read_is_flagged_and_the_others_are_stored() -> None:
    world = world_of(2)
    page = OrderPage(
        orders=(amazon_order(order_id(1)),),
        next_token=None,
        last_updated_before=None,
        unreadable=((order_id(0), "orderItems: is missing"),),
    )
    world.amazon.search = lambda account, **query: page  # type: ignore[method-assign]

    assert [fact.order_id for fact in enrich(world, world.imported())] == [order_id(1)]

    order = world.orders.all["demo", order_id(0)]
    assert order.flags == ("unreadable_at_amazon",)
    assert "orderItems: is missing" in [entry.what for entry in order.history]


def test_chunks_of_a_report_still_being_imported_start_no_pass() -> None:
    world = world_of(2)
    report = world.reports.all[world.ready().report_id]
    chunk = OrdersImported.following(
        world.refresh_due(), report_id=report.report_id, chunk=1, imported_at=world.clock.now()
    )

    assert enrich(world, chunk) == []
    assert world.amazon.searches == 0

    world.reports.close(report.report_id, ReportState.COMPLETE)
    assert len(enrich(world, chunk)) == 2


def test_many_orders_never_read_are_searched_for_however_old_their_last_change() -> None:
    world = world_of(40, at_amazon=0)
    world.passes.take("demo", holder="m0", wanted_at=world.clock.now(), reach_back_to=None)
    world.passes.finish("demo", holder="m0")
    asked: list[datetime] = []

    def search(account: str, *, updated_after: datetime, page_token: str | None) -> OrderPage:
        asked.append(updated_after)
        return OrderPage((), None, None)

    world.amazon.search = search  # type: ignore[method-assign]

    enrich(world, world.imported())

    assert asked == [PLACED - timedelta(minutes=10)]
