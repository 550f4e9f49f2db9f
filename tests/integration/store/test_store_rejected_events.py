"""Rejected events in the store: counted right although a delivery has no identity."""

from __future__ import annotations

from bson import ObjectId

from domain.rejected_events import RejectedEvent, rejected
from store.database import Store
from store.rejected_events import RejectedEvents


def nonsense(body: bytes = b"nonsense") -> RejectedEvent:
    return rejected("tracking.entered", body, "the message: Invalid JSON")


def deliver(
    rejections: RejectedEvents,
    tag: int,
    event: RejectedEvent | None = None,
    *,
    session: str = "s",
    again: bool = False,
) -> None:
    event = event or nonsense()
    rejections.keep_delivered(event, session=session, tag=tag, redelivered=again)


def test_a_rejection_is_kept_with_its_reason_and_body(store: Store) -> None:
    rejections = RejectedEvents(store.database)
    event = rejected("tracking.entered", b'{"account": "demo", "event_id": "e-1"}', "no order_id")
    deliver(rejections, 1, event)
    (kept,) = rejections.find()
    assert kept.rejected == event
    assert rejections.get(kept.id) == kept


def named(reason: str = "carrier: Field required") -> RejectedEvent:
    return rejected("tracking.entered", b'{"account": "demo", "event_id": "e-1"}', reason)


def test_an_event_that_names_itself_is_kept_once_even_when_its_ack_was_lost(store: Store) -> None:
    rejections = RejectedEvents(store.database)
    deliver(rejections, 1, named(), session="cut")
    rejections.acked("cut")  # RabbitMQ did not hear of it, and delivers again.
    deliver(rejections, 1, named(), session="next", again=True)
    assert rejections.count() == 1


def test_two_bridges_keep_an_event_that_names_itself_once(store: Store) -> None:
    rejections = RejectedEvents(store.database)
    deliver(rejections, 1, named(), session="one")
    deliver(rejections, 1, named(), session="other")
    deliver(rejections, 1, named(), session="other", again=True)
    assert rejections.count() == 1


def test_an_event_rejected_again_says_when_and_why_it_was_last(store: Store) -> None:
    rejections = RejectedEvents(store.database)
    deliver(rejections, 1, named("account: no such account is configured"))
    (first,) = rejections.find()
    deliver(rejections, 2, named())
    (last,) = rejections.find()
    assert (last.id, last.rejected) == (first.id, named())
    assert last.at >= first.at


def test_the_same_id_in_another_body_is_another_rejection(store: Store) -> None:
    rejections = RejectedEvents(store.database)
    deliver(rejections, 1, named())
    body = b'{"account": "demo", "event_id": "e-1", "carrier": ""}'
    deliver(rejections, 2, rejected("tracking.entered", body, "carrier: too short"))
    assert rejections.count() == 2


def test_what_a_bridge_of_an_earlier_version_held_is_not_kept_twice(store: Store) -> None:
    rejections = RejectedEvents(store.database)
    deliver(rejections, 1, named(), session="unmarked")
    collection = store.database["rejected_events"]
    held = collection.find_one_and_delete({})
    marks = {"_id": ObjectId(), "unacked_by": "killed", "tag": 1}
    collection.insert_one((held or {}) | marks)
    for _ in range(2):
        deliver(rejections, 1, named(), session="next", again=True)
    rejections.acked("next")
    assert rejections.count() == 1


def test_an_unknown_id_is_not_found(store: Store) -> None:
    rejections = RejectedEvents(store.database)
    assert rejections.get("65f000000000000000000000") is None
    assert rejections.get("no id") is None


def test_the_same_nonsense_sent_twice_is_two_rejections(store: Store) -> None:
    rejections = RejectedEvents(store.database)
    for tag in (1, 2):
        deliver(rejections, tag)
    assert rejections.count() == 2


def test_what_a_killed_bridge_had_kept_but_not_acked_is_not_kept_twice(store: Store) -> None:
    rejections = RejectedEvents(store.database)
    for tag in (1, 2):
        deliver(rejections, tag, session="killed")
    for tag in (1, 2, 3):  # The third one had not been kept yet when the bridge was killed.
        deliver(rejections, tag, session="next", again=True)
    assert rejections.count() == 3


def test_a_delivery_kept_again_by_its_own_session_is_one_rejection(store: Store) -> None:
    rejections = RejectedEvents(store.database)
    deliver(rejections, 1, session="killed")
    for again in (False, True):
        for _ in range(2):
            deliver(rejections, 7, again=again)
    assert rejections.count() == 2


def test_what_was_acked_is_not_taken_for_a_later_delivery(store: Store) -> None:
    rejections = RejectedEvents(store.database)
    deliver(rejections, 1)
    rejections.acked("s")
    deliver(rejections, 1, session="next", again=True)
    assert rejections.count() == 2


def test_a_rejection_with_an_identity_is_kept_once(store: Store) -> None:
    rejections = RejectedEvents(store.database)
    for _ in range(2):
        rejections.keep(nonsense(), key="demo/e-1/conflict")
    rejections.keep(nonsense(), key="demo/e-2/conflict")
    assert rejections.count() == 2


def test_the_newest_come_first(store: Store) -> None:
    rejections = RejectedEvents(store.database)
    for number in range(3):
        body = str(number).encode()
        deliver(rejections, number, nonsense(body))
        store.database["rejected_events"].update_one({"body": body}, {"$currentDate": {"at": True}})
    assert [kept.rejected.body for kept in rejections.find(limit=2)] == [b"2", b"1"]
