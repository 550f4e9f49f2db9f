from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from store.quarantine import Quarantine
from store.quarantine_entries import Decision
from tests.fakes.quarantine import START, an_empty_quarantine, keep, message


@pytest.fixture
def quarantine() -> Quarantine:
    return an_empty_quarantine()


def test_a_late_copy_does_not_reopen_what_was_decided(quarantine: Quarantine) -> None:
    keep(quarantine, message())
    quarantine.discard(quarantine.find()[0].id, reason="duplicate of another", who="ops")
    keep(quarantine, message())

    assert quarantine.find() == []


def at_ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


@pytest.mark.parametrize("decision", ["retried", "discarded"])
def test_a_message_announced_anew_after_the_decision_that_fails_again_is_seen_again(
    quarantine: Quarantine, decision: str
) -> None:
    keep(quarantine, message())
    (first,) = quarantine.find()
    if decision == "retried":
        quarantine.mark_retried(first.id, who="kim")
    else:
        quarantine.discard(first.id, reason="a test order", who="kim")
    anew = {**message(flow_id="f2"), "message_timestamp": at_ms(START + timedelta(hours=1))}

    keep(quarantine, anew, error=KeyError("x"), kind="defect", attempts=3, flow_id="f2")
    keep(quarantine, anew, error=KeyError("x"), kind="defect", attempts=3, flow_id="f2")

    (again,) = quarantine.find()
    assert (again.id, again.state, again.settled_at, again.settled_by) == (
        first.id, "kept", None, None,
    )  # fmt: skip
    assert (again.error_class, again.attempts, again.flow_id) == ("KeyError", 3, "f2")
    assert again.message["options"]["flow_id"] == "f2"
    assert again.kept_at == START + timedelta(seconds=2)
    assert again.decisions == (
        Decision(
            state=decision,
            settled_at=START + timedelta(seconds=1),
            settled_by="kim",
            reason="a test order" if decision == "discarded" else None,
        ),
    )


def test_every_decision_on_a_message_that_keeps_failing_stays_on_record(
    quarantine: Quarantine,
) -> None:
    for hour in (0, 1, 2):
        anew = {**message(), "message_timestamp": at_ms(START + timedelta(hours=hour))}
        keep(quarantine, anew)
        quarantine.discard(quarantine.find()[0].id, reason=f"hour {hour}", who="kim")

    assert quarantine.find() == []
    (entry,) = quarantine.find(state="discarded")
    assert entry.reason == "hour 2"
    assert [each.reason for each in entry.decisions] == ["hour 0", "hour 1"]


def test_a_copy_published_before_the_decision_is_covered_by_it(quarantine: Quarantine) -> None:
    keep(quarantine, {**message(), "message_timestamp": at_ms(START)})
    quarantine.mark_retried(quarantine.find()[0].id, who="kim")
    late = {**message(), "message_timestamp": at_ms(START + timedelta(milliseconds=999))}
    keep(quarantine, late)

    assert quarantine.find() == []
    (entry,) = quarantine.find(state="retried")
    assert entry.decisions == ()


@pytest.mark.parametrize("forged", [10**30, -(10**30)])
def test_a_message_may_claim_any_time_of_its_own(quarantine: Quarantine, forged: int) -> None:
    keep(quarantine, message())
    quarantine.discard(quarantine.find()[0].id, reason="forged", who="kim")
    keep(quarantine, {**message(), "message_timestamp": forged})

    assert len(quarantine.find()) == (1 if forged > 0 else 0)


def test_what_was_decided_is_found_newest_decision_first(quarantine: Quarantine) -> None:
    for name in ("m1", "m2", "m3"):
        keep(quarantine, message(name))
    for entry in quarantine.find():
        quarantine.discard(entry.id, reason=entry.message["message_id"], who="kim")

    newest_first = [each.reason for each in quarantine.find(state="discarded")]
    assert newest_first == ["m3", "m2", "m1"]
    assert [each.reason for each in quarantine.find(state="discarded", limit=1)] == ["m3"]
    assert [each.reason for each in quarantine.find(state="discarded", skip=2)] == ["m1"]


def test_an_entry_seen_again_shows_its_newest_message(
    quarantine: Quarantine,
) -> None:
    keep(quarantine, message(x="y" * 600_000))
    quarantine.discard(quarantine.find()[0].id, reason="too large", who="kim")
    keep(quarantine, {**message(), "message_timestamp": at_ms(START + timedelta(hours=1))})

    (entry,) = quarantine.find()
    assert "x" not in entry.message["options"]


def test_a_decision_is_recorded_with_who_when_and_why_and_nothing_is_deleted(
    quarantine: Quarantine,
) -> None:
    keep(quarantine, message("m1"))
    keep(quarantine, message("m2"))
    first, second = quarantine.find()

    assert quarantine.discard(first.id, reason=" test data ", who="kim")
    assert quarantine.mark_retried(second.id, who="lee")

    discarded, retried = quarantine.get(first.id), quarantine.get(second.id)
    assert discarded is not None
    assert retried is not None
    assert (discarded.state, discarded.settled_by, discarded.reason) == (
        "discarded",
        "kim",
        "test data",
    )
    assert discarded.settled_at == START + timedelta(seconds=2)
    assert (retried.state, retried.settled_by, retried.reason) == ("retried", "lee", None)
    assert quarantine.groups() == []


def test_only_the_first_decision_counts(quarantine: Quarantine) -> None:
    keep(quarantine, message())
    (entry,) = quarantine.find()
    quarantine.discard(entry.id, reason="test data", who="kim")

    assert not quarantine.mark_retried(entry.id, who="lee")
    assert not quarantine.discard("unknown", reason="x", who="lee")


@pytest.mark.parametrize("reason", ["", "  \n"])
def test_discarding_needs_a_reason(quarantine: Quarantine, reason: str) -> None:
    keep(quarantine, message())

    with pytest.raises(ValueError, match="reason"):
        quarantine.discard(quarantine.find()[0].id, reason=reason, who="kim")
