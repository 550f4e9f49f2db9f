"""Stage: look whether the report is ready.

    ReportRequested  ->  ReportRequested (later), or OrderReportReady | OpenListingsReportReady,
                         or ReportDue (ask anew, when Amazon did not deliver in time)

Waiting is not failing: the next look is a new message with a delay, never a sleeping worker.
Polls are numbered.  The number moves on only after the next message is published, so a crash
loses no poll, and a second chain of polls dies at the first number already taken.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.ports import AmazonReports, Clock, Policy, Reports
from actors.reports.denials import word_on
from actors.runtime.publisher import Delayed
from actors.runtime.stage import Produced, stage
from domain.errors import ConnectorError
from domain.messages import (
    OpenListingsReportReady,
    OrderReportReady,
    ReportDue,
    ReportKind,
    ReportRequested,
)
from domain.report_polling import DocumentReady, Ended, PollAgain

READY = {
    ReportKind.ORDERS: OrderReportReady,
    ReportKind.OPEN_LISTINGS: OpenListingsReportReady,
}


@stage(
    consumes=(ReportRequested,),
    emits=(ReportRequested, OrderReportReady, OpenListingsReportReady, ReportDue),
    owed="report_requested",
)
def poll_report(
    requested: ReportRequested,
    *,
    reports: Reports,
    amazon_reports: AmazonReports,
    policy: Policy,
    clock: Clock,
) -> Iterator[Produced]:
    """Ask Amazon how the report is doing, and say so.

    Raises:
        Waiting: another worker is on this very poll, or Amazon is throttled or suspended.
        Unavailable: Amazon's answer.
    """
    report = reports.take_poll(requested.report_id, requested.attempt, holder=requested.event_id)
    if report is None:
        return
    try:
        outcome = word_on(report, amazon_reports, policy, clock)
    except ConnectorError:  # The message that comes back must not find its own claim in the way.
        reports.release_poll(report.report_id, requested.attempt, holder=requested.event_id)
        raise
    match outcome:
        case PollAgain(delay_s):
            yield Delayed(_next_poll(requested), delay_s)
        case DocumentReady(document_id):
            reports.ready(report.report_id, document_id)
            known = {"report_id": report.report_id, "document_id": document_id}
            yield READY[report.kind].following(requested, **known)
        case Ended(state, reason, ask_again):
            # Closed first: a new request must not find this one still open.
            reports.close(report.report_id, state, reason)
            if ask_again:
                again = {"kind": report.kind, "marketplace": report.marketplace}
                yield ReportDue.following(requested, **again)
    reports.poll_done(report.report_id, requested.attempt)


def _next_poll(requested: ReportRequested) -> ReportRequested:
    same = {"kind": requested.kind, "report_id": requested.report_id}
    return ReportRequested.following(requested, **same, attempt=requested.attempt + 1)
