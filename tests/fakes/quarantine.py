"""The quarantine in memory: as a list, and the store's own over an imitated MongoDB."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import mongomock

from domain.errors import Malformed
from store.quarantine import Quarantine


@dataclass
class MemoryQuarantine:
    kept: list[dict[str, Any]] = field(default_factory=list)

    def keep(self, message: dict[str, Any], **known: Any) -> None:
        self.kept.append({"message": message, **known})


START = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Ticking:
    """A clock one second later each time."""

    def __init__(self) -> None:
        self.at = START - timedelta(seconds=1)

    def __call__(self) -> datetime:
        self.at += timedelta(seconds=1)
        return self.at


def an_empty_quarantine() -> Quarantine:
    database: Any = mongomock.MongoClient()["test"]
    fresh = Quarantine(database, now=Ticking())
    fresh.ensure_indexes()
    return fresh


def message(message_id: str = "m1", **options: Any) -> dict[str, Any]:
    return {
        "queue_name": "import_orders",
        "actor_name": "import_orders",
        "args": ("OrderLinesParsed", {"report_id": "r1"}),
        "kwargs": {},
        "options": {"flow_id": "f1", "account": "a1", **options},
        "message_id": message_id,
        "message_timestamp": 1,
    }


def keep(quarantine: Quarantine, what: dict[str, Any], **changes: Any) -> None:
    known: dict[str, Any] = {
        "stage": "import_orders",
        "flow_id": "f1",
        "account": "a1",
        "error": Malformed("not an OrderLinesParsed: chunk"),
        "traceback": '  File "x.py", line 1, in f\n',
        "attempts": 1,
        "kind": "permanent",
        "source": "stage",
    }
    quarantine.keep(what, **{**known, **changes})
