"""No report fills the importers' queue, however often it is read and however long they stall."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest

from actors.orders.import_orders import import_orders
from actors.orders.parse_order_report import parse_order_report
from actors.runtime.stage import Produced
from domain.errors import NotYet
from domain.messages import OrderLinesParsed, OrderReportReady
from domain.reports import ReportState
from tests.fakes.amazon import MemoryAmazon
from tests.fakes.orders_in import OrdersIn
from tests.fakes.report_lines import HEADER, line, order_id

CHUNKS = 12
BACKLOG = 8
FIRST_EIGHT = [1, 2, 3, 4, 5, 6, 7, 8]
STANDSTILL_S = 15 * 60


def twelve_chunks() -> OrdersIn:
    lines = [HEADER, *(line(amazon_order_id=order_id(n)) for n in range(3 * CHUNKS))]
    return OrdersIn(amazon=MemoryAmazon(lines=lines))


def reading(world: OrdersIn, ready: OrderReportReady) -> Iterator[Produced]:
    return parse_order_report(
        ready,
        reports=world.reports,
        ledger=world.ledger,
        amazon_reports=world.amazon,
        policy=world.policy,
        clock=world.clock,
    )


def read(world: OrdersIn, ready: OrderReportReady) -> list[int]:
    """Return the numbers of the chunks a reading publishes until it ends or gives up."""
    return [chunk.chunk for chunk in chunks_of(world, ready)]


def chunks_of(world: OrdersIn, ready: OrderReportReady) -> list[OrderLinesParsed]:
    published: list[Produced] = []
    with suppress(NotYet):
        published.extend(reading(world, ready))
    return [said for said in published if isinstance(said, OrderLinesParsed)]


def import_(world: OrdersIn, chunk: OrderLinesParsed) -> None:
    for _ in import_orders(
        chunk,
        orders=world.orders,
        ledger=world.ledger,
        reports=world.reports,
        policy=world.policy,
        clock=world.clock,
    ):
        pass


def test_a_report_read_again_and_again_while_nothing_is_imported_publishes_eight_chunks() -> None:
    world = twelve_chunks()
    ready = world.ready()

    assert [read(world, ready) for _ in range(3)] == [FIRST_EIGHT, [], []]


def test_a_report_without_room_for_a_chunk_is_not_fetched_again() -> None:
    world = twelve_chunks()
    ready = world.ready()
    read(world, ready)
    read(world, ready)

    assert world.amazon.fetched == 1


def test_a_second_announcement_of_the_report_publishes_no_chunk_more() -> None:
    world = twelve_chunks()
    ready = world.ready()
    again = OrderReportReady.following(
        ready, key="again", report_id=ready.report_id, document_id=ready.document_id
    )

    assert [read(world, ready), read(world, again)] == [FIRST_EIGHT, []]


def test_two_workers_never_read_a_report_at_once() -> None:
    world = twelve_chunks()
    ready = world.ready()
    one = reading(world, ready)
    next(one)

    with pytest.raises(NotYet) as wait:
        next(reading(world, ready))

    assert wait.value.retry_after_s == 150.0


def test_every_chunk_imported_makes_room_for_one_more() -> None:
    world = twelve_chunks()
    ready = world.ready()
    for chunk in chunks_of(world, ready)[:3]:
        import_(world, chunk)

    assert read(world, ready) == [9, 10, 11]


def test_chunks_that_were_lost_on_their_way_come_again_after_the_standstill() -> None:
    world = twelve_chunks()
    ready = world.ready()
    first, *_ = chunks_of(world, ready)
    import_(world, first)
    world.clock.advance(STANDSTILL_S - 1)
    almost = read(world, ready)
    world.clock.advance(1)

    assert almost == [9]
    assert read(world, ready) == [2, 3, 4, 5, 6, 7, 8]


def test_a_chunk_whose_publishing_was_cut_short_is_published_by_the_very_next_reading() -> None:
    world = twelve_chunks()
    ready = world.ready()
    cut_short = reading(world, ready)
    next(cut_short)
    next(cut_short)
    del cut_short

    assert read(world, ready) == [2, 3, 4, 5, 6, 7, 8]


def test_a_worker_killed_while_it_read_is_followed_by_another_after_its_lease() -> None:
    world = twelve_chunks()
    ready = world.ready()
    killed = reading(world, ready)
    next(killed)
    world.clock.advance(150)

    assert read(world, ready) == FIRST_EIGHT


def test_a_worker_that_lost_its_lease_leaves_the_report_to_the_one_that_has_it() -> None:
    world = twelve_chunks()
    ready = world.ready()
    again = OrderReportReady.following(
        ready, key="again", report_id=ready.report_id, document_id=ready.document_id
    )
    slow, fast = reading(world, ready), reading(world, again)
    next(slow)
    world.clock.advance(150)
    next(fast)

    with pytest.raises(NotYet):
        next(slow)


def test_a_report_is_parsed_to_its_end_once_all_is_imported() -> None:
    world = twelve_chunks()
    ready = world.ready()
    while world.reports.all[ready.report_id].state is ReportState.READY:
        for chunk in chunks_of(world, ready):
            import_(world, chunk)

    assert world.reports.all[ready.report_id].state is ReportState.COMPLETE
    assert len(world.orders.all) == 3 * CHUNKS
