"""What a stage may ask of Amazon.  ``actors.ports`` gathers all ports."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from domain.orders import AmazonOrder, OrderPage
from domain.reports import AmazonReport, Report


class Document(Protocol):
    """A report document while it is read: lines of text, decoded strictly, never all in memory."""

    @property
    def charset(self) -> str:
        """The character set the lines were decoded with, e.g. ``cp1252``."""
        ...

    @property
    def truncated(self) -> bool:
        """Whether the file turned out to be cut off (known at its end)."""
        ...

    def __iter__(self) -> Iterator[str]:
        """Yield lines without their line ends."""
        ...


class AmazonReports(Protocol):
    """Reports API 2021-06-30 (spapi)."""

    def request(self, report: Report, *, asked_before: bool) -> str:
        """Ask for the report and return Amazon's report id.

        With ``asked_before``, look in getReports first for one of the same type and marketplace
        with exactly this data start and end, and adopt it.

        Raises:
            Waiting, Unavailable, Refused
        """
        ...

    def status(self, account: str, amazon_report_id: str) -> AmazonReport:
        """Return Amazon's word on a report (getReport).  Raises as ``request``."""
        ...

    def open_document(self, account: str, document_id: str) -> AbstractContextManager[Document]:
        """Open the document (getReportDocument, then its presigned URL), streaming."""
        ...


class AmazonOrders(Protocol):
    """Orders API 2026-01-01 (spapi)."""

    def search(self, account: str, *, updated_after: datetime, page_token: str | None) -> OrderPage:
        """Return a page of seller-fulfilled orders changed since then (searchOrders)."""
        ...

    def get(self, account: str, order_id: str) -> AmazonOrder | None:
        """Return one order, or None when Amazon does not know it (getOrder)."""
        ...
