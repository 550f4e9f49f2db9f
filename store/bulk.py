"""Many guarded updates in one go, where losing a race is an answer and not an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from store.tables import Collection

DUPLICATE_KEY = 11000
"""Source: MongoDB error codes."""


@dataclass(frozen=True, slots=True)
class Written:
    """What a bulk write did, by position of its updates."""

    created: frozenset[int]
    """Upserts that made a document."""
    refused: frozenset[int]
    """Upserts that met a key which somebody made in the same moment."""
    matched: int
    """How many of the others found their document."""


def write_all(collection: Collection, updates: Sequence[UpdateOne]) -> Written:
    """Write all updates, in no particular order.

    Raises:
        BulkWriteError: something other than a lost race went wrong.
    """
    if not updates:
        return Written(frozenset(), frozenset(), 0)
    try:
        done = collection.bulk_write(updates, ordered=False)
    except BulkWriteError as exc:
        errors = exc.details["writeErrors"]
        if exc.details["writeConcernErrors"] or any(e["code"] != DUPLICATE_KEY for e in errors):
            raise
        created = frozenset(each["index"] for each in exc.details["upserted"])
        refused = frozenset(error["index"] for error in errors)
        return Written(created, refused, int(exc.details["nMatched"]))
    return Written(frozenset(done.upserted_ids or ()), frozenset(), done.matched_count)
