"""Failed messages go back to their stages, and what came of it when others decide, too."""

from __future__ import annotations

from dataclasses import dataclass, field

from actors.app import App
from actors.runtime.replays import republish
from cli.output import short
from cli.revealing import who
from domain.errors import Malformed
from store.quarantine import KEPT
from store.quarantine_entries import Quarantined

ENOUGH = 500
"""Messages sent again in one go; the command says when there are more."""


@dataclass(frozen=True, slots=True)
class Note:
    """What a person should know of one message."""

    id: str
    reason: str


@dataclass(slots=True)
class Resent:
    """What sending a group again came to."""

    retried: int = 0
    not_sent: list[Note] = field(default_factory=list)
    disputed: list[Note] = field(default_factory=list)
    """Sent, while somebody else decided about it."""


def send_again(app: App, entry: Quarantined) -> str:
    """Give a message to its stage again; return what its record says otherwise, or nothing.

    Raises:
        Malformed: it cannot be sent.
        dramatiq.errors.ConnectionClosed: RabbitMQ does not take it; nothing has changed.
    """
    person = who()
    noted: list[bool] = []
    republish(
        app.broker,
        entry,
        lambda entry_id: noted.append(app.store.quarantine.mark_retried(entry_id, who=person)),
    )
    if noted == [True]:
        return ""
    now = app.store.quarantine.get(entry.id) or entry
    return f"it is in the queue of {entry.stage} again, but meanwhile it {decided_as(now)}"


def send_group_again(app: App, stage: str, error: str) -> Resent:
    """Give a group to its stage again, oldest first; what cannot be sent stops nothing.

    A message that has failed again meanwhile is not sent a second time.
    """
    came_to, staying = Resent(), 0
    sent: set[str] = set()
    while came_to.retried < ENOUGH:
        found = app.store.quarantine.find(
            stage=stage, error_class=error, limit=ENOUGH - came_to.retried, skip=staying
        )
        if not found:
            break
        staying += sum(not _leaves_its_group(app, each, came_to, sent) for each in found)
    return came_to


def _leaves_its_group(app: App, entry: Quarantined, came_to: Resent, sent: set[str]) -> bool:
    now = app.store.quarantine.get(entry.id) or entry
    if now.state != KEPT:
        came_to.not_sent.append(Note(entry.id, f"meanwhile it {decided_as(now)}"))
        return True
    message_id = str(entry.message.get("message_id"))
    if message_id in sent:
        return False
    try:
        said = send_again(app, entry)
    except Malformed as exc:
        came_to.not_sent.append(Note(entry.id, str(exc)))
        return False
    sent.add(message_id)
    came_to.retried += 1
    came_to.disputed += [Note(entry.id, said)] if said else []
    return True


def decided_as(entry: Quarantined) -> str:
    """Return what became of a message: ``was discarded by kim at … UTC: a test order``."""
    by = f" by {entry.settled_by}" if entry.settled_by else ""
    why = f": {entry.reason}" if entry.reason else ""
    return f"was {entry.state}{by} at {short(entry.settled_at)} UTC{why}"
