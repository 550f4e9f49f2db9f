"""The ledger: what became of every row of every report, one document per chunk, written once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from domain.ledger import ChunkEntry, ReportTally, RowOutcome, RowVerdict, SkipReason
from domain.messages import RejectedRow, ReportKind
from store.bulk import write_all
from store.distinct_orders import DistinctOrders
from store.failures import translated
from store.mapping import from_document, to_document
from store.moments import LONG_AGO, store_now
from store.report_documents import ChunkDocument, SkippedRowDocument
from store.tables import Database, Raw, collection_of

COUNTED = {
    "rows": 1,
    "outcomes": 1,
    "skips": 1,
    "verdicts.order_id": 1,
    "verdicts.outcome": 1,
    "verdicts.recovered": 1,
}
"""What a tally reads of a chunk."""

OnRecorded = Callable[[ChunkEntry], None]
"""Is told of an entry that was written."""


class Ledger:
    """What became of every row (collections ``report_chunks`` and ``skipped_rows``)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chunks = collection_of(database, ChunkDocument)
        self._skipped = collection_of(database, SkippedRowDocument)
        self.on_recorded: OnRecorded = lambda _entry: None
        """Told of the first writer's entry only; for metrics, must not raise."""

    @translated
    def entry(self, report_id: str, chunk: int) -> ChunkEntry | None:
        """Return what was recorded for a chunk.  Index: ``_id``."""
        raw = self._chunks.find_one({"_id": chunk_key(report_id, chunk)})
        return entry_from(raw) if raw else None

    @translated
    def record(self, entry: ChunkEntry, *, kind: ReportKind) -> ChunkEntry:
        """Record a chunk's outcomes once; return what stands (the first writer's).

        Skipped orders are noted first, so that an entry that stands is all there is to write.
        Index: ``_id`` of both collections.
        """
        stamped = replace(entry, imported_at=store_now(self._database))
        self._note_skipped(stamped)
        try:
            self._chunks.insert_one(_document(stamped, kind))
        except DuplicateKeyError:
            return self.entry(entry.report_id, entry.chunk) or stamped
        self.on_recorded(stamped)
        return stamped

    @translated
    def skipped(self, account: str, order_id: str) -> frozenset[SkipReason]:
        """Return why reports' rows of an order were left alone.  Index: ``_id``."""
        keys = [f"{account}/{order_id}/{reason}" for reason in SkipReason]
        found = self._skipped.find({"_id": {"$in": keys}}, {"reason": 1})
        return frozenset(SkipReason(raw["reason"]) for raw in found)

    @translated
    def imported(self, report_id: str, chunks: Collection[int] | None = None) -> set[int]:
        """Return which of these chunks (or: which chunks at all) are recorded.

        Index: ``of_report``.
        """
        wanted: Raw = {"report_id": report_id}
        if chunks is not None:
            wanted["chunk"] = {"$in": list(chunks)}
        return {raw["chunk"] for raw in self._chunks.find(wanted, {"chunk": 1})}

    @translated
    def tally(self, report_id: str) -> ReportTally:
        """Count a report's outcomes, chunk by chunk.  Index: ``of_report``."""
        rows, chunks, outcomes, skips = 0, 0, Counter[str](), Counter[str]()
        orders = DistinctOrders()
        for raw in self._chunks.find({"report_id": report_id}, COUNTED):
            rows, chunks = rows + raw["rows"], chunks + 1
            outcomes.update(raw["outcomes"])
            skips.update(raw["skips"])
            for each in raw["verdicts"]:
                recovered = each.get("recovered", False)
                orders.add(each["order_id"], each["outcome"], recovered=recovered)
        return ReportTally(
            rows=rows,
            row_outcomes={outcome: outcomes[outcome] for outcome in RowOutcome},
            orders=orders.counts(),
            skipped={reason: skips[reason] for reason in SkipReason if skips[reason]},
            rejected=outcomes[RowOutcome.REJECTED],
            chunks=chunks,
        )

    def _note_skipped(self, entry: ChunkEntry) -> None:
        """Note skipped orders, first and last report; a late replay does not turn it back."""
        skipped = {
            (verdict.order_id, verdict.reason): verdict
            for verdict in reversed(entry.verdicts)
            if verdict.reason is not None
        }
        write_all(self._skipped, [_skipped_row(entry, each) for each in skipped.values()])


def chunk_key(report_id: str, chunk: int) -> str:
    """Return the natural key of a chunk: its ``_id``."""
    return f"{report_id}/{chunk}"


def entry_from(raw: Raw) -> ChunkEntry:
    """Return the entry a document holds.

    Raises:
        Malformed: the document is not an entry.
    """
    return ChunkEntry(
        account=raw["account"],
        report_id=raw["report_id"],
        chunk=raw["chunk"],
        verdicts=tuple(from_document(RowVerdict, each) for each in raw["verdicts"]),
        rejected=tuple(
            RejectedRow.model_validate(each, extra="ignore") for each in raw["rejected"]
        ),
        imported_at=raw["imported_at"],
    )


def _document(entry: ChunkEntry, kind: ReportKind) -> Raw:
    outcomes = Counter(str(verdict.outcome) for verdict in entry.verdicts)
    outcomes[str(RowOutcome.REJECTED)] += len(entry.rejected)
    skips = Counter(str(verdict.reason) for verdict in entry.verdicts if verdict.reason)
    return {
        "_id": chunk_key(entry.report_id, entry.chunk),
        "account": entry.account,
        "report_id": entry.report_id,
        "kind": str(kind),
        "chunk": entry.chunk,
        "imported_at": entry.imported_at,
        "rows": entry.rows,
        "outcomes": dict(outcomes),
        "skips": dict(skips),
        "order_ids": _order_ids(entry),
        "verdicts": [to_document(verdict) for verdict in entry.verdicts],
        "rejected": [row.model_dump(exclude_defaults=True) for row in entry.rejected],
    }


def _order_ids(entry: ChunkEntry) -> list[str]:
    parts: Iterable[RowVerdict | RejectedRow] = (*entry.verdicts, *entry.rejected)
    return sorted({part.order_id for part in parts if part.order_id})


def _skipped_row(entry: ChunkEntry, verdict: RowVerdict) -> UpdateOne:
    """Return how to note an order: for the first time, or its last sighting if it is later."""
    key = f"{entry.account}/{verdict.order_id}/{verdict.reason}"
    who = {"account": entry.account, "order_id": verdict.order_id, "reason": str(verdict.reason)}
    seen = {"report_id": entry.report_id, "row": verdict.row, "seen_at": entry.imported_at}
    is_later = {"$lt": [{"$ifNull": ["$last_seen_at", LONG_AGO]}, entry.imported_at]}
    fields: Raw = {name: {"$literal": value} for name, value in who.items()}
    for name, value in seen.items():
        fields[f"first_{name}"] = {"$ifNull": [f"$first_{name}", {"$literal": value}]}
        fields[f"last_{name}"] = {"$cond": [is_later, {"$literal": value}, f"$last_{name}"]}
    return UpdateOne({"_id": key}, [{"$set": fields}], upsert=True)
