from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.messages import ReportKind
from domain.report_polling import DocumentReady, Ended, PollAgain, after_poll
from domain.reports import AmazonReport, Report, ReportState

ASKED = datetime(2026, 11, 23, 12, tzinfo=UTC)
SOON = ASKED + timedelta(minutes=5)


def report(attempt: int = 0) -> Report:
    return Report(
        report_id="R1",
        account="demo",
        kind=ReportKind.ORDERS,
        marketplace="ATVPDKIKX0DER",
        state=ReportState.REQUESTED,
        source="amazon",
        data_start=ASKED - timedelta(days=3),
        data_end=ASKED,
        flow_id="F1",
        flow_started_at=ASKED - timedelta(days=1),
        chunk_rows=300,
        amazon_report_id="A1",
        requested_at=ASKED,
        poll_attempt=attempt,
    )


def says(status: str, document_id: str = "") -> AmazonReport:
    return AmazonReport("A1", status, document_id)


@pytest.mark.parametrize(
    ("attempt", "delay_s"), [(0, 30), (1, 60), (2, 120), (3, 240), (4, 300), (5000, 300)]
)
def test_polls_grow_rarer_from_half_a_minute_to_five(attempt: int, delay_s: float) -> None:
    assert after_poll(report(attempt), says("IN_PROGRESS"), SOON) == PollAgain(delay_s)


@pytest.mark.parametrize("status", ["IN_QUEUE", "IN_PROGRESS", "SOMETHING_NEW", ""])
def test_whatever_is_not_an_end_is_asked_again(status: str) -> None:
    assert after_poll(report(), says(status), SOON) == PollAgain(30.0)


def test_a_done_report_names_its_document() -> None:
    assert after_poll(report(), says("DONE", "D1"), SOON) == DocumentReady("D1")


def test_a_done_report_counts_even_after_the_deadline() -> None:
    late = ASKED + timedelta(hours=9)

    assert after_poll(report(), says("DONE", "D1"), late) == DocumentReady("D1")


def test_a_done_report_without_a_document_is_fatal() -> None:
    ended = after_poll(report(), says("DONE"), SOON)

    assert isinstance(ended, Ended)
    assert (ended.state, ended.ask_again) == (ReportState.FATAL, False)


def test_cancelled_mostly_means_no_orders_and_is_not_asked_for_again() -> None:
    ended = after_poll(report(), says("CANCELLED"), SOON)

    assert isinstance(ended, Ended)
    assert (ended.state, ended.ask_again) == (ReportState.CANCELLED, False)
    assert "no orders in the window" in ended.reason


def test_fatal_waits_for_the_next_cycle() -> None:
    ended = after_poll(report(), says("FATAL", "D9"), SOON)

    assert isinstance(ended, Ended)
    assert (ended.state, ended.ask_again) == (ReportState.FATAL, False)


def test_after_two_hours_it_is_abandoned_and_asked_for_anew() -> None:
    almost = after_poll(report(9), says("IN_QUEUE"), ASKED + timedelta(hours=2, seconds=-1))
    ended = after_poll(report(9), says("IN_QUEUE"), ASKED + timedelta(hours=2))

    assert almost == PollAgain(300.0)
    assert isinstance(ended, Ended)
    assert (ended.state, ended.ask_again) == (ReportState.ABANDONED, True)
    assert ended.reason == "not ready after 2:00:00, Amazon's last word was IN_QUEUE"


def test_the_deadline_is_a_setting() -> None:
    ended = after_poll(report(), says("IN_QUEUE"), SOON, timedelta(minutes=5))

    assert isinstance(ended, Ended)
