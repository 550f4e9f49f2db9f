"""``failed``: what no retry could save, in one place; retry it or discard it."""

from __future__ import annotations

from collections.abc import Iterable

import click
from rich.table import Table

from actors.app import App
from actors.runtime.replays import republish
from cli.failing import Stop
from cli.inline import needs_workers
from cli.output import COUNT, json_option, plain, print_json, short, show, table
from cli.revealing import who
from cli.session import Session, pass_session
from store.quarantine_entries import Quarantined

ENOUGH = 500
"""Messages sent again in one go; the command says when there are more."""


@click.group
def failed() -> None:
    """Look at what failed for good; retry or discard it."""


@failed.command("list")
@click.option("--stage", help="Only of this stage.")
@click.option("--limit", type=COUNT, default=50, show_default=True)
@json_option
@pass_session
def list_failed(session: Session, *, stage: str | None, limit: int, as_json: bool) -> None:
    """Show the groups (stage + error) and the oldest messages in them."""
    with session.app() as app:
        groups = [g for g in app.store.quarantine.groups() if stage in (None, g.stage)]
        entries = app.store.quarantine.find(stage=stage, limit=limit)
    if as_json:
        rows = [_entry(each) for each in entries]
        print_json({"groups": groups, "messages": rows})
        return
    if not groups:
        show("Nothing has failed for good.")
        return
    show(
        table(
            "What failed for good, by stage and error",
            ("stage", "error", "messages", "first (UTC)", "last (UTC)"),
            (
                (g.stage, g.error_class, g.count, short(g.first_kept_at), short(g.last_kept_at))
                for g in groups
            ),
        ),
        "",
        _messages(entries),
        "",
        "failed show ID · failed retry ID · failed retry-group STAGE ERROR"
        " · failed discard ID --reason '…'",
    )


def _messages(entries: Iterable[Quarantined]) -> Table:
    return table(
        "The oldest of them",
        ("id", "kept (UTC)", "stage", "account", "error", "attempts"),
        (
            (
                each.id,
                short(each.kept_at),
                each.stage,
                each.account or "-",
                f"{each.error_class}: {each.error}".rstrip(": "),
                each.attempts,
            )
            for each in entries
        ),
    )


@failed.command("show")
@click.argument("entry_id", metavar="ID")
@json_option
@pass_session
def show_failed(session: Session, *, entry_id: str, as_json: bool) -> None:
    """Show one message: what it says, why it failed, what became of it."""
    with session.app() as app:
        entry = _get(app, entry_id)
    if as_json:
        print_json(entry)
        return
    rows = [(name, value) for name, value in _entry(entry).items() if value not in (None, "")]
    show(table(f"Message {entry.id}", ("", ""), rows))
    show("", table("What it says", ("", ""), _message_rows(entry)))
    if entry.traceback:
        show("", "Where it failed (for whoever repairs it):", entry.traceback.rstrip())


def _message_rows(entry: Quarantined) -> list[tuple[str, object]]:
    return [(name, plain(value)) for name, value in entry.message.items()]


def _entry(entry: Quarantined) -> dict[str, object]:
    hidden = ("message", "traceback")
    return {name: value for name, value in plain(entry).items() if name not in hidden}


@failed.command("retry")
@click.argument("entry_id", metavar="ID")
@json_option
@pass_session
def retry(session: Session, *, entry_id: str, as_json: bool) -> None:
    """Give one message to its stage again."""
    with session.app() as app:
        needs_workers(app)
        entry = _open(_get(app, entry_id))
        _again(app, entry)
    _told({"retried": 1}, f"{entry.id} is in the queue of {entry.stage} again", as_json=as_json)


@failed.command("retry-group")
@click.argument("stage")
@click.argument("error")
@json_option
@pass_session
def retry_group(session: Session, *, stage: str, error: str, as_json: bool) -> None:
    """Give all messages of a STAGE that failed with one ERROR to it again."""
    with session.app() as app:
        needs_workers(app)
        entries = app.store.quarantine.find(stage=stage, error_class=error, limit=ENOUGH)
        if not entries:
            raise Stop(f"nothing of {stage} failed with {error}; `failed list` shows the groups")
        for entry in entries:
            _again(app, entry)
    more = "; call it again for more" if len(entries) == ENOUGH else ""
    line = f"{len(entries)} messages are in the queue of {stage} again{more}"
    _told({"retried": len(entries)}, line, as_json=as_json)


@failed.command("discard")
@click.argument("entry_id", metavar="ID")
@click.option("--reason", required=True, help="Why it may be forgotten; recorded with your name.")
@json_option
@pass_session
def discard(session: Session, *, entry_id: str, reason: str, as_json: bool) -> None:
    """Decide that a message shall not be sent again; it stays readable."""
    if not reason.strip():
        raise click.UsageError("say why: --reason '…'")
    with session.app() as app:
        entry = _open(_get(app, entry_id))
        app.store.quarantine.discard(entry.id, reason=reason, who=who())
    _told({"discarded": 1}, f"{entry.id} is discarded: {reason.strip()}", as_json=as_json)


def _get(app: App, entry_id: str) -> Quarantined:
    entry = app.store.quarantine.get(entry_id)
    if entry is None:
        raise Stop(f"no failed message {entry_id!r}; `failed list` shows what there is")
    return entry


def _open(entry: Quarantined) -> Quarantined:
    if entry.state != "kept":
        by = f" by {entry.settled_by}" if entry.settled_by else ""
        raise Stop(f"{entry.id} was {entry.state}{by} at {short(entry.settled_at)} UTC already")
    return entry


def _again(app: App, entry: Quarantined) -> None:
    person = who()
    republish(
        app.broker,
        entry,
        lambda entry_id: app.store.quarantine.mark_retried(entry_id, who=person),
    )


def _told(counts: dict[str, int], line: str, *, as_json: bool) -> None:
    if as_json:
        print_json(counts)
    else:
        show(line)
