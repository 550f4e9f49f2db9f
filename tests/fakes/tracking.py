"""Tracking entries as another system would send them, and as our stages hear of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from domain.events import TrackingEnteredV1
from domain.messages import TrackingEntered

LONG_AFTER = datetime(2099, 1, 1, tzinfo=UTC)
"""A ``now`` for which every entry of a test lies in the past."""


def tracking_json(event_id: str = "shop-1", **changes: Any) -> bytes:
    """Return the body of a ``tracking.entered`` event; a change to None leaves the field out."""
    body = {
        "event_id": event_id,
        "version": 1,
        "account": "demo",
        "order_id": "111-1234567-1234567",
        "carrier": "UPS",
        "tracking_number": "1Z999AA10123456784",
        "shipped_at": "2026-11-23T15:40:00-05:00",
        "items": [{"sku": "MAT-07", "quantity": 2}],
        "entered_at": "2026-11-23T20:41:07.123456Z",
    } | changes
    return json.dumps({name: value for name, value in body.items() if value is not None}).encode()


def tracking_entered(event_id: str = "shop-1", **changes: Any) -> TrackingEntered:
    """Return the fact our stages hear of."""
    return TrackingEnteredV1.read(tracking_json(event_id, **changes), now=LONG_AFTER).fact()
