"""A small account is not kept waiting by a huge report of another one."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from domain.messages import ReportDue, ReportKind
from domain.reports import Report
from simulator.server import Simulator
from tests.fakes.mongo import fresh_database, mongodb_url
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.report_lines import HEADER, line
from tests.fakes.system import Places, System

pytestmark = pytest.mark.rabbitmq
US = "ATVPDKIKX0DER"
HUGE_LINES = 200_000
A_MINUTE_S = 60.0


@pytest.fixture
def amazon() -> Iterator[Simulator]:
    with Simulator(
        seed=5,
        orders=0,
        throttle=False,
        report_queue_s=0,
        report_progress_s=0,
        marketplaces=[US],
    ) as simulator:
        yield simulator


@pytest.fixture
def system(amazon: Simulator, vhost: Vhost, tmp_path: Path) -> Iterator[System]:
    with (
        mongodb_url() as url,
        fresh_database(url) as database,
        System(
            tmp_path,
            Places(vhost.amqp_url, url, database, amazon.url),
            accounts=("huge", "small"),
        ) as running,
    ):
        yield running


def huge_report() -> bytes:
    rows = (line(amazon_order_id=f"113-{n // 4:07}-{n // 4:07}") for n in range(HUGE_LINES))
    return gzip.compress("\n".join([HEADER, *rows]).encode(), compresslevel=1)


def due(account: str) -> ReportDue:
    return ReportDue.first(
        key="slot-1", account=account, at=datetime.now(UTC), kind=ReportKind.ORDERS, marketplace=US
    )


def report_of(system: System, account: str) -> Report | None:
    found = system.app.store.views.list_reports(account=account, limit=1)
    return found[0] if found else None


def test_a_small_accounts_order_is_imported_while_a_huge_report_is_worked_off(
    amazon: Simulator, system: System
) -> None:
    amazon.put_order(account="huge", age_s=7200, status="UNSHIPPED")
    small = amazon.put_order(account="small", age_s=7200, status="UNSHIPPED")
    amazon.serve_report_document(huge_report(), gzipped=True)
    system.start_workers()
    system.publish(due("huge"))
    chunks = system.app.store.database["report_chunks"]
    system.wait_until(lambda: chunks.count_documents({}) > 2, "the huge import is under way")

    system.publish(due("small"))
    system.wait_until(
        lambda: system.app.store.orders.get("small", small.order_id) is not None,
        "the small account's order is here",
        timeout_s=A_MINUTE_S,
    )
    huge = report_of(system, "huge")
    assert huge is not None
    assert huge.is_open
