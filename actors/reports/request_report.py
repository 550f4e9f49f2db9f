"""Stage: ask Amazon for a report.

    ReportDue  ->  ReportRequested

createReport is not idempotent, so the wish and its window are stored before Amazon is asked,
and a worker that finds it may have been asked before looks in getReports first.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.ports import AmazonReports, Clock, Reports
from actors.runtime.stage import stage
from domain.errors import Waiting
from domain.messages import ReportDue, ReportRequested
from domain.reports import Report, ReportState


@stage(consumes=(ReportDue,), emits=(ReportRequested,), owed="report_intended")
def request_report(
    due: ReportDue, *, reports: Reports, amazon_reports: AmazonReports, clock: Clock
) -> Iterator[ReportRequested]:
    """Open the report that is due, or find the one still open, and ask Amazon for it once.

    Raises:
        Waiting: another worker is asking, the open report does not reach back far enough for this
            wish, or Amazon is throttled or suspended.
        Unavailable: no answer; Amazon may have been asked, the retry looks first.
        Refused: Amazon does not make this report for this account.
    """
    report = reports.open_for(due, now=clock.now())
    if report.state is ReportState.INTENDED:
        _ask(report, due, reports, amazon_reports)
    yield ReportRequested.following(due, kind=due.kind, report_id=report.report_id)


def _ask(report: Report, due: ReportDue, reports: Reports, amazon_reports: AmazonReports) -> None:
    asked_before = reports.claim_asking(report.report_id, holder=due.event_id)
    try:
        amazon_report_id = amazon_reports.request(report, asked_before=asked_before)
    except Waiting:
        reports.release_asking(report.report_id, asked_before=asked_before)
        raise
    reports.requested(report.report_id, amazon_report_id)
