"""Messages that failed for good, and the command line over them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from store.quarantine_entries import Quarantined
from tests.fakes.cli_app import FakeApp, FakeQuarantine

MESSAGE = {
    "queue_name": "import_orders",
    "actor_name": "import_orders",
    "args": ["OrderLinesParsed", {"report_id": "R1"}],
    "kwargs": {},
    "options": {"attempts": 4},
    "message_id": "m-1",
    "message_timestamp": 1,
}


def kept(entry_id: str = "q-1", **changes: Any) -> Quarantined:
    known: dict[str, Any] = {
        "id": entry_id,
        "stage": "import_orders",
        "error_class": "Refused",
        "error": "getOrder was refused: 403 Unauthorized",
        "traceback": "  File stage.py\n",
        "flow_id": "flow-1",
        "account": "demo",
        "attempts": 4,
        "kind": "permanent",
        "source": "stage",
        "kept_at": datetime(2026, 11, 23, tzinfo=UTC),
        "died_at": None,
        "message": MESSAGE | {"message_id": f"m-{entry_id}"},
        "state": "kept",
        "settled_at": None,
        "settled_by": None,
        "reason": None,
    }
    return Quarantined(**{**known, **changes})


def app_with(*entries: Quarantined, in_memory: bool = False) -> FakeApp:
    quarantine = FakeQuarantine({each.id: each for each in entries})
    app = FakeApp(quarantine=quarantine, in_memory=in_memory)
    app.broker.declare_queue("import_orders")
    return app


def queued(app: FakeApp) -> int:
    return int(app.broker.queues["import_orders"].qsize())


def foreign(entry_id: str) -> Quarantined:
    return kept(entry_id, message={"body_base64": "aGk="})


def decided(entry_id: str = "q-1", **changes: Any) -> Quarantined:
    by_kim: dict[str, Any] = {
        "state": "discarded",
        "settled_by": "kim",
        "settled_at": datetime(2026, 11, 24, 8, tzinfo=UTC),
        "reason": "a test order",
    }
    return kept(entry_id, **{**by_kim, **changes})
