"""The gauges tell what is in the store, and an empty store is no error."""

from __future__ import annotations

from datetime import timedelta

import pytest

from actors.flow import FLOW
from domain.errors import Permanent
from domain.ledger import RowOutcome, SkipReason
from domain.messages import ReportKind
from domain.orders import EnrichmentState, OrderStatus
from domain.quota import Plan
from domain.reports import ReportState
from domain.schedule import Job, JobKind
from store.database import Store
from store.state_gauges import GAUGES
from tests.fakes.state_readings import REPORTS, SWEEPERS, put_feed, read
from tests.fakes.stored_orders import create, due, entry, order, skipped, verdict

STAGES = [stage.name for stage in FLOW]
OPERATIONS = ("createReport", "getReport", "getReportDocument", "searchOrders", "getOrder")


def test_an_empty_store_has_nothing_waiting(store: Store) -> None:
    readings = read(store)

    assert {value for key, value in readings.items() if key.startswith("pending_items")} == {0.0}
    assert readings["suspended demo *"] == 0.0
    assert readings["quarantined_messages import_orders"] == 0.0
    assert not [key for key in readings if key.startswith("job_last_success")]


def test_every_reading_is_declared_with_its_labels(store: Store) -> None:
    create(store, order())
    store.quotas.take("demo", "getOrder", Plan(rate=0.5, burst=30))
    gauges = store.state_gauges(jobs=[REPORTS], accounts=["demo"], stages=["import_orders"])

    for each in gauges.read():
        assert len(each.labels) == len(GAUGES[each.gauge].labels), each


def test_an_import_succeeded_when_every_marketplace_was_imported_whole(store: Store) -> None:
    now = store.now()
    report = store.reports.open_for(due(), now=now)
    waiting = read(store)
    store.reports.close(report.report_id, ReportState.COMPLETE)
    after = read(store)
    elsewhere = Job(JobKind.ORDER_REPORT, timedelta(minutes=30), "demo", "A13V1IB3VIYZZH")
    of_both = read(store, REPORTS, elsewhere)

    assert waiting["pending_items report_intended demo"] == 1.0
    assert waiting["reports demo orders intended"] == 1.0
    assert "job_last_success_timestamp_seconds order_report demo" not in waiting
    assert after["job_last_success_timestamp_seconds order_report demo"] == pytest.approx(
        now.timestamp(), abs=30
    )
    assert after["pending_items report_intended demo"] == 0.0
    assert "job_last_success_timestamp_seconds order_report demo" not in of_both


def test_a_report_that_was_not_imported_whole_counts_until_the_next_one_is(store: Store) -> None:
    first = store.reports.open_for(due("slot 1"), now=store.now())
    store.reports.close(first.report_id, ReportState.INCOMPLETE, "one row is missing")
    unhealthy = read(store)
    second = store.reports.open_for(due("slot 2"), now=store.now())
    store.reports.close(second.report_id, ReportState.CANCELLED, "no data")

    assert unhealthy["last_report_incomplete demo orders"] == 1.0
    assert unhealthy["reports demo orders incomplete"] == 1.0
    assert read(store)["last_report_incomplete demo orders"] == 0.0


def test_rows_are_counted_by_outcome_once_however_often_they_are_replayed(store: Store) -> None:
    verdicts = (
        verdict(2, "701-1", RowOutcome.CREATED),
        skipped(3, "701-2", SkipReason.UNKNOWN_STATUS),
    )
    for _ in range(2):
        store.ledger.record(entry(*verdicts), kind=ReportKind.ORDERS)

    readings = read(store)

    assert readings["report_rows demo created"] == 1.0
    assert readings["report_rows demo skipped"] == 1.0
    assert readings["unknown_status_orders demo"] == 1.0


def test_orders_to_be_shipped_soon_are_new_ones(store: Store) -> None:
    now = store.now()
    create(
        store,
        order("701-1", ship_by=now + timedelta(hours=11)),
        order("701-2", ship_by=now + timedelta(hours=13)),
        order("701-3", ship_by=now + timedelta(hours=1), status=OrderStatus.CANCELED),
        order("701-4", ship_by=now - timedelta(hours=1)),
    )

    assert read(store)["orders_ship_by_soon demo"] == 2.0


