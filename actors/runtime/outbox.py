"""The outbox: what was decided is told to other systems.  A process of its own.

    document's outbox  --JSON, confirmed-->  ecommerce.amazon.events  -->  cleared

Killed between the publishing and the clearing, it says the fact again, with the same event id.
Run one; a second one is harmless but tells everything twice.  The sweeper tells what no outbox
told in time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from threading import Event as Flag
from typing import Protocol

import structlog
from pydantic_core import to_json

from domain.errors import Transient
from domain.orders import OutEvent
from domain.outbox import Unsent

log = structlog.get_logger(__name__)

DOCUMENTS_AT_ONCE = 200
LOOK_S = 1.0
AFTER_OUTAGE_S = 5.0

Tell = Callable[[str, str, bytes], None]
"""Publishes type, event id and body, confirmed (``exchange.Exchange``); raises Unavailable."""


class Outbox(Protocol):
    """Facts that wait in their documents (store)."""

    def unsent(self, *, limit: int, older_than: timedelta = timedelta()) -> list[Unsent]:
        """Return what waits, longest first."""
        ...

    def clear(self, sent: Unsent) -> None:
        """The fact is published."""
        ...


@dataclass(frozen=True, slots=True)
class OutboxPorts:
    """What the outbox needs."""

    outbox: Outbox
    tell: Tell


def public_json(event: OutEvent) -> bytes:
    """Return the event as other systems get it (``domain.events``)."""
    return to_json(
        {
            "event_id": event.event_id,
            "type": event.type,
            "occurred_at": event.at,
            **event.body,
        }
    )


def send(
    ports: OutboxPorts, *, limit: int = DOCUMENTS_AT_ONCE, older_than: timedelta = timedelta()
) -> int:
    """Tell what waits since then, of at most ``limit`` documents; return how many facts.

    Raises:
        Unavailable: the store or the broker is away; the rest waits.
    """
    waiting = ports.outbox.unsent(limit=limit, older_than=older_than)
    for each in waiting:
        ports.tell(each.event.type, each.event.event_id, public_json(each.event))
        ports.outbox.clear(each)
    return len(waiting)


def main_loop(ports: OutboxPorts, stop: Flag) -> None:
    """Tell what is decided until ``stop`` is set; what is being told is finished first."""
    log.info("outbox_started")
    while not stop.is_set():
        try:
            sent = send(ports)
        except Transient as outage:
            log.warning("outbox_waits", reason=type(outage).__name__)
            stop.wait(AFTER_OUTAGE_S)
        else:
            stop.wait(0 if sent else LOOK_S)
    log.info("outbox_stopped")
