"""Which order dates the complete reports cover, and where there are holes.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.messages import ReportKind
from domain.reports import Report, ReportState


@dataclass(frozen=True, slots=True)
class Span:
    """Order dates from ``start`` to ``end`` of one marketplace."""

    start: datetime
    end: datetime

    def holds(self, at: datetime) -> bool:
        """Whether an order placed then lies in it."""
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class Coverage:
    """What the complete order reports of one account and marketplace cover, oldest first."""

    account: str
    marketplace: str
    spans: tuple[Span, ...]

    def holds(self, at: datetime) -> bool:
        """Whether a complete report covers orders placed then."""
        return any(span.holds(at) for span in self.spans)


def coverage(reports: Iterable[Report]) -> list[Coverage]:
    """Return the coverage per account and marketplace, as far as these reports tell."""
    windows: dict[tuple[str, str], list[Span]] = {}
    for report in reports:
        if report.kind is not ReportKind.ORDERS or report.source != "amazon":
            continue
        spans = windows.setdefault((report.account, report.marketplace), [])
        if report.state is ReportState.COMPLETE:
            spans.append(Span(report.data_start, report.data_end))
    return [
        Coverage(account, marketplace, _joined(spans))
        for (account, marketplace), spans in sorted(windows.items())
    ]


def _joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    joined: list[Span] = []
    for span in sorted(spans, key=lambda each: each.start):
        if joined and span.start <= joined[-1].end:
            joined[-1] = Span(joined[-1].start, max(joined[-1].end, span.end))
        else:
            joined.append(span)
    return tuple(joined)
