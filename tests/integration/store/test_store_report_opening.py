"""Opening reports: one per lane, windows that reach back, files."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from domain.errors import NotYet
from domain.messages import ReportDue, ReportKind
from domain.reports import ReportState
from store.database import Store, connect
from tests.fakes.mongo import TEST_KEY
from tests.fakes.stored_orders import NOON, due

HOUR = timedelta(hours=1)
DIGEST = "ab" * 32


def test_a_tick_opens_a_report_of_the_last_three_days(store: Store) -> None:
    report = store.reports.open_for(due(), now=NOON)

    assert report.state is ReportState.INTENDED
    assert (report.data_start, report.data_end) == (NOON - 72 * HOUR, NOON)
    assert report.chunk_rows == 3
    assert report.source == "amazon"
    assert report.created_at is not None
    assert report.flow_id == due().flow_id
    assert store.reports.get(report.report_id) == report


def test_another_tick_gets_the_report_that_is_still_open(store: Store) -> None:
    first = store.reports.open_for(due("slot 1"), now=NOON)

    assert store.reports.open_for(due("slot 2"), now=NOON) == first


def test_another_marketplace_or_account_has_a_lane_of_its_own(store: Store) -> None:
    ids = {
        store.reports.open_for(each, now=NOON).report_id
        for each in (due(), due(marketplace="APJ6JRA9NG5V4"), due(account="other"))
    }

    assert len(ids) == 3


def test_a_closed_report_frees_its_lane_again_and_again(store: Store) -> None:
    ids = set()
    for n in range(4):
        report = store.reports.open_for(due(f"slot {n}"), now=NOON)
        store.reports.close(report.report_id, ReportState.CANCELLED)
        ids.add(report.report_id)

    assert len(ids) == 4


def test_a_tick_that_comes_again_after_its_report_closed_opens_no_second_one(store: Store) -> None:
    first = store.reports.open_for(due(), now=NOON)
    store.reports.close(first.report_id, ReportState.CANCELLED, "no data")

    again = store.reports.open_for(due(), now=NOON)

    assert again.report_id == first.report_id
    assert (again.state, again.reason) == (ReportState.CANCELLED, "no data")


def test_many_ticks_at_once_open_one_report(store: Store, url: str) -> None:
    start = threading.Barrier(8)

    def tick(n: int) -> str:
        with connect(url, store.database.name, cipher=TEST_KEY) as own:
            start.wait()
            return own.reports.open_for(due(f"slot {n % 4}"), now=NOON).report_id

    with ThreadPoolExecutor(8) as pool:
        ids = set(pool.map(tick, range(8)))

    assert len(ids) == 1
    assert store.database["reports"].count_documents({"state": {"$exists": True}}) == 1


def test_a_draft_left_by_a_crash_is_no_report_and_stops_nobody(store: Store) -> None:
    opened = store.reports.open_for(due(), now=NOON)
    store.database["reports"].delete_one({"_id": opened.report_id})
    store.database["reports"].insert_one({"_id": opened.report_id, "drafted_at": NOON})

    assert store.reports.get(opened.report_id) is None
    assert store.reports.open_for(due(), now=NOON).report_id == opened.report_id
    assert store.reports.get(opened.report_id) is not None


def test_after_an_outage_the_window_reaches_back_to_the_last_complete_report(store: Store) -> None:
    report = store.reports.open_for(due(), now=NOON)
    store.reports.close(report.report_id, ReportState.COMPLETE)

    later = store.reports.open_for(due("slot 2"), now=NOON + 240 * HOUR)

    assert later.data_start == NOON - timedelta(minutes=30)
    assert later.data_end == NOON + 240 * HOUR
    assert not later.gap


def test_a_person_may_ask_for_a_longer_look_back(store: Store) -> None:
    report = store.reports.open_for(due().model_copy(update={"days": 10}), now=NOON)

    assert (report.data_start, report.data_end) == (NOON - 240 * HOUR, NOON)
    assert store.reports.open_for(due("slot 2"), now=NOON) == report


def test_a_longer_look_back_waits_for_the_report_that_is_open(store: Store) -> None:
    longer = due("by hand").model_copy(update={"days": 10})
    report = store.reports.open_for(due(), now=NOON)

    with pytest.raises(NotYet, match=report.report_id):
        store.reports.open_for(longer, now=NOON)
    store.reports.close(report.report_id, ReportState.COMPLETE)

    opened = store.reports.open_for(longer, now=NOON)
    store.reports.close(opened.report_id, ReportState.COMPLETE)
    assert opened.data_start == NOON - 240 * HOUR
    assert store.reports.open_for(longer, now=NOON).report_id == opened.report_id


def test_a_longer_look_back_is_not_shortened_while_it_waits_to_be_asked_for(store: Store) -> None:
    store.reports.open_for(due().model_copy(update={"days": 10}), now=NOON)

    later = store.reports.open_for(due("slot 2"), now=NOON + HOUR)

    assert (later.data_start, later.data_end) == (NOON - 239 * HOUR, NOON + HOUR)


def test_a_cancelled_or_incomplete_report_proves_nothing(store: Store) -> None:
    for key, state in (("slot 1", ReportState.CANCELLED), ("slot 2", ReportState.INCOMPLETE)):
        report = store.reports.open_for(due(key), now=NOON)
        store.reports.close(report.report_id, state)

    later = store.reports.open_for(due("slot 3"), now=NOON + 240 * HOUR)

    assert later.data_start == later.data_end - 72 * HOUR


def test_a_report_never_asked_for_gets_a_window_that_reaches_to_now(store: Store) -> None:
    store.reports.open_for(due("slot 1"), now=NOON)

    later = store.reports.open_for(due("slot 2"), now=NOON + HOUR)

    assert later.data_end == NOON + HOUR
    assert store.reports.get(later.report_id) == later


def test_a_report_that_may_have_been_asked_for_keeps_its_window(store: Store) -> None:
    report = store.reports.open_for(due(), now=NOON)
    store.reports.claim_asking(report.report_id, holder="h")

    later = store.reports.open_for(due("slot 2"), now=NOON + HOUR)

    assert later.data_end == NOON


def test_a_window_is_not_moved_under_a_worker_who_is_asking_for_it(store: Store) -> None:
    loaded = store.reports.open_for(due(), now=NOON)
    store.reports.claim_asking(loaded.report_id, holder="h")

    # A second worker had loaded the report before the first one claimed it.
    found = store.reports._openings._with_fresh_window(loaded, NOON + HOUR)

    assert found.data_end == NOON
    stored = store.reports.get(loaded.report_id)
    assert stored is not None
    assert stored.data_end == NOON


def test_an_open_listings_report_tells_of_now(store: Store) -> None:
    tick = ReportDue.first(
        key="k", account="demo", at=NOON, kind=ReportKind.OPEN_LISTINGS, marketplace="M"
    )

    report = store.reports.open_for(tick, now=NOON)

    assert report.data_start == report.data_end == NOON


def test_a_file_is_resumed_while_open_and_imported_anew_once_closed(store: Store) -> None:
    first = store.reports.open_file("demo", digest=DIGEST, now=NOON)
    resumed = store.reports.open_file("demo", digest=DIGEST, now=NOON + HOUR)
    store.reports.close(first.report_id, ReportState.COMPLETE)
    anew = store.reports.open_file("demo", digest=DIGEST, now=NOON + HOUR, chunk_rows=50)

    assert first.report_id == "file-abababababababab-1"
    assert (first.state, first.source, first.data_end) == (ReportState.READY, "file", NOON)
    assert resumed == first
    assert anew.report_id == "file-abababababababab-2"
    assert anew.chunk_rows == 50


def test_the_same_file_of_two_accounts_is_two_reports(store: Store) -> None:
    ours = store.reports.open_file("demo", digest=DIGEST, now=NOON)
    theirs = store.reports.open_file("other", digest=DIGEST, now=NOON)

    assert (ours.account, theirs.account) == ("demo", "other")
    assert ours.report_id != theirs.report_id
    assert store.reports.open_file("demo", digest=DIGEST, now=NOON) == ours


def test_the_same_file_twice_at_once_is_one_report(store: Store, url: str) -> None:
    start = threading.Barrier(6)

    def open_one(n: int) -> tuple[str, str]:
        with connect(url, store.database.name, cipher=TEST_KEY) as own:
            start.wait()
            report = own.reports.open_file(("demo", "other")[n % 2], digest=DIGEST, now=NOON)
        return report.account, report.report_id

    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(open_one, range(6)))

    assert len(set(opened)) == 2
    assert {account for account, _ in opened} == {"demo", "other"}


def test_a_file_proves_nothing_about_amazons_reports(store: Store) -> None:
    report = store.reports.open_file("demo", digest=DIGEST, now=NOON + 100 * HOUR)
    store.reports.close(report.report_id, ReportState.COMPLETE)

    later = store.reports.open_for(due(), now=NOON + 240 * HOUR)

    assert later.data_start == later.data_end - 72 * HOUR
