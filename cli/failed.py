"""``failed``: what no retry could save, in one place; retry it or discard it."""

from __future__ import annotations

import click

from actors.app import App
from cli.failed_again import ENOUGH, decided_as, send_again, send_group_again
from cli.failed_view import (
    STATES,
    decided_table,
    entry_row,
    entry_screen,
    group_table,
    note_lines,
    open_table,
)
from cli.failing import FAILED, Stop
from cli.inline import needs_workers
from cli.output import COUNT, json_option, print_json, show
from cli.retrying import given_reason
from cli.revealing import who
from cli.session import Session, pass_session
from store.quarantine import KEPT
from store.quarantine_entries import Quarantined

NEXT = (
    "failed show ID · failed retry ID · failed retry-group STAGE ERROR"
    " · failed discard ID --reason '…'"
)


@click.group
def failed() -> None:
    """Look at what failed for good; retry or discard it."""


@failed.command("list")
@click.option("--stage", help="Only of this stage.")
@click.option(
    "--state",
    type=click.Choice(list(STATES), case_sensitive=False),
    default="open",
    show_default=True,
    help="What waits for a decision, or what was decided: by whom, when and why.",
)
@click.option("--limit", type=COUNT, default=50, show_default=True)
@json_option
@pass_session
def list_failed(
    session: Session, *, stage: str | None, state: str, limit: int, as_json: bool
) -> None:
    """Show the groups (stage + error) and messages in them: the oldest, or the newest decisions."""
    stored = STATES[state]
    with session.app() as app:
        groups = [g for g in app.store.quarantine.groups(state=stored) if stage in (None, g.stage)]
        entries = app.store.quarantine.find(stage=stage, state=stored, limit=limit)
    if as_json:
        print_json({"groups": groups, "messages": [entry_row(each) for each in entries]})
    elif state == "open":
        title = "What failed for good, by stage and error"
        found = (group_table(title, groups), "", open_table(entries), "", NEXT)
        show(*(found if groups else ("Nothing has failed for good.",)))
    else:
        title = f"What was {state}, by stage and error"
        found = (group_table(title, groups), "", decided_table(entries), "", "failed show ID")
        show(*(found if groups else (f"Nothing is recorded as {state}.",)))


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
    else:
        show(*entry_screen(entry))


@failed.command("retry")
@click.argument("entry_id", metavar="ID")
@json_option
@pass_session
def retry(session: Session, *, entry_id: str, as_json: bool) -> None:
    """Give one message to its stage again."""
    with session.app() as app:
        needs_workers(app)
        entry = _open(_get(app, entry_id))
        said = send_again(app, entry)
    if said:
        raise Stop(f"{entry.id}: {said}")
    _told({"retried": 1}, f"{entry.id} is in the queue of {entry.stage} again", as_json=as_json)


@failed.command("retry-group")
@click.argument("stage")
@click.argument("error")
@json_option
@click.pass_context
@pass_session
def retry_group(
    session: Session, ctx: click.Context, *, stage: str, error: str, as_json: bool
) -> None:
    """Give all messages of a STAGE that failed with one ERROR to it again."""
    with session.app() as app:
        needs_workers(app)
        came_to = send_group_again(app, stage, error)
    noted = came_to.not_sent or came_to.disputed
    if not came_to.retried and not noted:
        raise Stop(f"nothing of {stage} failed with {error}; `failed list` shows the groups")
    if as_json:
        print_json(came_to)
    else:
        more = "; call it again for more" if came_to.retried == ENOUGH else ""
        show(
            f"{came_to.retried} messages are in the queue of {stage} again{more}",
            *note_lines("Not sent", came_to.not_sent),
            *note_lines("Sent, but decided otherwise", came_to.disputed),
        )
    if noted:
        ctx.exit(FAILED)


@failed.command("discard")
@click.argument("entry_id", metavar="ID")
@click.option("--reason", required=True, help="Why it may be forgotten; recorded with your name.")
@json_option
@pass_session
def discard(session: Session, *, entry_id: str, reason: str, as_json: bool) -> None:
    """Decide that a message shall not be sent again; it stays readable."""
    why = given_reason(reason)
    with session.app() as app:
        entry = _open(_get(app, entry_id))
        if not app.store.quarantine.discard(entry.id, reason=why, who=who()):
            now = _get(app, entry_id)
            raise Stop(f"{entry.id} is not discarded: meanwhile it {decided_as(now)}")
    _told({"discarded": 1}, f"{entry.id} is discarded: {why}", as_json=as_json)


def _get(app: App, entry_id: str) -> Quarantined:
    entry = app.store.quarantine.get(entry_id)
    if entry is None:
        raise Stop(f"no failed message {entry_id!r}; `failed list` shows what there is")
    return entry


def _open(entry: Quarantined) -> Quarantined:
    if entry.state != KEPT:
        raise Stop(f"{entry.id} {decided_as(entry)} already")
    return entry


def _told(counts: dict[str, int], line: str, *, as_json: bool) -> None:
    if as_json:
        print_json(counts)
    else:
        show(line)
