"""What failed for good, as people and programs read it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table

from cli.failed_again import Note
from cli.output import plain, short, table
from store.quarantine import DISCARDED, KEPT, RETRIED
from store.quarantine_entries import Group, Quarantined

STATES = {"open": KEPT, "retried": RETRIED, "discarded": DISCARDED}
"""What people call the states, and the store does."""
NOTES_SHOWN = 20
COLUMNS = ("id", "kept (UTC)", "stage", "account", "error", "attempts", "decided before")
DECIDED_COLUMNS = ("id", "kept (UTC)", "stage", "account", "error", "decided (UTC)", "by", "why")


def group_table(title: str, groups: Iterable[Group]) -> Table:
    """Return a table of groups."""
    columns = ("stage", "error", "messages", "first (UTC)", "last (UTC)")
    rows = (
        (
            each.stage,
            each.error_class,
            each.count,
            short(each.first_kept_at),
            short(each.last_kept_at),
        )
        for each in groups
    )
    return table(title, columns, rows)


def open_table(entries: Iterable[Quarantined]) -> Table:
    """Return a table of what waits for a decision."""
    rows = ((*_known(each), each.attempts, len(each.decisions) or "-") for each in entries)
    return table("The oldest of them", COLUMNS, rows)


def decided_table(entries: Iterable[Quarantined]) -> Table:
    """Return a table of what was decided: who, when and why."""
    rows = (
        (*_known(each), short(each.settled_at), each.settled_by or "-", each.reason or "-")
        for each in entries
    )
    return table("The newest decisions", DECIDED_COLUMNS, rows)


def _known(entry: Quarantined) -> tuple[object, ...]:
    error = f"{entry.error_class}: {entry.error}".rstrip(": ")
    return (entry.id, short(entry.kept_at), entry.stage, entry.account or "-", error)


def entry_row(entry: Quarantined) -> dict[str, object]:
    """Return an entry as one line of a list: without its message and traceback."""
    hidden = ("message", "traceback")
    return {name: value for name, value in plain(entry).items() if name not in hidden}


def entry_screen(entry: Quarantined) -> list[Table | str]:
    """Return all about one message: what it says, why it failed, what became of it."""
    known = entry_row(entry)
    del known["decisions"]
    rows = [(name, value) for name, value in known.items() if value not in (None, "")]
    says = [(name, plain(value)) for name, value in entry.message.items()]
    screen: list[Table | str] = [table(f"Message {entry.id}", ("", ""), rows)]
    if entry.decisions:
        before = (
            (each.state, short(each.settled_at), each.settled_by or "-", each.reason or "-")
            for each in entry.decisions
        )
        columns = ("state", "decided (UTC)", "by", "why")
        screen += ["", table("Decided before, and announced anew since", columns, before)]
    screen += ["", table("What it says", ("", ""), says)]
    if entry.traceback:
        screen += ["", "Where it failed (for whoever repairs it):", entry.traceback.rstrip()]
    return screen


def note_lines(title: str, notes: Sequence[Note]) -> list[Table | str]:
    """Return the first of the messages somebody should know of, with their reasons."""
    if not notes:
        return []
    rows = [(each.id, each.reason) for each in notes[:NOTES_SHOWN]]
    more = len(notes) - len(rows)
    rest = [f"… and {more} more; --json names them all"] if more else []
    return ["", table(f"{title}: {len(notes)}", ("id", "why"), rows), *rest]
