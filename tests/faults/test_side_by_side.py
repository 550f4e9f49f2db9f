"""Any number of schedulers and workers: the documents are those of one of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from domain.orders import EnrichmentState, Order
from domain.reports import ReportState
from simulator.server import Simulator
from tests.fakes.mongo import fresh_database, mongodb_url
from tests.fakes.rabbitmq import RabbitMQ
from tests.fakes.system import Places, System

pytestmark = pytest.mark.rabbitmq
ACCOUNT, US, ORDERS = "alpha", "ATVPDKIKX0DER", 200
ORDERS_IN = (
    "request_report",
    "poll_report",
    "parse_order_report",
    "import_orders",
    "enrich_orders",
)
OF_THE_RUN = ("revision", "imported_at", "read_at", "next_read_at", "history", "outbox", "changes",
              "first_report_id", "lines_report_id", "lines_as_of")  # fmt: skip
"""What tells of this run's moments and of its report's id, and not of the order."""


@pytest.fixture(scope="module")
def amazon() -> Iterator[Simulator]:
    with Simulator(
        seed=3,
        orders=0,
        throttle=False,
        report_queue_s=0,
        report_progress_s=0,
        orders_lag_s=0,
        marketplaces=[US],
    ) as simulated:
        for n in range(ORDERS):
            simulated.put_order(
                account=ACCOUNT, order_id=f"111-{n:07}-0000001", age_s=7200, status="UNSHIPPED"
            )
        yield simulated


def documents_of(
    amazon: Simulator, rabbitmq: RabbitMQ, folder: Path, *, schedulers: int, workers: int
) -> dict[str, Any]:
    """Let so many processes import everything; return what stands in the store afterwards."""
    vhost = rabbitmq.add_vhost(f"side-by-side-{workers}")
    with (
        mongodb_url() as url,
        fresh_database(url) as database,
        System(
            folder,
            Places(vhost.amqp_url, url, database, amazon.url),
            extra={"ORDER_IMPORT__CHUNK_ROWS": "10"},
        ) as system,
    ):
        system.start_workers(ORDERS_IN, each=workers)
        for _ in range(schedulers):
            system.start("scheduler", "-m", "cli", "run", "scheduler")
        system.wait_until(lambda: is_through(system), "everything is imported", timeout_s=180)
        # The schedulers had time for many ticks by now; each slot must have one document.
        slots = list(system.app.store.database["slots"].find())
        reports = system.app.store.views.list_reports(account=ACCOUNT, limit=10)
        found = {
            "orders": {order.order_id: stable(order) for order in orders_of(system)},
            "reports": [(report.kind, report.rows, report.state) for report in reports],
            "tallies": [system.app.ports.ledger.tally(report.report_id) for report in reports],
            "jobs": sorted(slot["job_key"] for slot in slots),
            "quarantine": system.app.store.quarantine.groups(),
            "exit codes": {system.terminate("scheduler") for _ in range(schedulers)},
        }
    rabbitmq.delete_vhost(vhost.name)
    return found


def is_through(system: System) -> bool:
    reports = system.app.store.views.list_reports(account=ACCOUNT, limit=10)
    orders = orders_of(system)
    return (
        [report.state for report in reports] == [ReportState.COMPLETE]
        and len(orders) == ORDERS
        and {order.enrichment for order in orders} == {EnrichmentState.COMPLETE}
    )


def orders_of(system: System) -> list[Order]:
    return list(system.app.store.views.list_orders(account=ACCOUNT, limit=5 * ORDERS))


def stable(order: Order) -> dict[str, Any]:
    """Return what must be the same in every run; a report's rows come in any order."""
    facts = {name: value for name, value in asdict(order).items() if name not in OF_THE_RUN}
    facts["lines"] = [{**line, "report_id": "", "row": 0} for line in facts["lines"]]
    facts["items"] = [{**item, "report_rows": len(item["report_rows"])} for item in facts["items"]]
    facts["told"] = sorted(event.type for event in order.outbox)
    return facts


def differing(one: dict[str, Any], many: dict[str, Any]) -> list[tuple[str, str, Any, Any]]:
    """Return order, field and both values wherever the two are not the same."""
    return [
        (order_id, name, one.get(order_id, {}).get(name), many.get(order_id, {}).get(name))
        for order_id in sorted({*one, *many})
        for name in sorted({*one.get(order_id, {}), *many.get(order_id, {})})
        if one.get(order_id, {}).get(name) != many.get(order_id, {}).get(name)
    ]


def test_two_schedulers_and_three_workers_of_each_stage_give_the_same_documents(
    amazon: Simulator, rabbitmq: RabbitMQ, tmp_path: Path
) -> None:
    one = documents_of(amazon, rabbitmq, tmp_path / "one", schedulers=1, workers=1)
    many = documents_of(amazon, rabbitmq, tmp_path / "many", schedulers=2, workers=3)
    assert differing(one.pop("orders"), many["orders"]) == []
    assert {**many, "orders": None} == {**one, "orders": None}
    assert len(many["orders"]) == ORDERS
