from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from cli.failing import Stop
from store.quarantine_entries import Decision
from tests.fakes.failed import app_with, decided, kept

ERROR = "Refused: getOrder was refused: 403 Unauthorized"


def test_a_message_is_shown_with_what_it_says_and_where_it_failed() -> None:
    result = app_with(kept()).run("failed", "show", "q-1")

    assert result.exit_code == 0
    assert "getOrder was refused: 403 Unauthorized" in result.stdout
    assert "OrderLinesParsed" in result.stdout
    assert "File stage.py" in result.stdout


def test_what_was_decided_is_listed_with_who_when_and_why() -> None:
    app = app_with(kept("q-1"), decided("q-2"), decided("q-3", state="retried", reason=None))

    shown = app.run("failed", "list", "--state", "discarded").stdout.splitlines()

    assert [line.split() for line in shown[:3]] == [
        ["What", "was", "discarded,", "by", "stage", "and", "error"],
        ["stage", "error", "messages", "first", "(UTC)", "last", "(UTC)"],
        ["import_orders", "Refused", "1", "2026-11-23", "00:00:00", "2026-11-23", "00:00:00"],
    ]
    assert [" ".join(line.split()) for line in shown[4:7]] == [
        "The newest decisions",
        "id kept (UTC) stage account error decided (UTC) by why",
        f"q-2 2026-11-23 00:00:00 import_orders demo {ERROR} 2026-11-24 08:00:00 kim a test order",
    ]


@pytest.mark.parametrize(
    ("state", "ids"),
    [((), ["q-1"]), (("--state", "open"), ["q-1"]), (("--state", "retried"), ["q-3"])],
)
def test_programs_read_what_was_decided(state: tuple[str, ...], ids: list[str]) -> None:
    app = app_with(kept("q-1"), decided("q-2"), decided("q-3", state="retried", reason=None))

    told = json.loads(app.run("failed", "list", *state, "--json").stdout)

    assert [each["id"] for each in told["messages"]] == ids
    assert [each["count"] for each in told["groups"]] == [1]
    if state == ("--state", "retried"):
        (message,) = told["messages"]
        assert (message["settled_by"], message["settled_at"]) == ("kim", "2026-11-24T08:00:00Z")


def test_where_nothing_was_decided_the_list_says_so() -> None:
    result = app_with(kept()).run("failed", "list", "--state", "retried")

    assert result.stdout == "Nothing is recorded as retried.\n"


def test_a_message_open_again_shows_what_was_decided_before() -> None:
    before = Decision("discarded", datetime(2026, 11, 24, 8, tzinfo=UTC), "kim", "a test order")
    app = app_with(kept("q-1", decisions=(before,)))

    shown = app.run("failed", "show", "q-1").stdout
    listed = app.run("failed", "list").stdout
    told = json.loads(app.run("failed", "show", "q-1", "--json").stdout)

    assert "Decided before, and announced anew since" in shown
    assert "discarded  2026-11-24 08:00:00  kim  a test order" in shown
    assert listed.splitlines()[-3].split()[-2:] == ["4", "1"]
    assert told["decisions"] == [
        {
            "state": "discarded",
            "settled_at": "2026-11-24T08:00:00Z",
            "settled_by": "kim",
            "reason": "a test order",
        }
    ]


def test_an_unknown_message_points_to_the_list() -> None:
    result = app_with().run("failed", "show", "q-9")

    assert isinstance(result.exception, Stop)
    assert "`failed list`" in str(result.exception)


def test_an_empty_quarantine_says_so() -> None:
    assert "Nothing has failed for good." in app_with().run("failed", "list").stdout
