"""A small account is not kept waiting by a huge report of another one."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from actors.runtime.queue_states import queue_states
from domain.messages import ReportDue, ReportKind
from simulator.server import Simulator
from tests.fakes.mongo import fresh_database, mongodb_url
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.report_lines import HEADER, line
from tests.fakes.system import Places, System

pytestmark = pytest.mark.rabbitmq
US = "ATVPDKIKX0DER"
HUGE_LINES = 200_000
BACKLOG = 8
SLOW_S = 180.0
BEFORE_IMPORT = ("request_report", "poll_report", "parse_order_report")


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
            extra={"ORDER_IMPORT__CHUNK_PATIENCE_S": "0.5"},
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


def stored(system: System, account: str) -> dict[str, Any]:
    """Return the account's report as the store has it; empty before there is one."""
    return system.app.store.database["reports"].find_one({"account": account}) or {}


def parser_went_as_far_as_it_may(system: System) -> bool:
    """Return whether the parser has read the huge report to its end, or given its thread back."""
    report = stored(system, "huge")
    paused = "under_way" in report and "reading_until" not in report
    return report.get("state") == "parsed" or paused


def waiting_for_importers(system: System) -> int | None:
    [queue] = queue_states(system.app.broker, ["import_orders"])
    return queue.ready


def huge_chunks_before(system: System, order_chunk: Mapping[str, Any]) -> int:
    earlier = {"account": "huge", "imported_at": {"$lte": order_chunk["imported_at"]}}
    return system.app.store.database["report_chunks"].count_documents(earlier)


def test_a_small_accounts_order_has_eight_chunks_of_a_huge_report_before_it_and_not_five_hundred(
    amazon: Simulator, system: System
) -> None:
    """The worst moment: the importers were away, and the parser went as far as it may."""
    amazon.put_order(account="huge", age_s=7200, status="UNSHIPPED")
    small = amazon.put_order(account="small", age_s=7200, status="UNSHIPPED")
    amazon.serve_report_document(huge_report(), gzipped=True)
    system.start_workers(BEFORE_IMPORT)
    system.publish(due("huge"))
    system.wait_until(
        lambda: parser_went_as_far_as_it_may(system), "the parser is far ahead", timeout_s=SLOW_S
    )
    assert waiting_for_importers(system) == BACKLOG

    system.publish(due("small"))
    system.wait_until(
        lambda: stored(system, "small").get("state") == "parsed",
        "the small report is read",
        timeout_s=SLOW_S,
    )
    assert waiting_for_importers(system) == BACKLOG + 1

    system.start_worker("import_orders", threads=1)
    chunks = system.app.store.database["report_chunks"]
    system.wait_until(
        lambda: chunks.count_documents({"account": "small"}) == 1,
        "the small account's order is here",
        timeout_s=SLOW_S,
    )
    [order_chunk] = chunks.find({"account": "small"})
    assert order_chunk["order_ids"] == [small.order_id]
    # A worker may swap what it has fetched ahead; what the parser adds meanwhile comes behind.
    assert huge_chunks_before(system, order_chunk) <= 2 * BACKLOG
    assert stored(system, "huge")["state"] == "ready"
