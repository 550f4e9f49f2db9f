"""The ledger: what became of every row of every report.  Pure values.

A row ends as exactly one of the five outcomes.  The first outcome of a (report, row) wins and is
kept; counts are queries over it, never increments, so a replay cannot count twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.messages import RejectedRow


class RowOutcome(StrEnum):
    """How a row of a report ended."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REJECTED = "rejected"


class SkipReason(StrEnum):
    """Why a good row changed nothing here; each has an explanation in ``order_import``."""

    FULFILLED_BY_AMAZON = "fulfilled_by_amazon"
    NOT_AN_AMAZON_ORDER = "not_an_amazon_order"
    FIRST_SEEN_SHIPPED = "first_seen_shipped"
    FIRST_SEEN_CANCELLED = "first_seen_cancelled"
    NOT_PENDING = "not_pending"
    """The policy is ``pending_only`` and the row was first seen after Pending."""
    UNKNOWN_STATUS = "unknown_status"


@dataclass(frozen=True, slots=True)
class RowVerdict:
    """What became of one good row.  ``reason`` is set exactly when the outcome is SKIPPED."""

    row: int
    order_id: str
    outcome: RowOutcome
    reason: SkipReason | None = None
    recovered: bool = False
    """The order was created by this report after its Pending stage."""


@dataclass(frozen=True, slots=True)
class ChunkEntry:
    """What became of the rows of one chunk; written once, the first writer wins."""

    account: str
    report_id: str
    chunk: int
    verdicts: tuple[RowVerdict, ...]
    rejected: tuple[RejectedRow, ...]
    imported_at: datetime | None = None
    """The store's time; set by the store when the entry is written."""

    @property
    def rows(self) -> int:
        """Rows this entry accounts for."""
        return len(self.verdicts) + len(self.rejected)


@dataclass(frozen=True, slots=True)
class ReportTally:
    """The counts of one report, as the ledger tells them."""

    rows: int
    row_outcomes: dict[RowOutcome, int]
    orders: dict[str, int]
    """created, recovered (part of created), updated, unchanged: distinct orders."""
    skipped: dict[SkipReason, int]
    rejected: int
    chunks: int
