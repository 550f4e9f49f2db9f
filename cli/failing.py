"""What a person reads when something goes wrong: one line that says what to do.

No traceback ever reaches a terminal.  With ``--debug`` the details of a defect go to the log.
"""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Callable
from typing import Any

import click
import dramatiq
import structlog
from pymongo.errors import PyMongoError

from actors.runtime.confirms import Unconfirmed
from domain.errors import ConnectorError, Suspended, Throttled, Unavailable, UnknownAccount, Waiting

OK, FAILED, USAGE = 0, 1, 2

INTERRUPTED = "interrupted; what was finished is kept, and doing it again is harmless"
SEE_CHECK = "; `python -m cli check` tells what is not reached"
NO_BROKER = "the broker does not answer: see BROKER_URL and `python -m cli check`"
UNCONFIRMED = "RabbitMQ did not confirm it in time; it may have it, and doing it again is harmless"

log = structlog.get_logger(__name__)


class Stop(Exception):
    """A command cannot go on; its text is the whole line for the person."""


def line_for(trouble: BaseException) -> str | None:
    """Return the line that tells a person what happened and what to do; None for a defect."""
    for kinds, line in LINES:
        if isinstance(trouble, kinds):
            return line(trouble)
    return None


def _wait(trouble: Any) -> str:
    return f"{trouble}; try again in {trouble.retry_after_s:.0f} s"


def _store(trouble: BaseException) -> str:
    name = type(trouble).__name__
    return f"the store does not answer ({name}): see MONGODB_URL and `python -m cli check`"


def _broker(trouble: Any) -> str:
    if isinstance(trouble.message, Unconfirmed):
        return UNCONFIRMED
    return NO_BROKER


def _file(trouble: Any) -> str:
    return f"{trouble.filename or 'input or output'}: {trouble.strerror or type(trouble).__name__}"


Kinds = type[BaseException] | tuple[type[BaseException], ...]

LINES: tuple[tuple[Kinds, Callable[[Any], str]], ...] = (
    (Stop, str),
    (click.ClickException, lambda trouble: trouble.format_message()),
    ((KeyboardInterrupt, click.Abort), lambda _: INTERRUPTED),
    (UnknownAccount, lambda trouble: f"{trouble}; `python -m cli check` lists the accounts"),
    ((Throttled, Suspended), _wait),
    (Waiting, lambda trouble: f"not yet: {_wait(trouble)}"),
    (ConnectorError, str),
    (PyMongoError, _store),
    (dramatiq.errors.BrokerConnectionError, _broker),
    (OSError, _file),
)
"""The first that fits speaks; what fits none is a defect."""


def tell(trouble: BaseException, *, debug: bool) -> int:
    """Say what happened on stderr and return the exit code."""
    match trouble:
        case click.exceptions.Exit():
            return trouble.exit_code
        case SystemExit():
            return trouble.code if isinstance(trouble.code, int) else FAILED
    line = line_for(trouble)
    if line is None:
        line = _defect(trouble, debug=debug)
    if isinstance(trouble, Unavailable):
        line += SEE_CHECK
    click.echo(f"error: {' '.join(line.split())}", err=True)
    return FAILED


def _defect(trouble: BaseException, *, debug: bool) -> str:
    reference = uuid.uuid4().hex[:8]
    if debug:
        log.error("defect", reference=reference, exc_info=trouble)
        return f"this should not happen (reference {reference}, details in the log above)"
    # The text of an unexpected error may quote what it stumbled over, so only its type is shown.
    return (
        f"this should not happen: {type(trouble).__name__} (reference {reference});"
        " the same command with --debug before it writes the details to stderr"
    )


def usage_text(wrong: click.UsageError) -> str:
    """Return click's advice on a mistyped command."""
    lines = [f"error: {wrong.format_message()}"]
    if wrong.ctx is not None:
        lines.append(f"see: {wrong.ctx.command_path} --help")
    return "\n".join(lines)


def silence_stdout() -> None:
    """Keep Python from complaining about a closed pipe when it flushes at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
