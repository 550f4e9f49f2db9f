"""Stage: read the order report, line by line.

    OrderReportReady  ->  OrderLinesParsed, once per chunk of a few hundred lines;
                          RefreshDue, when every chunk was imported before the end was read

The file is streamed and cut into the same chunks at every reading; chunks in the ledger or on their
way are passed over, so a second reading (after a crash, a pause, a lost queue) costs only what is
missing.  When the importers fall behind, the parser waits a while and then gives its thread back.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.ports import AmazonReports, Clock, Ledger, Policy, Reports
from actors.reports.denials import denial_ends
from actors.runtime.back_pressure import Backlog
from actors.runtime.stage import stage
from domain.messages import OrderLinesParsed, OrderReportReady, RefreshDue
from domain.order_report import Chunk, NotTheReport, open_report
from domain.reports import Report, ReportState

CUT_OFF = "the file is cut off or damaged before its header row ends"


@stage(consumes=(OrderReportReady,), emits=(OrderLinesParsed, RefreshDue), owed="report_ready")
def parse_order_report(
    ready: OrderReportReady,
    *,
    reports: Reports,
    ledger: Ledger,
    amazon_reports: AmazonReports,
    policy: Policy,
    clock: Clock,
) -> Iterator[OrderLinesParsed | RefreshDue]:
    """Announce every chunk that is not in the ledger yet, then say how many rows there were.

    Raises:
        NotYet: the importers are too far behind, or another worker is reading this report.
        Waiting, Unavailable: the document cannot be fetched now.
    """
    report = reports.get(ready.report_id)
    if report is None or report.state is not ReportState.READY:
        return
    with (
        Backlog(report, ready.event_id, reports, ledger, policy, clock) as backlog,
        denial_ends(report, reports, ledger, policy, clock),
        amazon_reports.open_document(report.account, ready.document_id) as document,
    ):
        content = open_report(document, chunk_rows=report.chunk_rows)
        if isinstance(content, NotTheReport):
            reason = CUT_OFF if document.truncated else content.reason
            reports.close(report.report_id, ReportState.REFUSED, reason)
            return
        for chunk in content:
            if backlog.admits(chunk.number):
                yield _parsed(ready, report, chunk)
                backlog.published(chunk.number)
        reports.parsed(
            report.report_id, rows=content.rows, chunks=content.chunks, truncated=document.truncated
        )
    closed = reports.close_if_accounted(report.report_id)
    if closed is not None and closed.closed_at is not None:
        # The importers were faster, or the document cannot be had: none of them saw it closed.
        yield RefreshDue.following(ready, due_at=closed.closed_at)


def _parsed(ready: OrderReportReady, report: Report, chunk: Chunk) -> OrderLinesParsed:
    return OrderLinesParsed.following(
        ready,
        key=str(chunk.number),
        report_id=report.report_id,
        report_as_of=report.data_end,
        chunk=chunk.number,
        first_row=chunk.first_row,
        last_row=chunk.last_row,
        lines=chunk.lines,
        rejected=chunk.rejected,
    )
