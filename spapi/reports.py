"""The Reports API 2021-06-30: ask for a report, look how it stands, read what it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from pydantic import Field

from config.accounts import Account
from domain.messages import ReportKind
from domain.reports import REPORT_TYPES, AmazonReport, Report
from spapi.documents import Lines, open_lines
from spapi.gateway import Gateway
from spapi.operations import Prepared, ReportOperations
from spapi.presigned import open_presigned
from spapi.wire import AmazonJSON, Moment, Text, Texts, read, to_wire

REPORT_OPTIONS: Mapping[ReportKind, Mapping[str, str]] = {
    ReportKind.OPEN_LISTINGS: {"preferredReportDocumentLocale": "en_US"},
}
"""Without it the header of the listings report may come in the marketplace's language."""

CLOCKS_APART = timedelta(minutes=15)
SAME_MOMENT = timedelta(seconds=1)
"""Amazon gives milliseconds back; should it ever cut them, the report must still be found."""
PAGE_SIZE = 100
MADE_NOTHING = frozenset({"CANCELLED", "FATAL"})


class _Created(AmazonJSON):
    report_id: str = Field(alias="reportId", min_length=1)


class _Report(AmazonJSON):
    report_id: str = Field(alias="reportId", min_length=1)
    status: str = Field(alias="processingStatus")
    document_id: Text = Field("", alias="reportDocumentId")
    report_type: Text = Field("", alias="reportType")
    marketplaces: Texts = Field((), alias="marketplaceIds")
    data_start: Moment | None = Field(None, alias="dataStartTime")
    data_end: Moment | None = Field(None, alias="dataEndTime")
    created_at: Moment | None = Field(None, alias="createdTime")

    def to_domain(self) -> AmazonReport:
        return AmazonReport(
            amazon_report_id=self.report_id,
            processing_status=self.status,
            document_id=self.document_id,
            report_type=self.report_type,
            marketplaces=self.marketplaces,
            data_start=self.data_start,
            data_end=self.data_end,
            created_at=self.created_at,
        )


class _Reports(AmazonJSON):
    reports: tuple[_Report, ...]


class AmazonReportsGateway(Gateway):
    """Asks for reports of the configured accounts."""

    def request(self, report: Report, *, asked_before: bool) -> str:
        """Ask for the report and return Amazon's report id.

        createReport is not idempotent: after ``Unavailable`` it may have taken effect, so the
        next call comes with ``asked_before`` and adopts the report of the same type and
        marketplace with exactly this data start and end, if there is one.

        Raises:
            Throttled, Suspended, Unavailable, Refused, Malformed: as ``Calls.send``.
            UnknownAccount: no such account.
        Source: Reports API 2021-06-30, createReport.
        """
        seller = self._account(report.account)
        if asked_before and (found := self._find(seller, report)):
            return found.amazon_report_id
        body: dict[str, Any] = {
            "reportType": REPORT_TYPES[report.kind],
            "marketplaceIds": [report.marketplace],
            "dataStartTime": to_wire(report.data_start),
            "dataEndTime": to_wire(report.data_end),
        }
        if options := REPORT_OPTIONS.get(report.kind):
            body["reportOptions"] = dict(options)
        prepared = ReportOperations(seller.endpoint).create_report(**body)
        answer = self._calls.send(seller, "createReport", prepared)
        return read(_Created, answer.payload, "createReport").report_id

    def status(self, account: str, amazon_report_id: str) -> AmazonReport:
        """Return Amazon's word on a report.  Raises as ``request``.

        Source: Reports API 2021-06-30, getReport.
        """
        seller = self._account(account)
        prepared = ReportOperations(seller.endpoint).get_report(amazon_report_id)
        answer = self._calls.send(seller, "getReport", prepared)
        return read(_Report, answer.payload, "getReport").to_domain()

    @contextmanager
    def open_document(self, account: str, document_id: str) -> Iterator[Lines]:
        """Open a report's document for reading, line by line, by a fresh presigned URL.

        Raises:
            Unavailable: no answer, or (while reading) a connection that dropped before the end.
            Malformed: the document is not text in lines.
            Throttled, Suspended, Refused, UnknownAccount: as ``request``.
        Source: Reports API 2021-06-30, getReportDocument.
        """
        seller = self._account(account)
        prepared = ReportOperations(seller.endpoint).get_report_document(document_id)
        with open_presigned(self._calls, seller, "getReportDocument", prepared) as download:
            yield open_lines(download.chunks, charset=download.charset, gzip=download.gzip)

    def _find(self, seller: Account, report: Report) -> AmazonReport | None:
        """Return Amazon's report for ours: one that made something, and the newest, first."""
        asked_at = report.asked_at or report.created_at or report.data_end
        found = [
            candidate
            for candidate in self._created_since(seller, report, asked_at - CLOCKS_APART)
            if _is_for(candidate, report)
        ]
        found.sort(key=_promise, reverse=True)
        return found[0] if found else None

    def _created_since(
        self, seller: Account, report: Report, since: datetime
    ) -> Iterator[AmazonReport]:
        """Yield the reports of this type and marketplace, all pages.

        Source: Reports API 2021-06-30, getReports; a page token goes without any filter.
        """
        operations = ReportOperations(seller.endpoint)
        prepared: Prepared = operations.get_reports(
            reportTypes=[REPORT_TYPES[report.kind]],
            marketplaceIds=[report.marketplace],
            createdSince=to_wire(since),
            pageSize=PAGE_SIZE,
        )
        while True:
            answer = self._calls.send(seller, "getReports", prepared)
            for each in read(_Reports, answer.payload, "getReports").reports:
                yield each.to_domain()
            if answer.next_token is None:
                return
            prepared = operations.get_reports(nextToken=answer.next_token)


def _is_for(candidate: AmazonReport, report: Report) -> bool:
    if candidate.data_start is None or candidate.data_end is None:
        return False
    return (
        candidate.report_type == REPORT_TYPES[report.kind]
        # The list is optional; Amazon was asked for this marketplace only.
        and report.marketplace in (candidate.marketplaces or (report.marketplace,))
        and abs(candidate.data_start - report.data_start) < SAME_MOMENT
        and abs(candidate.data_end - report.data_end) < SAME_MOMENT
    )


def _promise(candidate: AmazonReport) -> tuple[bool, float]:
    created = candidate.created_at.timestamp() if candidate.created_at else 0.0
    return candidate.processing_status not in MADE_NOTHING, created
