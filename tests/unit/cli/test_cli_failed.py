from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from cli.failing import Stop
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
        "message": MESSAGE,
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


def test_a_message_is_shown_with_what_it_says_and_where_it_failed() -> None:
    result = app_with(kept()).run("failed", "show", "q-1")

    assert result.exit_code == 0
    assert "getOrder was refused: 403 Unauthorized" in result.stdout
    assert "OrderLinesParsed" in result.stdout
    assert "File stage.py" in result.stdout


def test_a_message_sent_again_is_in_its_queue_and_marked() -> None:
    app = app_with(kept())

    result = app.run("failed", "retry", "q-1", "--json")

    assert json.loads(result.stdout) == {"retried": 1}
    assert queued(app) == 1
    assert app.quarantine.settled == [("retried", "q-1", None)]


def test_a_whole_group_is_sent_again_and_nothing_else() -> None:
    app = app_with(kept("q-1"), kept("q-2"), kept("q-3", error_class="Malformed"))

    result = app.run("failed", "retry-group", "import_orders", "Refused", "--json")

    assert json.loads(result.stdout) == {"retried": 2}
    assert queued(app) == 2


def test_nothing_is_sent_again_where_no_worker_would_hear_it() -> None:
    app = app_with(kept(), in_memory=True)

    result = app.run("failed", "retry", "q-1")

    assert isinstance(result.exception, Stop)
    assert "set BROKER_URL" in str(result.exception)
    assert app.quarantine.settled == []


def test_discarding_needs_a_reason_which_is_recorded() -> None:
    app = app_with(kept())

    assert app.run("failed", "discard", "q-1").exit_code == 2
    assert app.run("failed", "discard", "q-1", "--reason", " ").exit_code == 2
    assert app.quarantine.settled == []

    assert app.run("failed", "discard", "q-1", "--reason", "a test order").exit_code == 0
    assert app.quarantine.settled == [("discarded", "q-1", "a test order")]


@pytest.mark.parametrize("command", ["retry", "discard"])
def test_what_is_settled_already_stays_as_it_is(command: str) -> None:
    done = kept(state="discarded", settled_by="somebody", settled_at=datetime.now(UTC))
    app = app_with(done)
    reason = ["--reason", "again"] if command == "discard" else []

    result = app.run("failed", command, "q-1", *reason)

    assert isinstance(result.exception, Stop)
    assert "was discarded by somebody" in str(result.exception)
    assert app.quarantine.settled == []


def test_an_unknown_message_points_to_the_list() -> None:
    result = app_with().run("failed", "show", "q-9")

    assert isinstance(result.exception, Stop)
    assert "`failed list`" in str(result.exception)


def test_an_empty_quarantine_says_so() -> None:
    assert "Nothing has failed for good." in app_with().run("failed", "list").stdout
