"""What a poll of a report leads to.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.reports import AmazonReport, Report, ReportState

DEADLINE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class PollAgain:
    """Not finished: look again in ``delay_s`` seconds."""

    delay_s: float


@dataclass(frozen=True, slots=True)
class DocumentReady:
    """The document can be fetched."""

    document_id: str


@dataclass(frozen=True, slots=True)
class Ended:
    """There will be no document.  ``ask_again``: request a new report at once."""

    state: ReportState
    reason: str
    ask_again: bool


def after_poll(
    report: Report, answer: AmazonReport, now: datetime, deadline: timedelta = DEADLINE
) -> PollAgain | DocumentReady | Ended:
    """Return what follows from Amazon's answer; unknown statuses are asked again."""
    raise NotImplementedError
