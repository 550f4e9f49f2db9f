from __future__ import annotations

import json

import pytest

from actors.fulfillment.record_tracking import record_tracking
from domain.errors import Unavailable
from domain.messages import ShipmentRecorded, TrackingEntered
from domain.shipments import shipment_id_of
from domain.tracking import content_digest
from tests.fakes.tracking import tracking_entered
from tests.fakes.tracking_ports import MemoryInbox, MemoryRejections


def run(
    entry: TrackingEntered, inbox: MemoryInbox, rejections: MemoryRejections
) -> list[ShipmentRecorded]:
    facts = record_tracking(entry, tracking_inbox=inbox, rejected_events=rejections)
    return [fact for fact in facts if isinstance(fact, ShipmentRecorded)]


def test_an_entry_is_recorded_and_a_second_run_changes_nothing_and_says_the_same() -> None:
    inbox, rejections = MemoryInbox(), MemoryRejections()
    first, second = (run(tracking_entered(), inbox, rejections) for _ in range(2))
    assert first == second
    (recorded,) = first
    assert recorded.order_id == "111-1234567-1234567"
    assert recorded.shipment_id == shipment_id_of(tracking_entered())
    assert inbox.recorded == {("demo", "shop-1")}
    assert rejections.kept == []


def test_other_content_under_a_used_event_id_is_rejected_once_and_the_first_stands() -> None:
    inbox, rejections = MemoryInbox(), MemoryRejections()
    run(tracking_entered(tracking_number="1Z1"), inbox, rejections)
    for _ in range(2):
        assert run(tracking_entered(tracking_number="1Z2"), inbox, rejections) == []
    (kept,) = rejections.kept
    assert kept.reason == ("event_id: was used before with other content; the first content stands")
    assert (kept.type, kept.account, json.loads(kept.body)["tracking_number"]) == (
        "tracking.entered",
        "demo",
        "1Z2",
    )
    assert [entry.tracking_number for entry in inbox.received.values()] == ["1Z1"]


def test_two_different_conflicts_are_two_rejections() -> None:
    inbox, rejections = MemoryInbox(), MemoryRejections()
    for number in ("1Z1", "1Z2", "1Z3"):
        run(tracking_entered(tracking_number=number), inbox, rejections)
    assert len(rejections.kept) == 2


def test_without_the_store_the_entry_is_not_lost_but_failed() -> None:
    with pytest.raises(Unavailable):
        run(tracking_entered(), MemoryInbox(is_away=True), MemoryRejections())


def test_the_digest_tells_contents_apart_but_not_deliveries() -> None:
    entry = tracking_entered()
    later = entry.model_copy(update={"event_id": "x", "flow_id": "y", "cause_id": "z"})
    assert content_digest(later) == content_digest(entry)
    assert content_digest(tracking_entered(ship_method="Air")) != content_digest(entry)


def test_the_digest_survives_the_storing_of_times_in_milliseconds() -> None:
    entry = tracking_entered(entered_at="2026-11-23T20:41:07.123456Z")
    stored = tracking_entered(entered_at="2026-11-23T20:41:07.123Z")
    assert content_digest(entry) == content_digest(stored)


def test_the_digest_of_an_entry_never_changes() -> None:
    """It is stored; a change would make every known entry conflict with itself."""
    assert content_digest(tracking_entered()).startswith("aaefc2c2d035b54e")
