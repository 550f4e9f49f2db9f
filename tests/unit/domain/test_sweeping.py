from __future__ import annotations

from datetime import UTC, datetime, timedelta

from domain.sweeping import LONGEST, Watch, announced, interval, seen

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
QUARTER = timedelta(minutes=15)


def test_what_is_seen_for_the_first_time_is_not_overdue_before_its_age() -> None:
    watch = seen(None, "requested", NOON, QUARTER)
    assert watch == Watch("requested", since=NOON, next_at=NOON + QUARTER)
    assert not watch.is_overdue(NOON + QUARTER - timedelta(seconds=1))
    assert watch.is_overdue(NOON + QUARTER)


def test_standing_still_goes_on_counting() -> None:
    first = seen(None, "requested", NOON, QUARTER)
    assert seen(first, "requested", NOON + QUARTER, QUARTER) == first


def test_any_progress_starts_the_count_anew() -> None:
    later = NOON + timedelta(hours=5)
    stuck = announced(seen(None, "poll 1", NOON, QUARTER), NOON, QUARTER)
    assert seen(stuck, "poll 2", later, QUARTER) == Watch("poll 2", later, later + QUARTER)


def test_each_announcement_doubles_the_wait_up_to_a_day() -> None:
    assert [interval(QUARTER, times) for times in (1, 2, 3)] == [
        2 * QUARTER,
        4 * QUARTER,
        8 * QUARTER,
    ]
    assert interval(QUARTER, 7) == interval(QUARTER, 10**9) == LONGEST


def test_an_announcement_is_counted_and_the_standstill_remembered() -> None:
    watch = seen(None, "x", NOON, QUARTER)
    later = NOON + QUARTER
    after = announced(watch, later, QUARTER)
    assert after == Watch("x", since=NOON, next_at=later + 2 * QUARTER, times=1)
