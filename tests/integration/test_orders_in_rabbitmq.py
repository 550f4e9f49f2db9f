"""Orders in on a real RabbitMQ, a MongoDB wire protocol and the simulator, a process per stage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.messages import ReportDue, ReportKind
from domain.orders import EnrichmentState, Order
from domain.reports import Report, ReportState
from simulator.server import Simulator
from tests.fakes.mongo import fresh_database, mongodb_url
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.system import Places, System

pytestmark = pytest.mark.rabbitmq
US = "ATVPDKIKX0DER"


@pytest.fixture
def system(vhost: Vhost, tmp_path: Path) -> Iterator[System]:
    with (
        Simulator(
            seed=11, orders=120, speed=120.0, throttle=False, report_queue_s=0, report_progress_s=0
        ) as amazon,
        mongodb_url() as url,
        fresh_database(url) as database,
        System(tmp_path, Places(vhost.amqp_url, url, database, amazon.url)) as running,
    ):
        yield running


def report_due(slot: str) -> ReportDue:
    return ReportDue.first(
        key=slot,
        account="alpha",
        at=datetime.now(UTC),
        kind=ReportKind.ORDERS,
        marketplace=US,
    )


def closed_report(system: System) -> Report:
    """Wait until the one report is closed, and return it."""

    def closed() -> list[Report]:
        reports = system.app.store.views.list_reports(account="alpha", limit=5)
        return [report for report in reports if not report.is_open]

    system.wait_until(lambda: bool(closed()), "the report is closed", timeout_s=90)
    [report] = closed()
    return report


def all_orders(system: System) -> list[Order]:
    return list(system.app.store.views.list_orders(account="alpha", limit=1000))


def test_a_process_per_stage_imports_and_enriches_a_report(system: System) -> None:
    system.start_workers(each=1)

    system.publish(report_due("slot-1"))

    report = closed_report(system)
    assert (report.state, report.reason) == (ReportState.COMPLETE, "")
    tally = system.app.store.ledger.tally(report.report_id)
    assert tally.rows == report.rows == sum(tally.row_outcomes.values())
    assert len(all_orders(system)) == tally.orders["created"] > 0
    system.wait_until(
        lambda: all(order.enrichment is not EnrichmentState.DUE for order in all_orders(system)),
        "every order was read",
    )


def test_several_workers_of_every_stage_and_a_doubled_tick_make_no_duplicate(
    system: System,
) -> None:
    system.start_workers(each=2)

    for _ in range(5):
        system.publish(report_due("slot-1"))

    tally = system.app.store.ledger.tally(closed_report(system).report_id)
    orders = all_orders(system)
    assert len({order.order_id for order in orders}) == len(orders) == tally.orders["created"]
    rows = [(line.report_id, line.row) for order in orders for line in order.lines]
    assert len(set(rows)) == len(rows)