def test_orders_that_wait_to_be_read_are_counted_with_the_oldest_one(store: Store) -> None:
    now = store.now()
    role = EnrichmentState.INCOMPLETE_ROLE
    create(
        store,
        order("701-1", next_read_at=now - timedelta(minutes=10)),
        order("701-2", next_read_at=now + timedelta(hours=1), enrichment=role),
    )

    readings = read(store)

    assert readings["pending_items order_reading demo"] == 1.0
    assert readings["oldest_pending_age_seconds order_reading demo"] == pytest.approx(600, abs=30)
    assert readings["pending_items order_unenriched demo"] == 1.0
    assert readings["orders_missing_role demo"] == 1.0


def test_a_bucket_shows_the_calls_that_are_free(store: Store) -> None:
    for _ in range(2):
        store.quotas.take("demo", "createReport", Plan(rate=0.01, burst=15))

    readings = read(store)

    assert readings["quota_tokens demo createReport"] == pytest.approx(13, abs=0.5)
    assert readings["quota_burst_tokens demo createReport"] == 15.0


def test_a_suspended_account_is_one(store: Store) -> None:
    store.quotas.suspend_account("demo", "the refresh token was revoked")

    assert read(store)["suspended demo *"] == 1.0


def test_an_account_that_is_not_set_up_any_more_alarms_nobody(store: Store) -> None:
    store.quotas.take("sold", "getOrder", Plan(rate=0.5, burst=30))
    store.quotas.suspend_account("sold", "the refresh token was revoked")

    assert [key for key in read(store) if "sold" in key] == []


def test_ten_accounts_stay_within_the_budget_of_series(store: Store) -> None:
    accounts = [f"a{number}" for number in range(10)]
    for account in accounts:
        for operation in OPERATIONS:
            store.quotas.take(account, operation, Plan(rate=0.5, burst=30))
    kinds = [kind for kind in JobKind if kind is not JobKind.SWEEPERS]
    jobs = [Job(kind, timedelta(minutes=30), account) for account in accounts for kind in kinds]
    gauges = store.state_gauges(jobs=jobs, accounts=accounts, stages=STAGES)

    assert 500 < len(gauges.read()) <= 150 * len(accounts)


def test_quarantined_messages_are_counted_by_stage(store: Store) -> None:
    store.quarantine.keep(
        {"message_id": "1", "args": [], "kwargs": {}, "options": {}},
        stage="import_orders",
        flow_id="f",
        account="demo",
        error=Permanent("no"),
        traceback=None,
        attempts=1,
        kind="permanent",
        source="stage",
    )

    readings = read(store)

    assert readings["quarantined_messages import_orders"] == 1.0
    assert readings["pending_items quarantine "] == 1.0


def test_a_job_of_several_marketplaces_is_as_late_as_the_latest(store: Store) -> None:
    now = store.now()
    slot = REPORTS.slot(now)
    store.slots.claim(REPORTS.key, slot, holder="s")
    claimed = read(store)
    store.slots.announced(REPORTS.key, slot)
    elsewhere = Job(JobKind.ORDER_REPORT, timedelta(minutes=30), "demo", "A13V1IB3VIYZZH")

    assert "job_last_slot_timestamp_seconds order_report demo" not in claimed
    assert claimed["job_first_slot_timestamp_seconds order_report demo"] == pytest.approx(
        now.timestamp(), abs=30
    )
    assert read(store)["job_cadence_seconds order_report demo"] == 1800.0
    assert "job_last_slot_timestamp_seconds order_report demo" in read(store)
    assert "job_last_slot_timestamp_seconds order_report demo" not in read(
        store, REPORTS, elsewhere
    )


def test_a_chore_succeeded_when_it_is_done_and_a_feed_when_amazon_processed_it(
    store: Store,
) -> None:
    now = store.now()
    success = "job_last_success_timestamp_seconds"
    slot = SWEEPERS.slot(now)
    store.slots.claim(SWEEPERS.key, slot, holder="s")
    put_feed(store, "f1", state="applied", processed_at=now, processing_status="DONE")
    put_feed(store, "f2", state="applied", processed_at=now, processing_status="FATAL")
    begun = read(store)
    store.slots.announced(SWEEPERS.key, slot)

    assert f"{success} sweepers " not in begun
    assert begun[f"{success} fulfillment demo"] == pytest.approx(now.timestamp(), abs=0.01)
    assert read(store)[f"{success} sweepers "] == pytest.approx(now.timestamp(), abs=30)
