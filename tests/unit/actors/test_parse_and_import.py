from __future__ import annotations

from dataclasses import replace

import pytest

from actors.orders.import_orders import import_orders
from actors.orders.parse_order_report import parse_order_report
from domain.errors import NotYet, Refused
from domain.ledger import RowOutcome
from domain.messages import OrderLinesParsed, OrderReportReady, OrdersImported
from domain.reports import ReportState
from tests.fakes.amazon import MemoryAmazon
from tests.fakes.orders_in import OrdersIn
from tests.fakes.report_lines import HEADER, line, order_id


def parse(world: OrdersIn, ready: OrderReportReady) -> list[OrderLinesParsed]:
    return list(
        parse_order_report(  # type: ignore[arg-type]
            ready,
            reports=world.reports,
            ledger=world.ledger,
            amazon_reports=world.amazon,
            policy=world.policy,
            clock=world.clock,
        )
    )


def import_(world: OrdersIn, parsed: OrderLinesParsed) -> list[OrdersImported]:
    return list(
        import_orders(  # type: ignore[arg-type]
            parsed,
            orders=world.orders,
            ledger=world.ledger,
            reports=world.reports,
            policy=world.policy,
            clock=world.clock,
        )
    )


def report_of(*lines: str) -> OrdersIn:
    return OrdersIn(amazon=MemoryAmazon(lines=[HEADER, *lines]))


def seven_orders() -> OrdersIn:
    return report_of(*(line(amazon_order_id=order_id(n)) for n in range(7)))


def test_a_report_is_cut_into_chunks_that_account_for_every_row() -> None:
    world = seven_orders()

    chunks = parse(world, world.ready())

    assert [(c.chunk, c.first_row, c.last_row) for c in chunks] == [(1, 2, 4), (2, 5, 7), (3, 8, 8)]
    assert sum(len(chunk.lines) for chunk in chunks) == 7


def test_a_reading_after_the_standstill_announces_only_the_chunks_not_yet_imported() -> None:
    world = seven_orders()
    ready = world.ready()
    first, _, _ = list(parse(world, ready))
    report = world.reports.all[ready.report_id]
    world.reports.all[ready.report_id] = replace(report, state=ReportState.READY)
    import_(world, first)
    world.clock.advance(world.policy.chunk_standstill.total_seconds())

    again = parse(world, ready)

    assert [chunk.chunk for chunk in again] == [2, 3]


@pytest.mark.parametrize("patience_s", [0.0, 3.0])
def test_the_parser_pauses_when_the_importers_are_too_far_behind(patience_s: float) -> None:
    world = seven_orders()
    world.policy = replace(world.policy, chunk_backlog=2, chunk_patience_s=patience_s)
    begun_at = world.clock.now()
    published = []

    with pytest.raises(NotYet):
        published.extend(parse(world, world.ready()))

    assert (world.clock.now() - begun_at).total_seconds() == patience_s
    [report] = world.reports.all.values()
    assert report.state is ReportState.READY


@pytest.mark.parametrize(
    "text",
    [
        "Date range exceeded. Report can be requested only upto 30 days",
        "<html><body>Service Unavailable</body></html>",
        "Bestellnummer\tKaufdatum",
    ],
)
def test_a_file_that_is_not_the_report_changes_nothing_and_says_why(text: str) -> None:
    world = OrdersIn(amazon=MemoryAmazon(lines=[text]))

    assert parse(world, world.ready()) == []

    [report] = world.reports.all.values()
    assert report.state is ReportState.REFUSED
    assert report.reason
    assert world.orders.all == {}


def test_a_truncated_file_keeps_its_imported_rows_and_is_never_complete() -> None:
    world = seven_orders()
    world.amazon.truncated = True

    for chunk in parse(world, world.ready()):
        import_(world, chunk)

    [report] = world.reports.all.values()
    assert report.state is ReportState.INCOMPLETE
    assert len(world.orders.all) == 7


def test_a_file_cut_off_before_its_header_ends_is_called_so_and_not_empty() -> None:
    world = OrdersIn(amazon=MemoryAmazon(lines=[], truncated=True))

    assert parse(world, world.ready()) == []

    [report] = world.reports.all.values()
    assert report.state is ReportState.REFUSED
    assert "cut off" in report.reason


def test_a_document_amazon_does_not_know_yet_is_asked_for_again_while_its_report_is_young() -> None:
    world = seven_orders()
    ready = world.ready()
    world.amazon.raises = [Refused("getReportDocument", code="NotFound", status=404)]

    with pytest.raises(NotYet) as wait:
        parse(world, ready)

    assert wait.value.retry_after_s == 30.0
    assert len(parse(world, ready)) == 3


def test_one_broken_line_costs_only_itself() -> None:
    world = report_of(line(), "not a row at all", line(amazon_order_id=order_id(2)))

    [chunk] = parse(world, world.ready())
    import_(world, chunk)

    assert [rejected.row for rejected in chunk.rejected] == [3]
    assert len(world.orders.all) == 2
    [report] = world.reports.all.values()
    assert report.state is ReportState.COMPLETE


def test_importing_a_chunk_twice_gives_the_same_outcomes_and_documents() -> None:
    world = report_of(line(), line(amazon_order_id=order_id(2), order_status="Shipped"))
    [chunk] = parse(world, world.ready())

    first = import_(world, chunk)
    documents = dict(world.orders.all)
    again = import_(world, chunk)

    assert first == again
    assert documents == world.orders.all
    entry = world.ledger.entries[chunk.report_id, 1]
    assert [v.outcome for v in entry.verdicts] == [RowOutcome.CREATED, RowOutcome.SKIPPED]


def test_a_worker_that_died_before_the_ledger_entry_still_counts_its_orders_as_created() -> None:
    world = report_of(line())
    [chunk] = parse(world, world.ready())
    import_(world, chunk)
    world.ledger.entries.clear()

    import_(world, chunk)

    entry = world.ledger.entries[chunk.report_id, 1]
    assert [verdict.outcome for verdict in entry.verdicts] == [RowOutcome.CREATED]


def test_no_city_postal_code_tax_or_purchase_order_number_travels() -> None:
    world = report_of(
        line(
            ship_city="Exampleville",
            ship_postal_code="00017",
            item_tax="7.77",
            purchase_order_number="PO-secret",
        )
    )

    [chunk] = parse(world, world.ready())

    wire = chunk.model_dump_json()
    assert [word for word in ("Exampleville", "00017", "7.77", "PO-secret") if word in wire] == []
