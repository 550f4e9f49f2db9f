"""Whose turn a pass is: the rules, without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.enrichment_pass import Busy, Covered, Run
from store.pass_turns import (
    PassState,
    finished,
    page_kept,
    put_off,
    renewed,
    search_restarted,
    taken,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
WANTED = PassState(wanted_at=NOON - MINUTE)


def begun(state: PassState = WANTED, holder: str = "m1", at: datetime = NOON) -> PassState:
    turn, after = taken(state, holder, at)
    assert isinstance(turn, Run)
    assert after is not None
    return after


def test_the_first_pass_ever_looks_back_three_days() -> None:
    turn, after = taken(WANTED, "m1", NOON)

    assert turn == Run(started_at=NOON, updated_after=NOON - 72 * HOUR, page_token=None)
    assert after is not None
    assert (after.holder, after.lease_until) == ("m1", NOON + timedelta(seconds=150))


def test_the_next_pass_overlaps_the_last_search_by_ten_minutes() -> None:
    turn, _ = taken(replace(WANTED, watermark=NOON - HOUR), "m1", NOON)

    assert turn == Run(NOON, NOON - HOUR - 10 * MINUTE, None)


def test_a_pass_that_started_at_the_wanted_time_or_later_covers_it() -> None:
    for covered_through in (NOON - MINUTE, NOON):
        turn, after = taken(replace(WANTED, covered_through=covered_through), "m1", NOON)
        assert (turn, after) == (Covered(), None)


def test_a_pass_that_started_a_moment_too_early_does_not_cover() -> None:
    early = NOON - MINUTE - timedelta(milliseconds=1)

    turn, _ = taken(replace(WANTED, covered_through=early), "m1", NOON)

    assert isinstance(turn, Run)


def test_whoever_comes_while_another_one_runs_leaves_it_to_them() -> None:
    assert taken(begun(), "m2", NOON + MINUTE) == (Covered(), None)


def test_the_same_message_delivered_twice_waits_for_the_lease() -> None:
    turn, after = taken(begun(), "m1", NOON + MINUTE)

    assert (turn, after) == (Busy(90.0), None)


def test_a_pass_whose_worker_died_is_resumed_by_whoever_comes_first() -> None:
    state = page_kept(begun(), "page 2", None, NOON)

    turn, after = taken(state, "m2", NOON + timedelta(seconds=150))

    assert turn == Run(NOON, NOON - 72 * HOUR, "page 2")
    assert after is not None
    assert after.holder == "m2"


def test_an_unfinished_pass_is_resumed_even_if_nothing_new_is_wanted() -> None:
    state = replace(begun(), wanted_at=None)

    turn, _ = taken(state, "m2", NOON + HOUR)

    assert isinstance(turn, Run)


def test_every_page_renews_the_lease_and_moves_the_token() -> None:
    state = page_kept(begun(), "page 2", NOON - MINUTE, NOON + MINUTE)

    assert (state.page_token, state.searched) == ("page 2", False)
    assert state.lease_until == NOON + MINUTE + timedelta(seconds=150)


def test_the_last_page_ends_the_search_and_only_singles_are_left() -> None:
    state = page_kept(page_kept(begun(), "page 2", None, NOON), None, None, NOON)

    turn, _ = taken(state, "m1", NOON + HOUR)

    assert turn == Run(NOON, NOON - 72 * HOUR, None, searched=True)


def test_a_token_of_twenty_hours_is_not_tried_again() -> None:
    state = page_kept(begun(), "page 2", NOON - MINUTE, NOON)

    young, _ = taken(state, "m1", NOON + 19 * HOUR)
    old, after = taken(state, "m1", NOON + 20 * HOUR)

    assert young == Run(NOON, NOON - 72 * HOUR, "page 2")
    assert old == Run(NOON, NOON - 72 * HOUR, None)
    assert after is not None
    assert after.last_updated_before is None


def test_a_restarted_search_begins_where_the_pass_began() -> None:
    state = search_restarted(page_kept(begun(), "page 2", NOON, NOON))

    assert (state.page_token, state.searched, state.last_updated_before) == (None, False, None)
    assert state.updated_after == NOON - 72 * HOUR


def test_who_put_the_pass_off_gets_it_back_at_that_time_and_not_before() -> None:
    state = put_off(begun(), 600, NOON)

    assert taken(state, "m1", NOON + 9 * MINUTE) == (Busy(60.0), None)
    assert taken(state, "m2", NOON + 9 * MINUTE) == (Covered(), None)
    turn, after = taken(state, "m1", NOON + 10 * MINUTE)
    assert isinstance(turn, Run)
    assert after is not None
    assert after.back_at is None


def test_who_put_the_pass_off_and_never_came_back_loses_it() -> None:
    state = put_off(begun(), 600, NOON)

    assert taken(state, "m2", NOON + 12 * MINUTE)[0] == Covered()
    assert isinstance(taken(state, "m2", NOON + 12.5 * MINUTE)[0], Run)


def test_a_renewed_lease_forgets_that_the_pass_was_put_off() -> None:
    state = renewed(put_off(begun(), 600, NOON), NOON)

    assert (state.back_at, state.lease_until) == (None, NOON + timedelta(seconds=150))


def test_a_finished_pass_covers_its_start_and_moves_the_watermark_to_amazons_word() -> None:
    state = page_kept(begun(), "page 2", NOON - 2 * MINUTE, NOON)
    state = finished(page_kept(state, None, NOON + MINUTE, NOON + MINUTE))

    assert state.covered_through == NOON
    assert state.watermark == NOON - 2 * MINUTE
    assert (state.holder, state.lease_until, state.started_at) == (None, None, None)
    assert taken(state, "m1", NOON + HOUR) == (Covered(), None)


def test_without_amazons_word_the_watermark_is_the_start_of_the_pass() -> None:
    assert finished(page_kept(begun(), None, None, NOON)).watermark == NOON


def test_the_watermark_never_goes_back() -> None:
    state = replace(begun(), watermark=NOON + HOUR, last_updated_before=NOON)

    assert finished(state).watermark == NOON + HOUR


def test_a_wish_that_came_during_the_pass_makes_its_holder_run_another() -> None:
    state = finished(replace(begun(), wanted_at=NOON + MINUTE))

    turn, _ = taken(state, "m1", NOON + 2 * MINUTE)

    assert isinstance(turn, Run)
    assert turn.started_at == NOON + 2 * MINUTE
