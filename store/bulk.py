"""Many guarded updates in one go, where losing a race is an answer and not an error."""

from __future__ import annotations

from collections.abc import Sequence

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from store.tables import Collection

DUPLICATE_KEY = 11000
"""Source: MongoDB error codes."""


def write_all(collection: Collection, updates: Sequence[UpdateOne]) -> tuple[set[int], int]:
    """Write; return the positions that met an existing key, and how many updates matched.

    Raises:
        BulkWriteError: something other than a lost race went wrong.
    """
    if not updates:
        return set(), 0
    try:
        return set(), collection.bulk_write(updates, ordered=False).matched_count
    except BulkWriteError as exc:
        errors = exc.details["writeErrors"]
        if exc.details["writeConcernErrors"] or any(e["code"] != DUPLICATE_KEY for e in errors):
            raise
        return {error["index"] for error in errors}, int(exc.details["nMatched"])
