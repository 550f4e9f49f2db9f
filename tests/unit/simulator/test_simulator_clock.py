from datetime import UTC, datetime, timedelta

import pytest

from simulator.clock import Clock, iso, parse_iso

START = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


class Ticker:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_simulated_time_runs_at_its_speed() -> None:
    ticker = Ticker()
    clock = Clock(START, speed=60, ticker=ticker)

    ticker.seconds = 2.0

    assert clock.now() == START + timedelta(minutes=2)


def test_changing_the_speed_makes_no_jump() -> None:
    ticker = Ticker()
    clock = Clock(START, speed=10, ticker=ticker)
    ticker.seconds = 1.0

    clock.set_speed(1)

    assert clock.now() == START + timedelta(seconds=10)
    ticker.seconds = 2.0
    assert clock.now() == START + timedelta(seconds=11)


def test_a_frozen_clock_moves_only_when_advanced() -> None:
    ticker = Ticker()
    clock = Clock(START, speed=0, ticker=ticker)
    ticker.seconds = 1000.0
    assert clock.now() == START

    assert clock.advance(90) == START + timedelta(seconds=90)
    assert clock.now() == START + timedelta(seconds=90)


def test_times_are_written_with_milliseconds_and_read_back() -> None:
    moment = datetime(2026, 11, 23, 12, 0, 1, 234_000, tzinfo=UTC)

    assert iso(moment) == "2026-11-23T12:00:01.234Z"
    assert parse_iso(iso(moment)) == moment


def test_a_time_without_a_zone_is_read_as_utc() -> None:
    assert parse_iso("2026-11-23T12:00:00") == START
    assert parse_iso("2026-11-23T21:00:00+09:00") == START


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        parse_iso("yesterday")
