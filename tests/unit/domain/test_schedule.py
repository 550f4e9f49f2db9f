from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.schedule import CADENCES, Job, JobKind, due_slot, jobs_for, offset_of, slot_of

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)

times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  zone is drawn
cadences = st.timedeltas(timedelta(seconds=1), timedelta(days=8))


def job(cadence: timedelta = HALF_HOUR, account: str = "demo") -> Job:
    return Job(JobKind.ORDER_REFRESH, cadence, account)


def test_a_slot_is_the_latest_start_that_is_not_after_now() -> None:
    assert slot_of(NOON + timedelta(minutes=29, seconds=59), HALF_HOUR) == NOON
    assert slot_of(NOON + HALF_HOUR, HALF_HOUR) == NOON + HALF_HOUR


def test_an_offset_shifts_the_starts() -> None:
    seven = timedelta(minutes=7)
    assert slot_of(NOON, HALF_HOUR, seven) == NOON - timedelta(minutes=23)
    assert slot_of(NOON + seven, HALF_HOUR, seven) == NOON + seven


def test_the_zone_of_now_does_not_matter() -> None:
    tokyo = NOON.astimezone(timezone(timedelta(hours=9)))
    assert slot_of(tokyo, HALF_HOUR) == slot_of(NOON, HALF_HOUR)


@pytest.mark.parametrize("cadence", [timedelta(), timedelta(seconds=-1)])
def test_a_cadence_that_is_no_time_is_refused(cadence: timedelta) -> None:
    with pytest.raises(ValueError, match="positive"):
        slot_of(NOON, cadence)


@given(times, cadences, cadences)
def test_every_moment_lies_in_exactly_one_slot(
    now: datetime, cadence: timedelta, offset: timedelta
) -> None:
    slot = slot_of(now, cadence, offset)
    assert slot <= now < slot + cadence
    assert slot_of(slot, cadence, offset) == slot
    assert slot_of(slot + cadence, cadence, offset) == slot + cadence


def test_a_job_that_never_ran_is_due_at_once() -> None:
    assert due_slot(None, NOON, job()) == job().slot(NOON)


def test_a_slot_is_due_once() -> None:
    slot = due_slot(None, NOON, job())
    assert due_slot(slot, NOON, job()) is None
    assert due_slot(slot, NOON + HALF_HOUR, job()) == job().slot(NOON) + HALF_HOUR


def test_missed_slots_coalesce_into_the_latest() -> None:
    last = job().slot(NOON)
    much_later = NOON + timedelta(hours=9)
    assert due_slot(last, much_later, job()) == job().slot(much_later)


def test_a_clock_that_once_jumped_ahead_does_not_silence_the_job() -> None:
    announced_in_the_future = job().slot(NOON + timedelta(days=400))
    assert due_slot(announced_in_the_future, NOON, job()) == job().slot(NOON)


def test_offsets_are_the_same_on_every_machine() -> None:
    assert offset_of("order_refresh/demo", HALF_HOUR) == timedelta(seconds=527)


def test_offsets_spread_the_accounts_over_the_cadence() -> None:
    tenths = {job(account=f"account-{n}").offset // (HALF_HOUR / 10) for n in range(60)}
    assert tenths == set(range(10))


@given(st.text(min_size=1), cadences)
def test_an_offset_is_shorter_than_the_cadence(key: str, cadence: timedelta) -> None:
    assert timedelta() <= offset_of(key, cadence) < max(cadence, timedelta(seconds=1))


def test_reports_are_one_job_per_account_and_marketplace() -> None:
    jobs = jobs_for([JobKind.ORDER_REPORT], {"demo": ("US", "CA"), "eu": ("DE",)})
    assert [each.key for each in jobs] == [
        "order_report/demo/US",
        "order_report/demo/CA",
        "order_report/eu/DE",
    ]


def test_other_jobs_are_one_per_account_and_the_house_keeping_is_one_for_all() -> None:
    jobs = jobs_for([JobKind.ORDER_REFRESH, JobKind.SWEEPERS], {"demo": ("US", "CA"), "eu": ()})
    assert [each.key for each in jobs] == ["order_refresh/demo", "order_refresh/eu", "sweepers"]


def test_settings_may_change_some_cadences_and_leave_the_others() -> None:
    changed = {JobKind.SWEEPERS: timedelta(minutes=1)}
    sweepers, privacy = jobs_for([JobKind.SWEEPERS, JobKind.PRIVACY], {}, changed)
    assert sweepers.cadence == timedelta(minutes=1)
    assert privacy.cadence == CADENCES[JobKind.PRIVACY] == timedelta(hours=24)
