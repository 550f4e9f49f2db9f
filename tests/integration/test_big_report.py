"""A report of a hundred thousand lines, end to end, in little memory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.messages import ReportDue, ReportKind
from domain.reports import Report, ReportState
from simulator.server import Simulator
from tests.fakes import big_report
from tests.fakes.mongo import fresh_database, mongodb_url
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.resident_memory import Peaks, resident_bytes
from tests.fakes.system import Places, System

pytestmark = pytest.mark.rabbitmq
US = "ATVPDKIKX0DER"
ROWS = 100_000
FEW_ROWS = 1_000
MOST_GROWTH_BYTES = 100 * 10**6
A_PYTHON_PROCESS_BYTES = 10**7
STAGES = ("request_report", "poll_report", "parse_order_report", "import_orders")
"""Without the reading of single orders afterwards: Amazon has none behind these rows."""


@pytest.fixture
def amazon() -> Iterator[Simulator]:
    with Simulator(orders=0, throttle=False, report_queue_s=0, report_progress_s=0) as running:
        yield running


@pytest.fixture
def system(vhost: Vhost, tmp_path: Path, amazon: Simulator) -> Iterator[System]:
    with (
        mongodb_url() as url,
        fresh_database(url) as database,
        System(tmp_path, Places(vhost.amqp_url, url, database, amazon.url)) as running,
    ):
        running.start_workers(STAGES)
        yield running


def imported(system: System, amazon: Simulator, content: bytes, *, slot: str) -> Report:
    """Let Amazon's next report hold these bytes, and wait until it is imported."""
    amazon.serve_report_document(content, gzipped=True)
    now = datetime.now(UTC)
    due = ReportDue.first(key=slot, account="alpha", at=now, kind=ReportKind.ORDERS, marketplace=US)
    system.publish(due)

    def newest() -> Report | None:
        found = system.app.store.views.list_reports(account="alpha", limit=5)
        return next((each for each in found if each.flow_id == due.flow_id), None)

    def is_closed() -> bool:
        report = newest()
        return report is not None and not report.is_open

    system.wait_until(is_closed, f"the report of {slot} is imported", timeout_s=600)
    report = newest()
    assert report is not None
    return report


def test_a_hundred_thousand_lines_are_imported_in_under_a_hundred_megabytes_and_all_accounted_for(
    system: System, amazon: Simulator
) -> None:
    few, many = big_report.packed(FEW_ROWS, prefix="112"), big_report.packed(ROWS)
    assert imported(system, amazon, few, slot="warm").state is ReportState.COMPLETE
    groups = {stage: system.processes[stage][0].pid for stage in STAGES}
    before = resident_bytes()

    with Peaks() as peaks:
        report = imported(system, amazon, many, slot="big")

    growth = {stage: peaks.bytes[group] - before[group] for stage, group in groups.items()}
    assert min(before[group] for group in groups.values()) > A_PYTHON_PROCESS_BYTES
    assert max(growth.values()) < MOST_GROWTH_BYTES, growth
    assert (report.state, report.reason, report.rows) == (ReportState.COMPLETE, "", ROWS)
    tally = system.app.store.ledger.tally(report.report_id)
    assert tally.row_outcomes == big_report.expected_rows(ROWS)
    assert tally.skipped == big_report.expected_skips(ROWS)
    assert tally.orders["created"] == big_report.expected_orders(ROWS)
    assert tally.rows == ROWS == sum(tally.row_outcomes.values())
