"""The ledger: what became of every row of every report, one document per chunk, written once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import replace

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from domain.ledger import ChunkEntry, ReportTally, RowOutcome, RowVerdict, SkipReason
from domain.messages import RejectedRow, ReportKind
from store.bulk import write_all
from store.failures import translated
from store.mapping import from_document, to_document
from store.moments import store_now
from store.report_documents import ChunkDocument, SkippedRowDocument
from store.tables import Database, Raw, collection_of

CHANGED_MOST = (RowOutcome.UNCHANGED, RowOutcome.UPDATED, RowOutcome.CREATED)
"""What counts for an order with several rows: the last of these that any of its rows has."""


class Ledger:
    """What became of every row (collections ``report_chunks`` and ``skipped_rows``)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._chunks = collection_of(database, ChunkDocument)
        self._skipped = collection_of(database, SkippedRowDocument)

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
        return stamped

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
        """Count a report's outcomes; distinct orders are counted by the server.

        Index: ``of_report``.
        """
        rows, chunks, outcomes, skips = 0, 0, Counter[str](), Counter[str]()
        counted = {"rows": 1, "outcomes": 1, "skips": 1}
        for raw in self._chunks.find({"report_id": report_id}, counted):
            rows, chunks = rows + raw["rows"], chunks + 1
            outcomes.update(raw["outcomes"])
            skips.update(raw["skips"])
        return ReportTally(
            rows=rows,
            row_outcomes={outcome: outcomes[outcome] for outcome in RowOutcome},
            orders=self._distinct_orders(report_id),
            skipped={reason: skips[reason] for reason in SkipReason if skips[reason]},
            rejected=outcomes[RowOutcome.REJECTED],
            chunks=chunks,
        )

    def _distinct_orders(self, report_id: str) -> dict[str, int]:
        """Count orders by the most that was done to them; ``recovered`` is part of created."""
        counts = {"created": 0, "recovered": 0, "updated": 0, "unchanged": 0}
        for group in self._chunks.aggregate(_orders_of(report_id), allowDiskUse=True):
            counts[CHANGED_MOST[group["_id"]["done"]]] += group["orders"]
            counts["recovered"] += group["orders"] if group["_id"]["recovered"] else 0
        return counts

    def _note_skipped(self, entry: ChunkEntry) -> None:
        """Note skipped orders, first and last report; a late replay does not turn it back."""
        skipped = {
            (verdict.order_id, verdict.reason): verdict
            for verdict in reversed(entry.verdicts)
            if verdict.reason is not None
        }
        updates = [_skipped_row(entry, each) for each in skipped.values()]
        write_all(self._skipped, [first for first, _ in updates])
        write_all(self._skipped, [last for _, last in updates])


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
        rejected=tuple(RejectedRow.model_validate(each) for each in raw["rejected"]),
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


def _skipped_row(entry: ChunkEntry, verdict: RowVerdict) -> tuple[UpdateOne, UpdateOne]:
    """Return how to note an order for the first time, and how to note its last sighting."""
    key = f"{entry.account}/{verdict.order_id}/{verdict.reason}"
    seen = {"report_id": entry.report_id, "row": verdict.row, "seen_at": entry.imported_at}
    first = {f"first_{name}": value for name, value in seen.items()}
    last = {f"last_{name}": value for name, value in seen.items()}
    who = {"account": entry.account, "order_id": verdict.order_id, "reason": str(verdict.reason)}
    # Apart: an upsert with a second condition looks through everything on the embedded server.
    older = {"_id": key, "last_seen_at": {"$lt": entry.imported_at}}
    return (
        UpdateOne({"_id": key}, {"$setOnInsert": who | first | last}, upsert=True),
        UpdateOne(older, {"$set": last}),
    )


def _orders_of(report_id: str) -> list[Raw]:
    outcome = "$verdicts.outcome"
    done = {
        "$switch": {
            "branches": [
                {"case": {"$eq": [outcome, RowOutcome.CREATED.value]}, "then": 2},
                {"case": {"$eq": [outcome, RowOutcome.UPDATED.value]}, "then": 1},
            ],
            "default": 0,
        }
    }
    ours = {"verdicts.outcome": {"$in": [each.value for each in CHANGED_MOST]}}
    order = {
        "_id": "$verdicts.order_id",
        "done": {"$max": done},
        "recovered": {"$max": {"$ifNull": ["$verdicts.recovered", False]}},
    }
    kind = {"_id": {"done": "$done", "recovered": "$recovered"}, "orders": {"$sum": 1}}
    return [
        {"$match": {"report_id": report_id}},
        {"$project": {"verdicts": 1}},
        {"$unwind": "$verdicts"},
        {"$match": ours},
        {"$group": order},
        {"$group": kind},
    ]
