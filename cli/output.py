"""How results are printed: one JSON document for machines, tables for people."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import click
from pydantic import BaseModel
from rich.console import Console
from rich.table import Table
from rich.text import Text

from config.accounts import marketplaces
from domain.orders import Buyer

HIDDEN = "***"
PLAIN_WIDTH = 180
"""Columns when the output is no terminal: a file or a pipe has no right edge."""

COUNT = click.IntRange(1, 1_000_000_000)
"""How many of something to show: nobody has more, and the store counts no further."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


def plain(value: Any) -> Any:
    """Return the value as JSON knows it.  A buyer is masked: revealing one is done knowingly."""
    for kinds, form in FORMS:
        if isinstance(value, kinds):
            return form(value)
    if dataclasses.is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    return value if value is None or isinstance(value, str | int | float) else str(value)


def masked(buyer: Buyer) -> dict[str, str]:
    """Return which buyer fields are known, without telling them."""
    return {name: HIDDEN if text else "" for name, text in dataclasses.asdict(buyer).items()}


def revealed(buyer: Buyer) -> dict[str, str]:
    """Return the buyer's data.  The caller has recorded who reads it and why."""
    return dataclasses.asdict(buyer)


def iso(at: datetime) -> str:
    """Return a time as ``2026-11-23T15:08:00.250Z``, without the fraction where there is none."""
    text = at.astimezone(UTC).isoformat(timespec="milliseconds" if at.microsecond else "seconds")
    return text.replace("+00:00", "Z")


def short(at: datetime | None) -> str:
    """Return a time for a table: UTC, to the second, or a dash."""
    return "-" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"


FORMS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (Buyer, masked),
    (Enum, lambda each: each.value),
    (datetime, iso),
    (timedelta, timedelta.total_seconds),
    (BaseModel, lambda model: plain(dict(model))),
    (Mapping, lambda each: {str(plain(key)): plain(item) for key, item in each.items()}),
    ((list, tuple, set, frozenset), lambda each: [plain(item) for item in each]),
)
"""How what JSON does not know is written; the first that fits."""


def place(marketplace_id: str) -> str:
    """Return a marketplace as people call it: its country; its id where it is unknown."""
    known = marketplaces().get(marketplace_id)
    return known.country if known else marketplace_id


def print_json(value: Any) -> None:
    """Print one JSON document on stdout."""
    click.echo(json.dumps(plain(value), ensure_ascii=False, indent=2))


def console(*, stderr: bool = False) -> Console:
    """Return where tables are printed; a terminal's width is its own."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PLAIN_WIDTH
    return Console(file=stream, width=width, highlight=False, soft_wrap=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table.  Cells are text as it is: nothing in them is markup."""
    grid = Table(
        title=Text(title) if title else None, title_justify="left", box=None, pad_edge=False
    )
    for column in columns:
        grid.add_column(Text(column), header_style="bold", overflow="fold")
    for row in rows:
        grid.add_row(*(Text(str(cell)) for cell in row))
    return grid


def show(*parts: Table | str) -> None:
    """Print tables and lines of text to stdout; a pipe gets no trailing blanks."""
    out = console()
    if out.is_terminal:
        _print(out, parts)
        return
    with out.capture() as captured:
        _print(out, parts)
    click.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _print(out: Console, parts: Iterable[Table | str]) -> None:
    for part in parts:
        if isinstance(part, str):
            out.print(Text(part), soft_wrap=True)
        else:
            out.print(part)


@contextmanager
def waiting(what: str, *, hidden: bool = False) -> Iterator[None]:
    """Show that something is going on, when somebody looks at a terminal."""
    screen = console(stderr=True)
    if hidden or not screen.is_terminal:
        yield
        return
    with screen.status(what):
        yield
