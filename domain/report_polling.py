"""What a poll of a report leads to.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.errors import ConnectorError, Forbidden, LinkExpired, Malformed, Refused
from domain.reports import AmazonReport, Report, ReportState

DEADLINE = timedelta(hours=2)
FIRST_DELAY_S = 30.0
LONGEST_DELAY_S = 300.0
SETTLED = timedelta(minutes=10)
"""Before that, Amazon may not know everywhere of a report it has just been asked for."""
LONGEST_REASON = 200
_LAST_DOUBLING = 10
"""Keeps the power small; the delay has long reached its maximum."""


@dataclass(frozen=True, slots=True)
class PollAgain:
    """Not finished: look again in ``delay_s`` seconds."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class DocumentReady:
    """The document can be fetched."""

    document_id: str


@dataclass(frozen=True, slots=True)
class Ended:
    """There will be no document.  ``ask_again``: request a new report at once."""

    state: ReportState
    reason: str
    ask_again: bool


def after_poll(
    report: Report, answer: AmazonReport, now: datetime, deadline: timedelta = DEADLINE
) -> PollAgain | DocumentReady | Ended:
    """Return what follows from Amazon's answer; unknown statuses are asked again.

    CANCELLED is healthy: it mostly means that there are no orders in the window.
    Source: Reports API 2021-06-30, processingStatus; reports FAQ.
    """
    match answer.processing_status:
        case "DONE" if answer.document_id:
            return DocumentReady(answer.document_id)
        case "DONE":
            return _fatal("Amazon says the report is done but names no document")
        case "CANCELLED":
            why = "Amazon cancelled it: no orders in the window, or asked again too soon"
            return Ended(ReportState.CANCELLED, why, ask_again=False)
        case "FATAL":
            return _fatal("Amazon could not make the report (FATAL); the next cycle asks again")
    if now >= _asked_at(report) + deadline:
        why = f"not ready after {deadline}, Amazon's last word was {answer.processing_status[:40]}"
        return Ended(ReportState.ABANDONED, why, ask_again=True)
    return _later(report)


def after_denial(
    report: Report, error: ConnectorError, now: datetime, deadline: timedelta = DEADLINE
) -> PollAgain | Ended | None:
    """Return what follows when Amazon gives no word on a report, or not its document.

    A refusal ends the report once it has settled: the next cycle asks anew, whereas waiting for
    the deadline would bring the same refusal.  What a role granted or a fresh link could heal is
    waited for until the deadline.  None: an outage or a pause, which says nothing about the
    report; it is waited for as long as it takes, and the first answer after it decides.
    """
    age = now - _asked_at(report)
    match error:
        case Refused() | Malformed() if age < SETTLED:
            return _later(report)
        case Refused() | Malformed():
            return _fatal(f"Amazon denies it: {error}"[:LONGEST_REASON])
        case Forbidden() | LinkExpired() if age >= deadline:
            why = f"denied for {deadline}: {error}"[:LONGEST_REASON]
            return Ended(ReportState.ABANDONED, why, ask_again=True)
    return None


def after_unreadable(error: Malformed, *, begun: bool) -> Ended:
    """Return what follows from a document that is no text in lines; ``begun``: some rows are in."""
    state = ReportState.INCOMPLETE if begun else ReportState.REFUSED
    return Ended(state, str(error)[:LONGEST_REASON], ask_again=False)


def _later(report: Report) -> PollAgain:
    doublings = min(report.poll_attempt, _LAST_DOUBLING)
    return PollAgain(min(LONGEST_DELAY_S, FIRST_DELAY_S * 2**doublings))


def _fatal(reason: str) -> Ended:
    return Ended(ReportState.FATAL, reason, ask_again=False)


def _asked_at(report: Report) -> datetime:
    return report.requested_at or report.asked_at or report.created_at or report.flow_started_at
