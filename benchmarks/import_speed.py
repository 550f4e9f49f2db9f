"""Order lines per second, from the request of a report to its last row in the ledger.

The floor is what a script of twenty lines would do with the same file and the same store: read it
with ``csv`` and upsert each order in bulk, with no ledger, no reasons, no races, no history.
"""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from dramatiq.worker import Worker
from pymongo import MongoClient, UpdateOne

from actors.app import App, build
from actors.runtime.memory_broker import MemoryBroker
from benchmarks.printing import table
from cli.inline import THREADS
from config.settings import load_settings
from domain.messages import ReportDue, ReportKind
from domain.reports import Report, ReportState
from simulator.server import Simulator
from tests.fakes import big_report
from tests.fakes.mongo import fresh_database, mongodb_url
from tests.fakes.system import Places, System

ACCOUNT = "alpha"
US = "ATVPDKIKX0DER"
IN_A_BULK = 400
LOOK_S = 0.05
PATIENCE_S = 600
STAGES = {"request_report", "poll_report", "parse_order_report", "import_orders"}
ROUNDS = 2


def measure(rows: int) -> None:
    """Print lines per second of the floor, of a first import and of the same report again."""
    content = big_report.packed(rows)
    seconds: dict[str, list[float]] = {"floor": [], "first": [], "again": []}
    with mongodb_url() as url:
        for _ in range(ROUNDS):  # By turns, so that a busy moment of the machine hits both.
            seconds["floor"].append(_floor_s(url, content))
            with _importing(url) as (app, amazon):
                seconds["first"].append(_import_s(app, amazon, content, rows, slot="first"))
                seconds["again"].append(_import_s(app, amazon, content, rows, slot="again"))
    best = {name: min(took) for name, took in seconds.items()}
    names = {
        "floor": "floor: csv + bulk upsert",
        "first": "import of a new report",
        "again": "the same report again",
    }
    table(
        f"Order lines per second, {rows:,} rows, in-memory broker, one process",
        ("", "lines/s", "ratio"),
        [(names[n], f"{rows / s:,.0f}", f"{best['floor'] / s:.2f}") for n, s in best.items()],
    )


def _floor_s(url: str, content: bytes) -> float:
    client: MongoClient[dict[str, Any]] = MongoClient(url)
    with client, fresh_database(url) as database:
        orders = client[database]["orders"]
        began = time.perf_counter()
        with gzip.open(io.BytesIO(content), "rt", encoding="utf-8", newline="") as text:
            upserts: list[UpdateOne] = []
            rows = csv.DictReader(text, delimiter="\t", quoting=csv.QUOTE_NONE)
            for order_id, lines in groupby(rows, itemgetter("amazon-order-id")):
                upserts.append(
                    UpdateOne({"_id": order_id}, {"$set": {"lines": list(lines)}}, upsert=True)
                )
                if len(upserts) == IN_A_BULK:
                    orders.bulk_write(upserts, ordered=False)
                    upserts.clear()
            if upserts:
                orders.bulk_write(upserts, ordered=False)
        return time.perf_counter() - began


@contextmanager
def _importing(url: str) -> Iterator[tuple[App, Simulator]]:
    """Start a local Amazon, and workers of the stages up to the import in this process."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as folder,
        fresh_database(url) as database,
        Simulator(orders=0, throttle=False, report_queue_s=0, report_progress_s=0) as amazon,
    ):
        places = Places("", url, database, amazon.url)
        app = build(load_settings(System(Path(folder), places).settings_env), broker=MemoryBroker())
        worker = Worker(app.broker, queues=STAGES, worker_timeout=100, worker_threads=THREADS)
        worker.start()
        try:
            yield app, amazon
        finally:
            worker.stop(timeout=30_000)
            app.close()


def _import_s(app: App, amazon: Simulator, content: bytes, rows: int, *, slot: str) -> float:
    amazon.serve_report_document(content, gzipped=True)
    now = datetime.now(UTC)
    due = ReportDue.first(key=slot, account=ACCOUNT, at=now, kind=ReportKind.ORDERS, marketplace=US)
    began = time.perf_counter()
    app.publish(due)
    while (report := _report_of(app, due)) is None or report.is_open:
        time.sleep(LOOK_S)
        if time.perf_counter() - began > PATIENCE_S:
            raise SystemExit(f"the report of {rows} rows is not imported after {PATIENCE_S} s")
    took = time.perf_counter() - began
    if (report.state, report.rows) != (ReportState.COMPLETE, rows):
        raise SystemExit(f"the report of {rows} rows ended {report.state}: {report.reason}")
    return took


def _report_of(app: App, due: ReportDue) -> Report | None:
    newest = app.store.views.list_reports(account=ACCOUNT, limit=2)
    return next((each for each in newest if each.flow_id == due.flow_id), None)
