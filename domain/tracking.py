"""Tracking entries as they come in: what makes two of them the same.  Pure."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from enum import StrEnum

from domain.messages import TrackingEntered

_ABOUT_THE_FLOW = frozenset({"event_id", "flow_id", "cause_id", "flow_started_at"})
"""Not what the sender said: two deliveries of the same content may differ in it."""


class Entry(StrEnum):
    """The answers to recording an entry."""

    RECORDED = "recorded"
    """It is new."""
    KNOWN = "known"
    """The same event came before."""
    CONFLICTING = "conflicting"
    """Another content came with the same event id before; that one stands."""


def content_digest(entry: TrackingEntered) -> str:
    """Return a digest of what the sender said, in hex.

    Times count in milliseconds, as the store keeps them.  Fields that were not said are left out,
    so fields that later versions add do not change the digest of earlier entries.
    """
    said = entry.model_dump(exclude=set(_ABOUT_THE_FLOW), exclude_defaults=True)
    for name, value in said.items():
        if isinstance(value, datetime):
            said[name] = int(value.timestamp() * 1000)
    text = json.dumps(said, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
