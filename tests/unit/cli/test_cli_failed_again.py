from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from cli.failing import Stop
from tests.fakes.cli_app import FakeQuarantine
from tests.fakes.failed import app_with, decided, foreign, kept, queued

BY_KIM = "meanwhile it was discarded by kim at 2026-11-24 08:00:00 UTC: a test order"


def test_a_message_sent_again_is_in_its_queue_and_marked() -> None:
    app = app_with(kept())

    result = app.run("failed", "retry", "q-1", "--json")

    assert json.loads(result.stdout) == {"retried": 1}
    assert queued(app) == 1
    assert app.quarantine.settled == [("retried", "q-1", None)]


def test_a_whole_group_is_sent_again_and_nothing_else() -> None:
    app = app_with(kept("q-1"), kept("q-2"), kept("q-3", error_class="Malformed"))

    result = app.run("failed", "retry-group", "import_orders", "Refused", "--json")

    assert json.loads(result.stdout) == {"retried": 2, "not_sent": [], "disputed": []}
    assert queued(app) == 2
    assert result.exit_code == 0


def test_what_cannot_be_sent_again_is_named_and_the_rest_of_its_group_is_sent() -> None:
    app = app_with(kept("q-1"), foreign("q-2"), kept("q-3"))

    result = app.run("failed", "retry-group", "import_orders", "Refused", "--json")

    why = "q-2 is not one of our messages: it cannot be sent again"
    assert json.loads(result.stdout) == {
        "retried": 2,
        "not_sent": [{"id": "q-2", "reason": why}],
        "disputed": [],
    }
    assert result.exit_code == 1
    assert queued(app) == 2
    assert app.quarantine.settled == [("retried", "q-1", None), ("retried", "q-3", None)]


def test_a_person_reads_what_was_not_sent_and_why() -> None:
    app = app_with(foreign("q-1"), kept("q-2"))

    result = app.run("failed", "retry-group", "import_orders", "Refused")

    assert result.stdout.splitlines() == [
        "1 messages are in the queue of import_orders again",
        "",
        "Not sent: 1",
        "id   why",
        "q-1  q-1 is not one of our messages: it cannot be sent again",
    ]
    assert result.exit_code == 1


def test_more_than_one_go_of_what_cannot_be_sent_does_not_hide_what_can() -> None:
    app = app_with(*(foreign(f"f-{n}") for n in range(501)), kept("q-1"))

    result = app.run("failed", "retry-group", "import_orders", "Refused")

    assert app.quarantine.settled == [("retried", "q-1", None)]
    assert "Not sent: 501" in result.stdout
    assert "… and 481 more; --json names them all" in result.stdout


def test_500_of_a_group_are_sent_in_one_go_and_the_rest_is_told_of() -> None:
    app = app_with(*(kept(f"q-{n}") for n in range(501)))

    result = app.run("failed", "retry-group", "import_orders", "Refused")

    told = "500 messages are in the queue of import_orders again; call it again for more\n"
    assert result.stdout == told
    assert queued(app) == 500


def test_what_fails_again_at_once_is_sent_once() -> None:
    app = app_with(kept("q-1"), kept("q-2"), kept("q-3"))
    app.quarantine.fails_again = True

    result = app.run("failed", "retry-group", "import_orders", "Refused", "--json")

    assert json.loads(result.stdout) == {"retried": 3, "not_sent": [], "disputed": []}
    assert queued(app) == 3
    assert sorted(each.id for each in app.quarantine.find()) == [
        "q-1/again",
        "q-2/again",
        "q-3/again",
    ]


def test_a_message_sent_while_somebody_discarded_it_is_told_of() -> None:
    app = app_with(kept("q-1"))
    app.quarantine.meanwhile["q-1"] = decided()

    result = app.run("failed", "retry", "q-1")

    assert isinstance(result.exception, Stop)
    assert str(result.exception) == (
        f"q-1: it is in the queue of import_orders again, but {BY_KIM}"
    )
    assert result.stdout == ""
    assert queued(app) == 1


def test_a_message_of_a_group_sent_while_somebody_discarded_it_is_told_of() -> None:
    app = app_with(kept("q-1"), kept("q-2"))
    app.quarantine.meanwhile["q-1"] = decided()

    result = app.run("failed", "retry-group", "import_orders", "Refused", "--json")

    said = f"it is in the queue of import_orders again, but {BY_KIM}"
    assert json.loads(result.stdout) == {
        "retried": 2,
        "not_sent": [],
        "disputed": [{"id": "q-1", "reason": said}],
    }
    assert result.exit_code == 1


class Discarding(FakeQuarantine):
    """Somebody else discards the second message while the first is sent again."""

    def mark_retried(self, entry_id: str, *, who: str) -> bool:
        self.entries["q-2"] = decided("q-2")
        return super().mark_retried(entry_id, who=who)


def test_a_message_of_a_group_somebody_discarded_meanwhile_is_not_sent() -> None:
    app = app_with(kept("q-1"), kept("q-2"))
    app.quarantine = app.store.quarantine = Discarding(app.quarantine.entries)

    result = app.run("failed", "retry-group", "import_orders", "Refused", "--json")

    assert json.loads(result.stdout) == {
        "retried": 1,
        "not_sent": [{"id": "q-2", "reason": BY_KIM}],
        "disputed": [],
    }
    assert result.exit_code == 1
    assert queued(app) == 1


def test_a_message_sent_again_meanwhile_is_not_said_to_be_discarded() -> None:
    app = app_with(kept())
    app.quarantine.meanwhile["q-1"] = decided(state="retried", reason=None)

    result = app.run("failed", "discard", "q-1", "--reason", "a test order")

    assert isinstance(result.exception, Stop)
    assert str(result.exception) == (
        "q-1 is not discarded: meanwhile it was retried by kim at 2026-11-24 08:00:00 UTC"
    )
    assert result.stdout == ""
    assert app.quarantine.settled == []


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
