"""Many guarded updates in one go, where losing a race is an answer and not an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from store.tables import Collection

Expression = Any
"""A MongoDB aggregation expression."""

DUPLICATE_KEY = 11000
"""Source: MongoDB error codes."""


def guarded(
    key: str, guard: Expression, changes: Mapping[str, Expression], *, upsert: bool = False
) -> UpdateOne:
    """Return the update of a document that changes it only where ``guard`` holds.

    With ``upsert`` an absent document is made, where the guard holds of an empty one.

    ``changes`` are expressions; ``literal`` makes one of a value.  The guard is in the update and
    not in the filter because a filter on more than ``_id`` makes the embedded server look through
    the whole collection; everywhere else it is the same.
    """
    fields = {name: {"$cond": [guard, to, f"${name}"]} for name, to in changes.items()}
    return UpdateOne({"_id": key}, [{"$set": fields}], upsert=upsert)


def literal(value: Any) -> Expression:
    """Return the expression for a value as it is; for None, the removal of its field."""
    return "$$REMOVE" if value is None else {"$literal": value}


@dataclass(frozen=True, slots=True)
class Written:
    """What a bulk write did, by position of its updates."""

    created: frozenset[int]
    """Upserts that made a document."""
    refused: frozenset[int]
    """Upserts that met a key which somebody made in the same moment."""
    modified: int
    """How many of the others changed their document."""


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
        return Written(created, refused, int(exc.details["nModified"]))
    return Written(frozenset(done.upserted_ids or ()), frozenset(), done.modified_count)
