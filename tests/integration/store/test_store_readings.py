"""Reading a report's document in the store: one worker at a time, and what is under way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.errors import NotYet
from domain.reports import ReportState
from store.database import Store
from tests.fakes.stored_orders import NOON, due

STANDSTILL = timedelta(minutes=15)


@pytest.fixture
def report_id(store: Store) -> str:
    report = store.reports.open_for(due("slot 1"), now=NOON)
    store.reports.requested(report.report_id, "A-1")
    store.reports.ready(report.report_id, "doc-1")
    return report.report_id


def take(store: Store, report_id: str, holder: str) -> set[int]:
    return store.reports.take_reading(report_id, holder=holder, standstill=STANDSTILL)


def let_pass(store: Store, report_id: str, field: str) -> None:
    """Let a time of the report lie long ago."""
    store.database["reports"].update_one({"_id": report_id}, {"$set": {field: NOON}})


def test_a_report_is_read_by_one_worker_at_a_time(store: Store, report_id: str) -> None:
    assert take(store, report_id, "a") == set()
    with pytest.raises(NotYet) as wait:
        take(store, report_id, "b")
    store.reports.release_reading(report_id, holder="a")

    assert 100 < wait.value.retry_after_s <= 150
    assert take(store, report_id, "b") == set()


def test_what_was_noted_before_the_clock_was_set_back_by_hours_may_be_lost_as_well(
    store: Store, report_id: str
) -> None:
    take(store, report_id, "a")
    store.reports.chunk_published(report_id, 1, holder="a", imported=set())
    store.reports.release_reading(report_id, holder="a")
    ahead = store.now() + timedelta(hours=6)
    store.database["reports"].update_one({"_id": report_id}, {"$set": {"under_way.1": ahead}})

    assert take(store, report_id, "b") == set()


def test_nobody_gives_back_the_reading_of_another(store: Store, report_id: str) -> None:
    take(store, report_id, "a")
    store.reports.release_reading(report_id, holder="b")

    with pytest.raises(NotYet):
        take(store, report_id, "b")


def test_the_next_reading_knows_what_was_published_and_not_imported(
    store: Store, report_id: str
) -> None:
    take(store, report_id, "a")
    store.reports.chunk_published(report_id, 1, holder="a", imported=set())
    store.reports.chunk_published(report_id, 2, holder="a", imported=set())
    store.reports.chunk_published(report_id, 3, holder="a", imported={1})
    store.reports.release_reading(report_id, holder="a")

    assert take(store, report_id, "b") == {2, 3}


def test_what_was_published_before_the_standstill_is_under_way_no_more(
    store: Store, report_id: str
) -> None:
    take(store, report_id, "a")
    store.reports.chunk_published(report_id, 1, holder="a", imported=set())
    store.reports.chunk_published(report_id, 2, holder="a", imported=set())
    store.reports.release_reading(report_id, holder="a")
    let_pass(store, report_id, "under_way.1")

    assert take(store, report_id, "b") == {2}


def test_a_reading_whose_lease_ran_out_is_anybodys_and_its_worker_hears_of_it(
    store: Store, report_id: str
) -> None:
    take(store, report_id, "a")
    let_pass(store, report_id, "reading_until")
    take(store, report_id, "b")

    with pytest.raises(NotYet):
        store.reports.chunk_published(report_id, 1, holder="a", imported=set())

    assert (
        store.database["reports"].find_one({"_id": report_id, "under_way": {"$exists": 1}}) is None
    )


def test_publishing_keeps_the_claim(store: Store, report_id: str) -> None:
    take(store, report_id, "a")
    let_pass(store, report_id, "reading_until")
    store.reports.chunk_published(report_id, 1, holder="a", imported=set())

    with pytest.raises(NotYet):
        take(store, report_id, "b")


def test_a_report_that_is_closed_has_nothing_under_way(store: Store, report_id: str) -> None:
    take(store, report_id, "a")
    store.reports.chunk_published(report_id, 1, holder="a", imported=set())
    store.reports.close(report_id, ReportState.INCOMPLETE, "cut off")
    let_pass(store, report_id, "reading_until")

    assert take(store, report_id, "b") == set()
