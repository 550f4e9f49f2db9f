"""Tracking entries in the store: once each, conflicts told, the lost ones found again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from domain.tracking import Entry
from store.database import Store
from store.tracking_inbox import UNRECORDED_AFTER, UNTAKEN_AFTER, TrackingInbox
from tests.fakes.tracking import tracking_entered


def let_pass(store: Store, time: timedelta) -> None:
    """Let the entries age."""
    entries = store.database["tracking_entries"]
    for owed_by in ("announce_at", "take_by"):
        for raw in entries.find({owed_by: {"$exists": True}}):
            entries.update_one({"_id": raw["_id"]}, {"$set": {owed_by: raw[owed_by] - time}})


def test_an_entry_is_recorded_once(store: Store) -> None:
    inbox = TrackingInbox(store.database)
    assert inbox.record(tracking_entered()) is Entry.RECORDED
    assert inbox.record(tracking_entered()) is Entry.KNOWN
    assert store.database["tracking_entries"].count_documents({}) == 1


def test_the_same_event_id_with_other_content_conflicts_and_changes_nothing(store: Store) -> None:
    inbox = TrackingInbox(store.database)
    inbox.record(tracking_entered(tracking_number="1Z1"))
    assert inbox.record(tracking_entered(tracking_number="1Z2")) is Entry.CONFLICTING
    (kept,) = store.database["tracking_entries"].find()
    assert kept["tracking_number"] == "1Z1"


def test_another_account_may_use_the_same_event_id(store: Store) -> None:
    inbox = TrackingInbox(store.database)
    inbox.record(tracking_entered(account="one"))
    assert inbox.record(tracking_entered(account="two", tracking_number="1Z2")) is Entry.RECORDED


def test_what_was_received_is_recorded_once_by_whoever_comes_first(store: Store) -> None:
    inbox = TrackingInbox(store.database)
    assert inbox.receive([tracking_entered()]) == set()
    with ThreadPoolExecutor(4) as workers:
        answers = list(workers.map(inbox.record, [tracking_entered()] * 8))
    assert sorted(answers) == [Entry.KNOWN] * 7 + [Entry.RECORDED]


def test_receiving_again_is_harmless_before_and_after_the_recording(store: Store) -> None:
    inbox = TrackingInbox(store.database)
    entries = [tracking_entered(f"shop-{n}") for n in range(3)]
    assert inbox.receive(entries) == set()
    assert inbox.receive(entries) == set()
    inbox.record(entries[0])
    assert inbox.receive(entries) == set()
    assert inbox.record(entries[0]) is Entry.KNOWN
    assert store.database["tracking_entries"].count_documents({}) == 3


def test_receiving_tells_which_entries_conflict(store: Store) -> None:
    inbox = TrackingInbox(store.database)
    inbox.record(tracking_entered("a"))
    inbox.receive([tracking_entered("b")])
    assert inbox.receive(
        [
            tracking_entered("a", carrier="DHL"),
            tracking_entered("b", carrier="DHL"),
            tracking_entered("c"),
            tracking_entered("c", carrier="DHL"),
        ]
    ) == {0, 1, 3}
    assert inbox.receive([]) == set()


def test_an_entry_that_is_not_recorded_in_time_is_found_to_be_announced_again(store: Store) -> None:
    inbox = TrackingInbox(store.database)
    inbox.receive([tracking_entered("a"), tracking_entered("b")])
    inbox.record(tracking_entered("b"))
    assert inbox.unrecorded(limit=10) == []
    let_pass(store, UNRECORDED_AFTER)
    ((found, times),) = inbox.unrecorded(limit=10)
    assert times == 0
    assert found.event_id == tracking_entered("a").event_id
    assert inbox.record(found) is Entry.RECORDED
    assert inbox.unrecorded(limit=10) == []


def test_an_announced_entry_is_not_found_again_before_its_time(store: Store) -> None:
    inbox = TrackingInbox(store.database)
    inbox.receive([tracking_entered()])
    let_pass(store, UNRECORDED_AFTER)
    ((found, times),) = inbox.unrecorded(limit=10)
    inbox.announced(found, times=times, again_at=store.now() + timedelta(hours=1))
    assert inbox.unrecorded(limit=10) == []
    let_pass(store, timedelta(hours=1))
    assert [times for _, times in inbox.unrecorded(limit=10)] == [1]


def test_at_most_so_many_overdue_entries_are_returned_oldest_first(store: Store) -> None:
    inbox = TrackingInbox(store.database)
    for event_id in ("a", "b", "c"):
        inbox.receive([tracking_entered(event_id)])
    let_pass(store, UNRECORDED_AFTER + timedelta(hours=1))
    assert [entry.source_event_id for entry, _ in inbox.unrecorded(limit=2)] == ["a", "b"]


def test_a_recorded_entry_that_no_book_takes_in_in_time_is_found_to_be_announced_again(
    store: Store,
) -> None:
    inbox = TrackingInbox(store.database)
    inbox.receive([tracking_entered("a")])
    for event_id in ("a", "b", "c"):
        inbox.record(tracking_entered(event_id))
    inbox.taken_in([tracking_entered("c")])
    assert inbox.untaken(limit=10) == []
    let_pass(store, UNTAKEN_AFTER)
    assert inbox.unrecorded(limit=10) == []
    assert [(found.source_event_id, times) for found, times in inbox.untaken(limit=10)] == [
        ("a", 0),
        ("b", 0),
    ]
    inbox.taken_in([tracking_entered(event_id) for event_id in ("a", "b", "c")])
    assert inbox.untaken(limit=10) == []


def test_how_often_an_entry_was_announced_counts_anew_once_it_is_recorded(store: Store) -> None:
    inbox = TrackingInbox(store.database)
    entry = tracking_entered()
    inbox.receive([entry])
    inbox.announced(entry, times=0, again_at=store.now())
    inbox.record(entry)
    let_pass(store, UNTAKEN_AFTER)
    assert [times for _, times in inbox.untaken(limit=10)] == [0]
    inbox.announced(entry, times=0, again_at=store.now() + timedelta(hours=1))
    assert inbox.untaken(limit=10) == []
    let_pass(store, timedelta(hours=1))
    assert [times for _, times in inbox.untaken(limit=10)] == [1]


def test_a_book_may_have_an_entry_before_it_is_recorded(store: Store) -> None:
    inbox = TrackingInbox(store.database)
    entry = tracking_entered()
    inbox.receive([entry])
    inbox.taken_in([entry])
    let_pass(store, UNRECORDED_AFTER)
    assert [found.source_event_id for found, _ in inbox.unrecorded(limit=10)] == ["shop-1"]
    assert inbox.record(entry) is Entry.RECORDED
    let_pass(store, UNTAKEN_AFTER)
    assert (inbox.unrecorded(limit=10), inbox.untaken(limit=10)) == ([], [])


def test_an_entry_that_was_taken_in_meanwhile_is_not_announced_any_more(store: Store) -> None:
    inbox = TrackingInbox(store.database)
    entry = tracking_entered()
    inbox.record(entry)
    inbox.taken_in([entry])
    inbox.announced(entry, times=0, again_at=store.now())
    assert inbox.untaken(limit=10) == []


def test_the_sweeper_of_an_older_version_finds_no_recorded_entry(store: Store) -> None:
    inbox = TrackingInbox(store.database)
    inbox.receive([tracking_entered("a")])
    inbox.record(tracking_entered("a"))
    inbox.record(tracking_entered("b"))
    inbox.announced(tracking_entered("b"), times=0, again_at=store.now())
    entries = store.database["tracking_entries"]
    assert entries.count_documents({"take_by": {"$exists": True}}) == 2
    assert entries.count_documents({"announce_at": {"$exists": True}}) == 0


def test_what_an_older_version_recorded_counts_as_taken_in(store: Store) -> None:
    inbox = TrackingInbox(store.database)
    entry = tracking_entered()
    inbox.record(entry)
    store.database["tracking_entries"].update_many({}, {"$unset": {"take_by": True}})
    before = store.database["tracking_entries"].find_one()
    inbox.taken_in([entry])
    assert inbox.untaken(limit=10) == []
    assert store.database["tracking_entries"].find_one() == before
