"""Reports API 2021-06-30: createReport, getReport, getReports, getReportDocument, cancelReport."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from simulator import paging
from simulator.call import Call, marketplace_ids, note_unknown, read_time
from simulator.clock import iso
from simulator.faults import REPORT, Fault
from simulator.report_content import REPORT_TYPES, Content, content_of
from simulator.wire import ApiError, Response, invalid_input, json_response, not_found
from simulator.world import Seller, World

IN_QUEUE, IN_PROGRESS, DONE, CANCELLED, FATAL = (
    "IN_QUEUE",
    "IN_PROGRESS",
    "DONE",
    "CANCELLED",
    "FATAL",
)
STATUSES = (CANCELLED, DONE, FATAL, IN_PROGRESS, IN_QUEUE)
KEPT_DAYS = 90


@dataclass(slots=True, eq=False)
class Report:
    """One report.  ``faults`` are those that struck when it was asked for, by kind."""

    report_id: str
    report_type: str
    marketplaces: tuple[str, ...]
    data_start: datetime
    data_end: datetime
    created_at: datetime
    status: str = IN_QUEUE
    started_at: datetime | None = None
    ended_at: datetime | None = None
    document_id: str = ""
    faults: dict[str, Fault] = field(default_factory=dict)
    content: Content | None = None
    """What a test wants it to hold; None = what the orders say."""

    def render(self) -> dict[str, Any]:
        """Return the model's ``Report``; absent facts are absent fields."""
        facts: dict[str, Any] = {
            "reportId": self.report_id,
            "reportType": self.report_type,
            "marketplaceIds": list(self.marketplaces),
            "dataStartTime": iso(self.data_start),
            "dataEndTime": iso(self.data_end),
            "createdTime": iso(self.created_at),
            "processingStatus": self.status,
        }
        if self.started_at:
            facts["processingStartTime"] = iso(self.started_at)
        if self.ended_at:
            facts["processingEndTime"] = iso(self.ended_at)
        if self.document_id:
            facts["reportDocumentId"] = self.document_id
        return facts


def create_report(call: Call) -> Response:
    """Take an order for a report; a missing end is now, and so is a missing start."""
    body = call.request.json()
    known = {"reportOptions", "reportType", "dataStartTime", "dataEndTime", "marketplaceIds"}
    note_unknown(call, body, known)
    report_type = body.get("reportType")
    if report_type not in REPORT_TYPES:
        raise invalid_input("reportType is missing or not known.")
    report = Report(
        report_id=str(50_000_000_000 + call.world.next_id()),
        report_type=report_type,
        marketplaces=marketplace_ids(body),
        data_start=read_time(body.get("dataStartTime", iso(call.now)), "dataStartTime"),
        data_end=read_time(body.get("dataEndTime", iso(call.now)), "dataEndTime"),
        created_at=call.now,
        faults=call.world.faults.take_each(REPORT, call.operation, call.seller.seller_id, call.now),
        content=call.world.take_content(),
    )
    if report.data_end < report.data_start:
        raise invalid_input("dataEndTime is before dataStartTime.")
    call.seller.reports[report.report_id] = report
    _queue(call.world, call.seller, report, call.now)
    return json_response(202, {"reportId": report.report_id})


def _queue(world: World, seller: Seller, report: Report, now: datetime) -> None:
    def start(at: datetime) -> None:
        if report.status != IN_QUEUE:
            return
        report.status, report.started_at = IN_PROGRESS, at
        if "report_stuck" not in report.faults:
            finish_later(world, seller, report, at)

    world.schedule_in(world.settings.report_queue_s, start, now)


def finish_later(world: World, seller: Seller, report: Report, now: datetime) -> None:
    """Let a report in progress come to its end after the usual time."""
    world.schedule_in(
        world.settings.report_progress_s, lambda at: _finish(world, seller, report, at), now
    )


def _finish(world: World, seller: Seller, report: Report, at: datetime) -> None:
    if report.status != IN_PROGRESS:
        return
    report.ended_at = at
    if "report_cancelled" in report.faults:
        report.status = CANCELLED
        return
    content = content_of(world, seller, report)
    if content is None:
        report.status = CANCELLED  # Amazon cancels a report that would hold no data.
        return
    document = world.documents.create(
        seller.seller_id, content.content_type, content.body, at, gzipped=content.gzipped
    )
    report.document_id = document.document_id
    report.status = FATAL if "report_fatal" in report.faults else DONE


def get_report(call: Call) -> Response:
    """Tell how far a report is."""
    return json_response(200, _find(call).render())


def get_reports(call: Call) -> Response:
    """List reports, newest first; ``nextToken`` must come alone."""
    return paging.listing(
        call,
        key="reports",
        type_parameter="reportTypes",
        statuses=STATUSES,
        found=[
            paging.Entry(
                r.report_type, r.status, r.marketplaces, r.created_at, r.report_id, r.render
            )
            for r in call.seller.reports.values()
            if r.created_at >= call.now - timedelta(days=KEPT_DAYS)
        ],
    )


def get_report_document(call: Call) -> Response:
    """Sign a URL for a document."""
    document = call.world.documents.find(call.path["reportDocumentId"], call.seller.seller_id)
    if document is None:
        raise _unknown_id(call.path["reportDocumentId"], "amzn1.")
    told = {"reportDocumentId": document.document_id, **call.download(document)}
    return json_response(200, told)


def cancel_report(call: Call) -> Response:
    """Cancel a report that is still queued."""
    report = _find(call)
    if report.status != IN_QUEUE:
        raise invalid_input(f"The report is {report.status}; only IN_QUEUE can be cancelled.")
    report.status, report.ended_at = CANCELLED, call.now
    return Response(200)


def _find(call: Call) -> Report:
    report = call.seller.reports.get(call.path["reportId"])
    if report is None:
        raise _unknown_id(call.path["reportId"])
    return report


def _unknown_id(id_: str, prefix: str = "") -> ApiError:
    """Tell a malformed id (400) from one nobody knows (404)."""
    wellformed = id_.startswith(prefix) if prefix else id_.isdigit()
    return not_found(id_) if wellformed else invalid_input(f"{id_!r} is not an id.")
