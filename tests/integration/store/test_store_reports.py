"""Reports in the store: claims, polls, going forward, closing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.errors import NotYet
from domain.ledger import RowOutcome
from domain.messages import ReportKind
from domain.reports import Report, ReportState
from store.database import Store
from tests.fakes.stored_orders import NOON, due, entry, verdict

HOUR = timedelta(hours=1)
DIGEST = "ab" * 32


def let_pass(store: Store, report_id: str, lease: str) -> None:
    """Let a lease run out."""
    store.database["reports"].update_one({"_id": report_id}, {"$set": {lease: NOON}})


def to_ready(store: Store, key: str = "slot 1") -> Report:
    report = store.reports.open_for(due(key), now=NOON)
    store.reports.claim_asking(report.report_id, holder="h")
    store.reports.requested(report.report_id, "A-1")
    store.reports.ready(report.report_id, "doc-1")
    found = store.reports.get(report.report_id)
    assert found is not None
    return found


def test_asking_is_claimed_once(store: Store) -> None:
    report_id = store.reports.open_for(due(), now=NOON).report_id

    assert store.reports.claim_asking(report_id, holder="a") is False
    with pytest.raises(NotYet) as wait:
        store.reports.claim_asking(report_id, holder="b")

    assert 100 < wait.value.retry_after_s <= 150


def test_a_claim_that_ran_out_tells_that_amazon_may_have_been_asked(store: Store) -> None:
    report_id = store.reports.open_for(due(), now=NOON).report_id
    store.reports.claim_asking(report_id, holder="a")
    let_pass(store, report_id, "asking_until")

    assert store.reports.claim_asking(report_id, holder="b") is True


def test_a_claim_given_back_unused_was_never_asked(store: Store) -> None:
    report_id = store.reports.open_for(due(), now=NOON).report_id
    asked_before = store.reports.claim_asking(report_id, holder="a")
    store.reports.release_asking(report_id, asked_before=asked_before)

    assert store.reports.claim_asking(report_id, holder="b") is False


def test_a_claim_given_back_by_the_second_asker_still_remembers_the_first(store: Store) -> None:
    report_id = store.reports.open_for(due(), now=NOON).report_id
    store.reports.claim_asking(report_id, holder="a")
    let_pass(store, report_id, "asking_until")
    asked_before = store.reports.claim_asking(report_id, holder="b")
    store.reports.release_asking(report_id, asked_before=asked_before)

    assert store.reports.claim_asking(report_id, holder="c") is True


def test_the_life_of_a_report_goes_forward_only(store: Store) -> None:
    report = to_ready(store)
    store.reports.requested(report.report_id, "A-2")
    store.reports.ready(report.report_id, "doc-2")

    found = store.reports.get(report.report_id)

    assert found is not None
    assert (found.state, found.amazon_report_id, found.document_id) == (
        ReportState.READY,
        "A-1",
        "doc-1",
    )
    assert found.requested_at is not None


def test_a_poll_is_taken_once_and_done_once(store: Store) -> None:
    report_id = to_ready(store).report_id

    taken = store.reports.take_poll(report_id, 0, holder="a")
    assert taken is not None
    with pytest.raises(NotYet) as wait:
        store.reports.take_poll(report_id, 0, holder="b")
    store.reports.poll_done(report_id, 0)
    store.reports.poll_done(report_id, 0)

    assert 100 < wait.value.retry_after_s <= 150
    assert store.reports.take_poll(report_id, 0, holder="a") is None
    assert store.reports.take_poll(report_id, 3, holder="a") is None
    assert store.reports.take_poll(report_id, 1, holder="a") is not None


def test_a_poll_that_is_announced_before_the_one_before_it_is_over_waits(store: Store) -> None:
    report_id = to_ready(store).report_id
    store.reports.take_poll(report_id, 0, holder="a")

    with pytest.raises(NotYet):
        store.reports.take_poll(report_id, 1, holder="b")

    store.reports.poll_done(report_id, 0)
    assert store.reports.take_poll(report_id, 1, holder="b") is not None


def test_a_poll_without_an_answer_is_free_for_its_own_holder_and_nobody_elses_is_touched(
    store: Store,
) -> None:
    report_id = to_ready(store).report_id
    store.reports.take_poll(report_id, 0, holder="a")

    store.reports.release_poll(report_id, 0, holder="b")
    with pytest.raises(NotYet):
        store.reports.take_poll(report_id, 0, holder="a")

    store.reports.release_poll(report_id, 0, holder="a")
    assert store.reports.take_poll(report_id, 0, holder="a") is not None


def test_a_poll_that_died_after_it_made_the_report_ready_can_say_so_again(store: Store) -> None:
    report_id = to_ready(store).report_id
    store.reports.take_poll(report_id, 0, holder="a")
    let_pass(store, report_id, "poll_until")

    again = store.reports.take_poll(report_id, 0, holder="a")

    assert again is not None
    assert again.state is ReportState.READY


def test_a_closed_report_is_polled_no_more(store: Store) -> None:
    report_id = to_ready(store).report_id
    store.reports.close(report_id, ReportState.ABANDONED, "too late")

    assert store.reports.take_poll(report_id, 0, holder="a") is None
    closed = store.reports.get(report_id)
    assert closed is not None
    assert (closed.state, closed.reason) == (ReportState.ABANDONED, "too late")
    assert closed.closed_at is not None


def test_what_is_closed_stays_as_it_was_closed(store: Store) -> None:
    report_id = to_ready(store).report_id
    store.reports.close(report_id, ReportState.REFUSED, "an HTML page")
    store.reports.close(report_id, ReportState.ABANDONED, "later")
    store.reports.parsed(report_id, rows=1, chunks=1, truncated=False)

    closed = store.reports.get(report_id)

    assert closed is not None
    assert (closed.state, closed.reason) == (ReportState.REFUSED, "an HTML page")


def test_a_parsed_report_is_complete_once_every_row_is_in_the_ledger(store: Store) -> None:
    report_id = to_ready(store).report_id
    row = verdict(2, "701-1", RowOutcome.CREATED)
    store.ledger.record(entry(row, report_id=report_id), kind=ReportKind.ORDERS)
    store.reports.parsed(report_id, rows=2, chunks=2, truncated=False)

    waiting = store.reports.close_if_accounted(report_id)
    store.ledger.record(entry(row, report_id=report_id, chunk=1), kind=ReportKind.ORDERS)
    closed = store.reports.close_if_accounted(report_id)

    assert waiting is not None
    assert waiting.state is ReportState.PARSED
    assert closed is not None
    assert (closed.state, closed.rows, closed.chunks) == (ReportState.COMPLETE, 2, 2)


def test_rows_that_do_not_add_up_leave_the_report_incomplete(store: Store) -> None:
    report_id = to_ready(store).report_id
    row = verdict(2, "701-1", RowOutcome.CREATED)
    store.ledger.record(entry(row, report_id=report_id), kind=ReportKind.ORDERS)
    store.reports.parsed(report_id, rows=2, chunks=1, truncated=False)

    closed = store.reports.close_if_accounted(report_id)

    assert closed is not None
    assert (closed.state, closed.reason) == (
        ReportState.INCOMPLETE,
        "1 of 2 rows are accounted for",
    )


def test_a_cut_off_file_is_never_complete(store: Store) -> None:
    report_id = to_ready(store).report_id
    store.reports.parsed(report_id, rows=0, chunks=0, truncated=True)

    closed = store.reports.close_if_accounted(report_id)

    assert closed is not None
    assert (closed.state, closed.reason) == (ReportState.INCOMPLETE, "the file is cut off")


def test_an_unknown_report_is_none(store: Store) -> None:
    assert store.reports.get("r?") is None
    assert store.reports.close_if_accounted("r?") is None
    assert store.reports.take_poll("r?", 0, holder="a") is None
