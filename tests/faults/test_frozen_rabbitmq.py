"""RabbitMQ stops reading and then dies, while a report is published: ours beside stock Dramatiq.

The same stand, the same second; only the broker class of the workers differs.  A broker without
confirms believes that what it wrote into a frozen connection has arrived.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from domain.reports import ReportState
from tests.fakes.rabbitmq_node import PrivateRabbitMQ
from tests.fakes.stand import Stand, stand
from tests.fakes.stock_app import stock_broker
from tests.fakes.verdicts import Verdicts

pytestmark = pytest.mark.rabbitmq
OURS, STOCK = "actors.app:setup", "tests.fakes.stock_app:setup"
BEFORE = ("request_report", "poll_report", "parse_order_report")
AFTER = ("import_orders", "enrich_orders", "resolve_shipments")
"""Whoever hears of an order; a queue that nobody reads would never be empty."""


@pytest.fixture
def ready(tmp_path: Path, private_rabbitmq: PrivateRabbitMQ) -> Iterator[Stand]:
    vhost = private_rabbitmq.add_vhost(f"frozen-{uuid4().hex[:8]}")
    with stand(tmp_path, private_rabbitmq, vhost) as everything:
        yield everything
    private_rabbitmq.delete_vhost(vhost.name)


def rabbitmq_freezes_and_dies(at: Stand, app: str) -> None:
    """Freeze RabbitMQ between the reading of the report and its publishing, then kill it."""
    for stage in (*BEFORE, *AFTER):
        at.system.start_worker(stage, app=app, threads=1)
    at.place(last=20)
    at.begin("slot-0")  # From now on every worker thread has a connection to publish on.
    at.wait_for_reports(1)
    at.place(first=21)
    at.amazon.add_fault("hang", operation="getReportDocument", times=1, seconds=1)
    at.node.settle()
    at.begin()
    at.system.wait_until(
        lambda: at.amazon.calls("getReportDocument") > 1, "the report is being read"
    )
    at.node.freeze()
    wait_for_the_parser(at, published_blindly=app == STOCK)
    at.node.kill()
    at.node.start()
    at.struck()


def wait_for_the_parser(at: Stand, *, published_blindly: bool) -> None:
    """Wait until the parser has published everything, as it believes, or clearly cannot."""
    deadline = time.monotonic() + (60 if published_blindly else 5)
    while time.monotonic() < deadline:
        if ReportState.PARSED in [report.state for report in at.tally.reports()]:
            return
        time.sleep(0.1)


def test_our_broker_loses_nothing(ready: Stand, verdicts: Verdicts) -> None:
    rabbitmq_freezes_and_dies(ready, OURS)

    verdict = verdicts.note(ready.orders_come_in("rabbitmq_freezes_and_dies"))

    assert (verdict.lost, verdict.duplicated) == (0, 0), ready.system.last_words()
    assert ready.left == []


def test_the_stock_broker_loses_what_it_believed_to_have_published(
    ready: Stand, verdicts: Verdicts
) -> None:
    ready.system.make_broker = stock_broker
    rabbitmq_freezes_and_dies(ready, STOCK)

    verdict = verdicts.note(ready.orders_come_in("… on the stock broker", timeout_s=20))

    assert verdict.lost > 0
