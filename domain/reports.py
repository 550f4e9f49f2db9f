"""Reports: what we asked Amazon for, and the life of one request.  Pure.

    intended -> requested -> ready -> parsed -> complete
                    |           |        └────> incomplete  rows do not add up, or it is cut off
                    |           ├─────────────> refused     the document is not the report
                    ├─────────────────────────> cancelled   no data (healthy), or asked too often
                    ├───────────┼─────────────> fatal       Amazon could not make it, or denies it
                    └───────────┴─────────────> abandoned   not had within the poll deadline

Everything left of the last column is *open*: one open report per (account, kind, marketplace).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.messages import ReportKind

REPORT_TYPES = {
    ReportKind.ORDERS: "GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL",
    ReportKind.OPEN_LISTINGS: "GET_FLAT_FILE_OPEN_LISTINGS_DATA",
}
"""Amazon's names.  Source: SP-API report type values (order tracking; inventory)."""


class ReportState(StrEnum):
    """Where a report request stands."""

    INTENDED = "intended"
    REQUESTED = "requested"
    READY = "ready"
    PARSED = "parsed"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    FATAL = "fatal"
    ABANDONED = "abandoned"


OPEN_STATES = frozenset(
    {ReportState.INTENDED, ReportState.REQUESTED, ReportState.READY, ReportState.PARSED}
)


@dataclass(frozen=True, slots=True)
class Report:
    """One request for a report.  ``report_id`` is ours; Amazon's own is ``amazon_report_id``."""

    report_id: str
    account: str
    kind: ReportKind
    marketplace: str
    state: ReportState
    source: str
    """``amazon`` or ``file``."""
    data_start: datetime
    data_end: datetime
    """Also the moment the report speaks of (its as-of time)."""
    flow_id: str
    flow_started_at: datetime
    chunk_rows: int
    """Rows per chunk, frozen when the report is opened so that a replay cuts the same chunks."""
    gap: bool = False
    """The outage was longer than Amazon lets us look back."""
    asked_at: datetime | None = None
    """When createReport was first sent; set before sending."""
    amazon_report_id: str = ""
    document_id: str = ""
    requested_at: datetime | None = None
    poll_attempt: int = 0
    rows: int | None = None
    """Data rows in the file; known once it is parsed to its end."""
    chunks: int | None = None
    truncated: bool = False
    reason: str = ""
    """Why it is refused, incomplete, cancelled, fatal or abandoned; empty otherwise."""
    created_at: datetime | None = None
    closed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether something is still expected of it."""
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True)
class AmazonReport:
    """Amazon's word on a report.  Source: Reports API 2021-06-30, getReport / getReports."""

    amazon_report_id: str
    processing_status: str
    """IN_QUEUE, IN_PROGRESS, DONE, CANCELLED or FATAL."""
    document_id: str = ""
    report_type: str = ""
    marketplaces: tuple[str, ...] = ()
    data_start: datetime | None = None
    data_end: datetime | None = None
    created_at: datetime | None = None
