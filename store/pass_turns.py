"""Whose turn an enrichment pass is, and what becomes of it.  Pure: state and time in, state out.

``store.passes`` writes the states under their revision; all times are the store's.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.enrichment_pass import Busy, Covered, Run, Turn
from domain.import_window import LOOKBACK

LEASE = timedelta(seconds=150)
"""Renewed with every page; outlives the time limits of a call to Amazon."""
OVERLAP = timedelta(minutes=10)
"""A new search begins this long before the last one's end: changes appear with a delay."""
FARTHEST = timedelta(days=30)
"""No search reaches back farther: older orders are read singly."""
TOKEN_LIVES = timedelta(hours=20)
"""A page token is good for 24 hours; an older one is not tried.
Source: Orders API 2026-01-01, searchOrders, pagination."""


@dataclass(frozen=True, slots=True)
class PassState:
    """The pass of one account.  ``started_at`` is set while a pass is under way."""

    revision: int = 0
    wanted_at: datetime | None = None
    """The latest time that a pass was wanted to have started after."""
    covered_through: datetime | None = None
    """When the last finished pass started."""
    watermark: datetime | None = None
    """Changes up to here are known."""
    holder: str | None = None
    lease_until: datetime | None = None
    back_at: datetime | None = None
    """When the holder, who put the pass off, will be back."""
    started_at: datetime | None = None
    updated_after: datetime | None = None
    page_token: str | None = None
    token_at: datetime | None = None
    searched: bool = False
    last_updated_before: datetime | None = None
    """Amazon's word on what the search covers; the first page's, which is the earliest."""


def taken(
    state: PassState,
    holder: str,
    now: datetime,
    lease: timedelta = LEASE,
    *,
    reach_back_to: datetime | None = None,
) -> tuple[Turn, PassState | None]:
    """Answer who asks for a pass; with a state to be written when it is theirs.

    A new pass reaches back to ``reach_back_to`` even when changes up to a later time are known.
    """
    if state.lease_until is not None and state.lease_until > now:
        if state.holder != holder:
            return Covered(), None  # The holder asks again when it is through, and runs another.
        if state.back_at is None or state.back_at > now:
            return Busy(((state.back_at or state.lease_until) - now).total_seconds()), None
    if state.started_at is None:
        if _is_covered(state):
            return Covered(), None
        state = _begun(state, now, reach_back_to)
    elif state.token_at is not None and state.token_at + TOKEN_LIVES <= now:
        state = search_restarted(state)
    state = replace(renewed(state, now, lease), holder=holder)
    return _run(state), state


def renewed(state: PassState, now: datetime, lease: timedelta = LEASE) -> PassState:
    """Return the pass held a while longer."""
    return replace(state, lease_until=now + lease, back_at=None)


def page_kept(
    state: PassState,
    next_token: str | None,
    last_updated_before: datetime | None,
    now: datetime,
    lease: timedelta = LEASE,
) -> PassState:
    """Return the pass after a page was stored; without a next one its search is through."""
    told = [at for at in (state.last_updated_before, last_updated_before) if at is not None]
    return replace(
        renewed(state, now, lease),
        page_token=next_token,
        token_at=now if next_token is not None else None,
        searched=next_token is None,
        last_updated_before=min(told, default=None),
    )


def search_restarted(state: PassState) -> PassState:
    """Return the pass with its search at the beginning again."""
    return replace(state, page_token=None, token_at=None, searched=False, last_updated_before=None)


def put_off(state: PassState, seconds: float, now: datetime, lease: timedelta = LEASE) -> PassState:
    """Return the pass kept for its holder, who will be back."""
    back_at = now + timedelta(seconds=seconds)
    return replace(state, back_at=back_at, lease_until=back_at + lease)


def finished(state: PassState) -> PassState:
    """Return the state after the pass: its start is covered, the watermark never goes back."""
    done = [at for at in (state.last_updated_before or state.started_at, state.watermark) if at]
    starts = [at for at in (state.started_at, state.covered_through) if at]
    return PassState(
        revision=state.revision,
        wanted_at=state.wanted_at,
        covered_through=max(starts, default=None),
        watermark=max(done, default=None),
    )


def _is_covered(state: PassState) -> bool:
    if state.wanted_at is None:
        return True
    return state.covered_through is not None and state.covered_through >= state.wanted_at


def _begun(state: PassState, now: datetime, reach_back_to: datetime | None) -> PassState:
    since = now - LOOKBACK if state.watermark is None else state.watermark - OVERLAP
    if reach_back_to is not None:
        since = max(min(since, reach_back_to - OVERLAP), now - FARTHEST)
    return replace(search_restarted(state), started_at=now, updated_after=since)


def _run(state: PassState) -> Run:
    assert state.started_at is not None  # noqa: S101  begun or under way
    assert state.updated_after is not None  # noqa: S101  set with started_at
    return Run(state.started_at, state.updated_after, state.page_token, state.searched)
