"""The application counts what its store says became true, and begins at zero with every call."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.app import App, build
from config.settings import load_settings
from domain.feeds import FeedState
from domain.ledger import RowOutcome
from domain.messages import ReportKind
from domain.reports import ReportState
from spapi.plans import usage_plans
from tests.fakes.feed_values import new_feed
from tests.fakes.mongo import fresh_database, mongodb_url
from tests.fakes.stored_orders import due, entry, verdict
from tests.fakes.system import KEY
from tests.fakes.tracking import tracking_entered


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with mongodb_url() as url, fresh_database(url) as name:
        settings = {
            "MONGODB_URL": url,
            "MONGODB_DATABASE": name,
            "DATA_DIR": str(tmp_path),
            "ENCRYPTION__KEYS__TEST": KEY,
            "METRICS_PORT": "0",
        }
        made = build(load_settings(settings))
        yield made
        made.close()


def value(app: App, name: str, **labels: str) -> float | None:
    return app.metrics.registry.get_sample_value(f"connector_{name}", labels)


def test_what_the_store_writes_is_counted(app: App) -> None:
    store = app.store
    report = store.reports.open_for(due(), now=store.now())
    store.reports.close(report.report_id, ReportState.ABANDONED)
    store.ledger.record(entry(verdict(2, "701-1", RowOutcome.CREATED)), kind=ReportKind.ORDERS)
    store.tracking_inbox.record(tracking_entered())
    feed = store.feeds.prepare(new_feed())
    store.feeds.release(feed.feed_id, who="a person", why="not needed")

    assert value(app, "reports_total", kind="orders", event="abandoned") == 1.0
    assert value(app, "order_lines_total", outcome="created") == 1.0
    assert value(app, "tracking_entries_total", carrier="UPS") == 1.0
    for event in (FeedState.PREPARED, FeedState.WITHDRAWN):
        assert value(app, "feeds_total", feed_type="fulfillment", event=event.value) == 1.0


def test_every_call_begins_at_zero(app: App) -> None:
    for operation in usage_plans():
        labels = {"operation": operation, "status_class": "429"}
        assert value(app, "amazon_requests_total", **labels) == 0.0
