"""Amazon's side of the ports in memory: one report document and a set of orders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from domain.errors import ConnectorError
from domain.orders import AmazonOrder, OrderPage
from domain.reports import AmazonReport, Report


@dataclass
class MemoryDocument:
    lines: Sequence[str]
    truncated: bool = False
    charset: str = "utf-8"

    def __iter__(self) -> Iterator[str]:
        return iter(self.lines)


@dataclass
class MemoryAmazon:
    """Reports become DONE at the ``ready_after``-th look."""

    lines: Sequence[str] = ()
    orders: dict[str, AmazonOrder] = field(default_factory=dict)
    ready_after: int = 1
    page_size: int = 2
    truncated: bool = False
    raises: list[ConnectorError] = field(default_factory=list)
    asked: list[Report] = field(default_factory=list)
    looks: int = 0
    fetched: int = 0
    searches: int = 0
    reads: list[str] = field(default_factory=list)

    def request(self, report: Report, *, asked_before: bool) -> str:
        if not any(asked.report_id == report.report_id for asked in self.asked):
            self._maybe_raise()
            self.asked.append(report)
        return f"amazon-{len(self.asked)}"

    def status(self, account: str, amazon_report_id: str) -> AmazonReport:
        self._maybe_raise()
        self.looks += 1
        done = self.looks >= self.ready_after
        return AmazonReport(
            amazon_report_id=amazon_report_id,
            processing_status="DONE" if done else "IN_PROGRESS",
            document_id="document-1" if done else "",
        )

    @contextmanager
    def open_document(self, account: str, document_id: str) -> Iterator[MemoryDocument]:
        self._maybe_raise()
        self.fetched += 1
        yield MemoryDocument(self.lines, truncated=self.truncated)

    def search(self, account: str, *, updated_after: datetime, page_token: str | None) -> OrderPage:
        self._maybe_raise()
        self.searches += 1
        start = int(page_token or 0)
        found = sorted(self.orders.values(), key=lambda order: order.order_id)
        end = start + self.page_size
        return OrderPage(
            orders=tuple(found[start:end]),
            next_token=str(end) if end < len(found) else None,
            last_updated_before=None,
        )

    def get(self, account: str, order_id: str) -> AmazonOrder | None:
        self._maybe_raise()
        self.reads.append(order_id)
        return self.orders.get(order_id)

    def _maybe_raise(self) -> None:
        if self.raises:
            raise self.raises.pop(0)
