"""The gauges of tracking out tell where packages and feeds stand, and since when."""

from __future__ import annotations

from datetime import timedelta

import pytest

from store.database import Store
from tests.fakes.state_readings import put_book, put_feed, read
from tests.fakes.tracking import tracking_entered


def put_back(store: Store, event_id: str, **ages: timedelta) -> None:
    """Let things have happened to a tracking entry so long ago."""
    then = {name: store.now() - age for name, age in ages.items()}
    store.database["tracking_entries"].update_one({"_id": f"demo/{event_id}"}, {"$set": then})


def test_a_submitted_feed_is_pending_from_its_submission(store: Store) -> None:
    now = store.now()
    put_feed(store, "f1", state="submitted", open_lane="x", submitted_at=now - timedelta(hours=3))

    readings = read(store)

    assert readings["feeds demo fulfillment submitted"] == 1.0
    assert readings["feeds demo listings submitted"] == 0.0
    assert readings["oldest_pending_age_seconds feed demo"] == pytest.approx(10_800, abs=30)
    assert readings["last_feed_refused demo fulfillment"] == 0.0


def test_a_feed_is_pending_where_it_stands(store: Store) -> None:
    now = store.now()
    hours = [now - timedelta(hours=n) for n in range(5)]
    put_feed(store, "f1", state="prepared", open_lane="a", created_at=hours[1])
    put_feed(store, "f2", state="creating", open_lane="b", created_at=hours[2], held="ask a person")
    put_feed(store, "f3", state="prepared", open_lane="c", created_at=hours[2], dry=True)
    put_feed(store, "f4", state="submitted", open_lane="d", submitted_at=hours[3])
    put_feed(store, "f5", state="done", open_lane="e", owed="done", processed_at=hours[4])
    put_book(store, 1, unsent_feeds=["f4"])

    readings = read(store)

    found = {
        kind: round(readings[f"oldest_pending_age_seconds {kind} demo"] / 3600, 2)
        for kind in ("feed_unsent", "feed", "feed_unnoted", "feed_unapplied")
    }
    assert found == {"feed_unsent": 1.0, "feed": 3.0, "feed_unnoted": 3.0, "feed_unapplied": 4.0}
    assert readings["pending_items feed_unsent demo"] == 1.0


def test_a_submitted_feed_is_known_to_its_packages(store: Store) -> None:
    put_feed(store, "f1", state="submitted", open_lane="a", submitted_at=store.now())

    assert read(store)["pending_items feed_unnoted demo"] == 0.0


def test_a_refused_feed_counts_until_the_next_one_is_processed(store: Store) -> None:
    now = store.now()
    sent = {"state": "applied", "submitted_at": now - timedelta(minutes=9), "closed_at": now}
    put_feed(store, "f1", processed_at=now, processing_status="FATAL", held="twice", **sent)
    refused = read(store)
    put_feed(store, "f2", processed_at=now, processing_status="DONE", **sent)

    assert refused["last_feed_refused demo fulfillment"] == 1.0
    assert refused["last_feed_seconds demo fulfillment"] == pytest.approx(540)
    assert read(store)["last_feed_refused demo fulfillment"] == 0.0


def test_a_held_lane_waits_for_a_person(store: Store) -> None:
    put_feed(store, "f1", state="fatal", open_lane="x", held="the same content twice")

    assert read(store)["feeds_held demo fulfillment"] == 1.0


def test_tracking_is_unsent_until_a_feed_with_it_is_submitted(store: Store) -> None:
    now = store.now()
    hours = [now - timedelta(hours=n) for n in range(5)]
    put_book(store, 1, {"outbound": "due", "since": hours[1]})
    put_book(store, 2, {"outbound": "in_feed", "since": hours[2]})
    put_book(store, 3, {"outbound": "in_feed", "since": hours[4], "submitted_at": hours[3]})
    put_book(store, 4, {"outbound": "accepted", "since": hours[4]})

    readings = read(store)

    assert readings["pending_items tracking_unsent demo"] == 2.0
    assert readings["oldest_pending_age_seconds tracking_unsent demo"] == pytest.approx(7200, abs=9)
    assert readings["shipments demo in_feed"] == 2.0


def test_tracking_waits_for_its_order(store: Store) -> None:
    since = store.now() - timedelta(hours=7)
    put_book(store, 1, {"outbound": "waiting", "since": since}, waiting_since=since)

    readings = read(store)

    assert readings["oldest_pending_age_seconds tracking_waiting demo"] == pytest.approx(
        25_200, abs=9
    )
    assert readings["shipments demo waiting"] == 1.0


def test_a_tracking_entry_is_pending_where_it_stands(store: Store) -> None:
    inbox = store.tracking_inbox
    inbox.receive([tracking_entered(event_id) for event_id in ("a", "b", "c")])
    for event_id in ("b", "c"):
        inbox.record(tracking_entered(event_id))
    inbox.taken_in([tracking_entered("c")])
    put_back(store, "a", received_at=timedelta(hours=1))
    put_back(store, "b", received_at=timedelta(hours=3), recorded_at=timedelta(hours=2))

    readings = read(store)

    assert readings["pending_items tracking_unrecorded demo"] == 1.0
    assert readings["oldest_pending_age_seconds tracking_unrecorded demo"] == pytest.approx(
        3600, abs=9
    )
    assert readings["pending_items tracking_untaken demo"] == 1.0
    assert readings["oldest_pending_age_seconds tracking_untaken demo"] == pytest.approx(
        7200, abs=9
    )


def test_refused_packages_are_counted_by_amazons_code_as_long_as_it_looks_like_one(
    store: Store,
) -> None:
    put_book(store, 1, {"outbound": "refused"}, refused_codes=["13013"])
    put_book(store, 2, {"outbound": "refused"}, refused_codes=["13013", "a text of Amazon's"])

    readings = read(store)

    assert readings["refused_shipments demo 13013"] == 2.0
    assert readings["refused_shipments demo other"] == 1.0


def test_the_codes_shown_are_few_and_none_is_lost(store: Store) -> None:
    for number in range(30):
        put_book(store, number, {"outbound": "refused"}, refused_codes=[str(1000 + number)])

    shown = {k: v for k, v in read(store).items() if k.startswith("refused_shipments")}

    assert len(shown) == 21
    assert sum(shown.values()) == 30.0
