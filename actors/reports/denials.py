"""A report or a document that Amazon denies: an answer, too, and never a lane blocked for good.

Used by ``poll_report`` and the stages that read documents; ``domain.report_polling`` decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from actors.ports import AmazonReports, Clock, Ledger, Policy, Reports
from domain.errors import ConnectorError, Malformed, NotYet
from domain.report_polling import (
    DocumentReady,
    Ended,
    PollAgain,
    after_denial,
    after_poll,
    after_unreadable,
)
from domain.reports import Report


def word_on(
    report: Report, amazon_reports: AmazonReports, policy: Policy, clock: Clock
) -> PollAgain | DocumentReady | Ended:
    """Return what follows from Amazon's word on a report, or from its denial.

    Raises:
        Waiting, Unavailable: Amazon gave no word.
    """
    if report.document_id:  # An earlier run of this poll heard it, and died before it said so.
        return DocumentReady(report.document_id)
    try:
        answer = amazon_reports.status(report.account, report.amazon_report_id)
    except ConnectorError as exc:
        denied = after_denial(report, exc, clock.now(), policy.poll_deadline)
        if denied is None:
            raise
        return denied
    return after_poll(report, answer, clock.now(), policy.poll_deadline)


@contextmanager
def denial_ends(
    report: Report, reports: Reports, ledger: Ledger, policy: Policy, clock: Clock
) -> Iterator[None]:
    """End the report, and the reading of it, when its document can never be had or be read.

    Raises:
        NotYet: Amazon denies the document of a report so young that it may not know it yet.
        Waiting, Unavailable: as they came.
    """
    try:
        yield
    except Malformed as exc:
        ended = after_unreadable(exc, begun=bool(ledger.imported(report.report_id)))
        reports.close(report.report_id, ended.state, ended.reason)
    except ConnectorError as exc:
        match after_denial(report, exc, clock.now(), policy.poll_deadline):
            case Ended(state, reason):
                reports.close(report.report_id, state, reason)
            case PollAgain(delay_s):
                raise NotYet(str(exc), retry_after_s=delay_s) from exc
            case None:
                raise
