"""Seeing a buyer's data: never by accident, and always with a recorded reason."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import click


@dataclass(frozen=True, slots=True)
class Why:
    """Who looks at buyer data, and what for."""

    who: str
    reason: str


def reveal_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add ``--reveal`` and ``--reason`` to a command."""
    reveal = click.option("--reveal", is_flag=True, help="Show buyer data; recorded.")
    reason = click.option("--reason", default="", help="What for; needed with --reveal.")
    return reveal(reason(command))


def told_why(*, reveal: bool, reason: str) -> Why | None:
    """Return who looks and why; None when nothing is to be revealed.

    Raises:
        UsageError: to be revealed without a reason, or a reason without revealing.
    """
    if reveal and not reason.strip():
        raise click.UsageError("--reveal needs --reason 'what for': both are recorded")
    if reason.strip() and not reveal:
        raise click.UsageError("--reason is for --reveal")
    return Why(who(), reason.strip()) if reveal else None


def who() -> str:
    """Return who is at the keyboard, for what is recorded."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown user"
