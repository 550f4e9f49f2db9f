from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.import_window import ImportWindow, import_window, reaching

NOW = datetime(2026, 11, 23, 12, 0, 5, 678900, tzinfo=UTC)
END = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)


def test_the_first_report_covers_the_last_three_days_in_whole_seconds() -> None:
    assert import_window(NOW, None) == ImportWindow(END - timedelta(days=3), END, gap=False)


def test_a_recent_proof_does_not_shorten_the_three_days() -> None:
    window = import_window(NOW, NOW - timedelta(minutes=30))

    assert window == ImportWindow(END - timedelta(days=3), END, gap=False)


def test_after_an_outage_it_reaches_half_an_hour_behind_the_last_proof() -> None:
    window = import_window(NOW, END - timedelta(days=10))

    assert window.start == END - timedelta(days=10, minutes=30)
    assert not window.gap


@pytest.mark.parametrize(
    ("_case", "outage", "gap"),
    [
        ("just within", timedelta(days=29, hours=23, minutes=30), False),
        ("one second more", timedelta(days=29, hours=23, minutes=30, seconds=1), True),
        ("a year", timedelta(days=365), True),
    ],
)
def test_beyond_thirty_days_amazon_gives_nothing_and_a_gap_is_told(
    _case: str, outage: timedelta, *, gap: bool
) -> None:
    window = import_window(NOW, END - outage)

    assert (window.end - window.start, window.gap) == (timedelta(days=30), gap)


def test_a_proof_from_a_clock_ahead_of_ours_does_not_narrow_the_window() -> None:
    assert import_window(NOW, NOW + timedelta(days=1)).start == END - timedelta(days=3)


@pytest.mark.parametrize(("days", "reached"), [(None, 3), (1, 3), (3, 3), (4, 4), (30, 30)])
def test_a_person_may_let_it_reach_further_back_and_never_less(
    days: int | None, reached: int
) -> None:
    window = reaching(import_window(NOW, None), days)

    assert window == ImportWindow(END - timedelta(days=reached), END, gap=False)


def test_not_even_a_person_makes_it_longer_than_amazon_gives() -> None:
    window = reaching(import_window(NOW, None), 31)

    assert window.end - window.start == timedelta(days=30)


@given(st.one_of(st.none(), st.timedeltas(timedelta(days=-2), timedelta(days=400))))
def test_the_window_always_covers_the_lookback_and_never_more_than_amazon_allows(
    outage: timedelta | None,
) -> None:
    window = import_window(NOW, None if outage is None else NOW - outage, timedelta(days=5))

    assert timedelta(days=5) <= window.end - window.start <= timedelta(days=30)
    assert window.start.microsecond == window.end.microsecond == 0
