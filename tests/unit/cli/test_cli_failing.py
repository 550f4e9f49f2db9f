from __future__ import annotations

import click
import dramatiq
import pytest
from pymongo.errors import ServerSelectionTimeoutError

from actors.runtime.confirms import Unconfirmed
from actors.runtime.consumer import connection_closed
from cli.failing import Stop, line_for, tell
from domain.errors import (
    NotYet,
    Refused,
    Suspended,
    Throttled,
    Unavailable,
    UnknownAccount,
)


def lost_broker() -> BaseException:
    return dramatiq.errors.BrokerConnectionError("gone")  # type: ignore[no-untyped-call]


UNKNOWN = (
    "unknown account 'shop': no such account is configured;"
    " `python -m cli check` lists the accounts"
)
NO_STORE = (
    "the store does not answer (ServerSelectionTimeoutError):"
    " see MONGODB_URL and `python -m cli check`"
)


@pytest.mark.parametrize(
    ("trouble", "line"),
    [
        (Stop("no such file: x"), "no such file: x"),
        (
            UnknownAccount("shop"),
            UNKNOWN,
        ),
        (
            Throttled("getOrder", retry_after_s=12.2),
            "getOrder is throttled; try again in 12 s",
        ),
        (
            Suspended("shop", "the token was revoked", retry_after_s=900),
            "shop is suspended: the token was revoked; try again in 900 s",
        ),
        (NotYet("a pass runs", retry_after_s=5), "not yet: a pass runs; try again in 5 s"),
        (
            Refused("getOrder", code="Unauthorized", status=403),
            "getOrder was refused: 403 Unauthorized",
        ),
        (
            ServerSelectionTimeoutError("a host name"),
            NO_STORE,
        ),
        (
            lost_broker(),
            "the broker does not answer: see BROKER_URL and `python -m cli check`",
        ),
        (
            connection_closed(Unconfirmed("no confirm within 20 s")),
            "RabbitMQ did not confirm it in time; it may have it, and doing it again is harmless",
        ),
        (
            FileNotFoundError(2, "No such file or directory", "a.txt"),
            "a.txt: No such file or directory",
        ),
        (
            KeyboardInterrupt(),
            "interrupted; what was finished is kept, and doing it again is harmless",
        ),
        (
            click.Abort(),
            "interrupted; what was finished is kept, and doing it again is harmless",
        ),
    ],
)
def test_every_expected_trouble_has_one_line_that_says_what_to_do(
    trouble: BaseException, line: str
) -> None:
    assert line_for(trouble) == line


def test_a_trouble_is_told_on_stderr_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(Stop("one\ntwo   three"), debug=False) == 1

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == "error: one two three\n"


def test_a_defect_shows_neither_its_text_nor_a_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert tell(ValueError("buyer-17@example.invalid"), debug=False) == 1

    told = capsys.readouterr().err
    assert told.startswith("error: this should not happen: ValueError (reference ")
    assert told.count("\n") == 1
    assert "buyer-17" not in told
    assert "Traceback" not in told
    assert "--debug" in told


def test_the_exit_code_a_command_asked_for_is_kept() -> None:
    assert tell(click.exceptions.Exit(0), debug=False) == 0
    assert tell(click.exceptions.Exit(1), debug=False) == 1
    assert tell(SystemExit(2), debug=False) == 2


def test_who_gets_no_answer_is_told_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    assert tell(Unavailable("getOrder: ConnectError"), debug=False) == 1

    said = "error: getOrder: ConnectError; `python -m cli check` tells what is not reached\n"
    assert capsys.readouterr().err == said
