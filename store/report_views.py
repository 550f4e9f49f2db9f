"""What people look at of reports: lists, single rows, what was skipped.  Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.ledger import RowOutcome, SkipReason
from domain.messages import RejectedRow, ReportKind
from domain.reports import Report
from store.failures import translated
from store.mapping import from_document
from store.report_documents import ChunkDocument, ReportDocument, SkippedRowDocument
from store.report_opening import report_from
from store.tables import Database, Raw, collection_of, query


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What became of one row about an order.

    ``reason`` says why it was skipped, ``detail`` what was wrong with a rejected one.
    """

    account: str
    report_id: str
    chunk: int
    row: int
    outcome: RowOutcome
    imported_at: datetime
    reason: SkipReason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SkippedOrder:
    """An order that reports tell of and that was left alone, with its first and last sighting."""

    account: str
    order_id: str
    reason: SkipReason
    first_report_id: str
    first_row: int
    first_seen_at: datetime
    last_report_id: str
    last_row: int
    last_seen_at: datetime


class ReportViews:
    """Reports and the ledger, to be looked at."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chunks = collection_of(database, ChunkDocument)

    @translated
    def list_reports(
        self,
        *,
        account: str | None = None,
        kind: ReportKind | None = None,
        limit: int = 50,
    ) -> list[Report]:
        """Return reports, the newest first.  Index: ``newest``."""
        reports = query(self._database, ReportDocument).filter(state__exists=True)
        if account is not None:
            reports = reports.filter(account=account)
        if kind is not None:
            reports = reports.filter(kind=str(kind))
        newest = reports.order_by("-created_at", "-id").limit(limit).as_pymongo()
        return [report_from(raw) for raw in newest]

    @translated
    def rejected_rows(self, report_id: str, *, limit: int = 100) -> list[RejectedRow]:
        """Return rows of a report that could not be read, in the file's order.

        Index: ``of_report``.
        """
        rows = self._chunks.aggregate(
            [
                {"$match": {"report_id": report_id, "outcomes.rejected": {"$gt": 0}}},
                {"$project": {"rejected": 1}},
                {"$unwind": "$rejected"},
                {"$sort": {"rejected.row": 1}},
                {"$limit": limit},
            ]
        )
        return [RejectedRow.model_validate(raw["rejected"], extra="ignore") for raw in rows]

    @translated
    def ledger_rows(self, account: str, order_id: str) -> list[LedgerRow]:
        """Return what became of every row about an order, the oldest import first.

        Index: ``of_order``.
        """
        chunks = self._chunks.aggregate(
            [
                {"$match": {"account": account, "order_ids": order_id}},
                {"$set": {name: _about(name, order_id) for name in ("verdicts", "rejected")}},
            ]
        )
        rows = [row for raw in chunks for row in _rows_of(raw)]
        return sorted(rows, key=lambda row: (row.imported_at, row.report_id, row.row))

    @translated
    def skipped(
        self,
        *,
        account: str,
        order_id: str | None = None,
        reason: SkipReason | None = None,
        limit: int = 100,
    ) -> list[SkippedOrder]:
        """Return skipped orders, the last seen first.

        Index: ``_id`` for one order, else ``by_reason`` or ``newest``.
        """
        rows = query(self._database, SkippedRowDocument).filter(account=account)
        if order_id is not None:
            reasons = [reason] if reason else list(SkipReason)
            rows = rows.filter(id__in=[f"{account}/{order_id}/{each}" for each in reasons])
        elif reason is not None:
            rows = rows.filter(reason=str(reason))
        return [
            from_document(SkippedOrder, raw)
            for raw in rows.order_by("-last_seen_at").limit(limit).as_pymongo()
        ]


def _about(field: str, order_id: str) -> dict[str, Any]:
    """Return the expression for those parts of an array that are about an order."""
    is_ours = {"$eq": ["$$part.order_id", {"$literal": order_id}]}
    return {"$filter": {"input": f"${field}", "as": "part", "cond": is_ours}}


def _rows_of(chunk: Raw) -> Iterator[LedgerRow]:
    known = {name: chunk[name] for name in ("account", "report_id", "chunk", "imported_at")}
    for each in chunk["verdicts"]:
        reason = SkipReason(each["reason"]) if "reason" in each else None
        outcome = RowOutcome(each["outcome"])
        yield LedgerRow(**known, row=each["row"], outcome=outcome, reason=reason)
    for each in chunk["rejected"]:
        detail = f"{each['column']}: {each['reason']}"
        yield LedgerRow(**known, row=each["row"], outcome=RowOutcome.REJECTED, detail=detail)
