from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import (
    ConnectorError,
    Forbidden,
    LinkExpired,
    Malformed,
    Outage,
    Refused,
    Suspended,
    Throttled,
    Unavailable,
)
from domain.messages import ReportKind
from domain.report_polling import (
    DocumentReady,
    Ended,
    PollAgain,
    after_denial,
    after_poll,
    after_unreadable,
)
from domain.reports import AmazonReport, Report, ReportState

ASKED = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOT_FOUND = Refused("getReport", code="NotFound", status=404)
FORBIDDEN = Forbidden("getReport", "403", retry_after_s=900.0)
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


def test_a_report_amazon_does_not_know_yet_is_asked_for_again_while_it_is_young() -> None:
    almost_settled = ASKED + timedelta(minutes=10, seconds=-1)

    assert after_denial(report(2), NOT_FOUND, almost_settled) == PollAgain(120.0)


@pytest.mark.parametrize(
    ("refusal", "reason"),
    [
        (NOT_FOUND, "Amazon denies it: getReport was refused: 404 NotFound"),
        (Malformed("getReport: no JSON object"), "Amazon denies it: getReport: no JSON object"),
    ],
    ids=["refused", "malformed"],
)
def test_a_refusal_of_a_settled_report_ends_it_and_the_next_cycle_asks_anew(
    refusal: ConnectorError, reason: str
) -> None:
    ended = after_denial(report(), refusal, ASKED + timedelta(minutes=10))

    assert ended == Ended(ReportState.FATAL, reason, ask_again=False)


@pytest.mark.parametrize(
    ("denial", "reason"),
    [
        (FORBIDDEN, "denied for 2:00:00: getReport is suspended: 403"),
        (LinkExpired("downloadDocument: 404"), "denied for 2:00:00: downloadDocument: 404"),
    ],
    ids=["forbidden", "link expired"],
)
def test_what_a_role_or_a_fresh_link_could_heal_is_waited_for_until_the_deadline(
    denial: ConnectorError, reason: str
) -> None:
    almost = after_denial(report(), denial, ASKED + timedelta(hours=2, seconds=-1))
    ended = after_denial(report(), denial, ASKED + timedelta(hours=2))

    assert almost is None
    assert ended == Ended(ReportState.ABANDONED, reason, ask_again=True)


@pytest.mark.parametrize(
    "silence",
    [
        Suspended("account demo", "invalid_grant", retry_after_s=900.0),
        Outage("getReport answered 503", retry_after_s=900.0),
        Unavailable("no answer"),
        Throttled("getReport", retry_after_s=1.0),
    ],
    ids=["token revoked", "outage", "no answer", "throttled"],
)
def test_an_outage_or_a_revoked_token_says_nothing_about_the_report_however_long_it_lasts(
    silence: ConnectorError,
) -> None:
    assert after_denial(report(), silence, ASKED + timedelta(days=3)) is None


def test_after_an_outage_longer_than_the_deadline_the_first_answer_decides() -> None:
    back = ASKED + timedelta(hours=9)
    ended = after_poll(report(), says("IN_QUEUE"), back)

    assert after_poll(report(), says("DONE", "D1"), back) == DocumentReady("D1")
    assert isinstance(ended, Ended)
    assert (ended.state, ended.ask_again) == (ReportState.ABANDONED, True)


@pytest.mark.parametrize(
    ("begun", "state"), [(False, ReportState.REFUSED), (True, ReportState.INCOMPLETE)]
)
def test_a_document_that_is_no_text_ends_its_report_whether_rows_are_in_or_not(
    state: ReportState, *, begun: bool
) -> None:
    ended = after_unreadable(Malformed("UTF-16"), begun=begun)

    assert ended == Ended(state, "UTF-16", ask_again=False)
