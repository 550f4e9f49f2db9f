"""Events of other systems that were not accepted: what is kept of one, and why.  Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

BODY_KEPT_BYTES = 65_536
ID_KEPT = 100
CONFLICT = "event_id: was used before with other content; the first content stands"


@dataclass(frozen=True, slots=True, repr=False)
class RejectedEvent:
    """An event as it came, and the reason it was not accepted.

    ``body`` is cut to 64 KiB, ``size_bytes`` is what it was.  ``account`` and ``event_id`` are
    what the body says, empty when it cannot be read.  The body may hold anything, so it is never
    logged or shown by accident.
    """

    type: str
    reason: str
    body: bytes
    size_bytes: int
    account: str
    event_id: str

    @property
    def names_itself(self) -> bool:
        """Whether its sender gave it an id: then the same body again is the same event."""
        return bool(self.event_id.strip())

    def __repr__(self) -> str:
        """Show the reason, not the body."""
        return f"RejectedEvent({self.type}: {self.reason})"


@dataclass(frozen=True, slots=True)
class KeptRejection:
    """A rejected event as the store keeps it."""

    id: str
    at: datetime
    rejected: RejectedEvent


def rejected(event_type: str, body: bytes, reason: str) -> RejectedEvent:
    """Return what is kept of a rejected event."""
    said = _readable(body)
    return RejectedEvent(
        type=event_type,
        reason=reason,
        body=body[:BODY_KEPT_BYTES],
        size_bytes=len(body),
        account=_text(said.get("account")),
        event_id=_text(said.get("event_id")),
    )


def _readable(body: bytes) -> Mapping[str, object]:
    if len(body) > BODY_KEPT_BYTES:
        return {}
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _text(value: object) -> str:
    return value[:ID_KEPT] if isinstance(value, str) and value.isprintable() else ""
