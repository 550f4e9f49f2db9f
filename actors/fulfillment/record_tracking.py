"""Stage: take in a tracking entry of another system.

    TrackingEntered  ->  ShipmentRecorded

The first content of a sender's event id stands; another content under the same id is kept with
the rejected events, where people look for it, and nothing follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.ports import RejectedEvents, TrackingInbox
from actors.runtime.stage import stage
from domain.messages import ShipmentRecorded, TrackingEntered
from domain.rejected_events import CONFLICT, rejected
from domain.shipments import recorded_fact
from domain.tracking import Entry, content_digest


@stage(consumes=(TrackingEntered,), emits=(ShipmentRecorded,), owed="tracking_unrecorded")
def record_tracking(
    entered: TrackingEntered, *, tracking_inbox: TrackingInbox, rejected_events: RejectedEvents
) -> Iterator[ShipmentRecorded]:
    """Record the entry, or say why not.

    Raises:
        Unavailable: the store does not answer.
    """
    if tracking_inbox.record(entered) is Entry.CONFLICTING:
        body = entered.model_dump_json().encode()
        key = f"{entered.account}/{entered.source_event_id}/{content_digest(entered)}"
        rejected_events.keep(rejected("tracking.entered", body, CONFLICT), key=key)
        return
    yield recorded_fact(entered)
