"""What waits to be told to other systems.  Pure."""

from __future__ import annotations

from dataclasses import dataclass

from domain.orders import OutEvent


@dataclass(frozen=True, slots=True)
class Unsent:
    """A fact in the outbox of the document ``key`` of a collection."""

    collection: str
    key: str
    event: OutEvent
