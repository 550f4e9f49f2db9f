from __future__ import annotations

import pytest
from dramatiq.errors import ConnectionClosed
from hypothesis import given
from hypothesis import strategies as st

from actors.runtime.retry_policy import (
    Decision,
    PutBack,
    Quarantine,
    Retry,
    attempts_spent,
    decide,
)
from domain.errors import (
    ConnectorError,
    Contended,
    Malformed,
    NotYet,
    Outage,
    Refused,
    Suspended,
    Throttled,
    Unavailable,
    UnknownAccount,
    Waiting,
)


@pytest.mark.parametrize(
    ("exc", "attempts", "draw", "decision"),
    [
        # Waiting spends no attempt, however often it happened, and never waits above ten minutes.
        (NotYet("in progress", retry_after_s=30), 0, 0.0, PutBack(30)),
        (NotYet("in progress", retry_after_s=30), 99, 0.5, PutBack(31.5)),
        (Throttled("createReport", retry_after_s=590), 0, 0.9, PutBack(600)),
        (Suspended("a", "revoked", retry_after_s=7200), 0, 0.0, PutBack(600)),
        (NotYet("at once", retry_after_s=0), 0, 0.0, PutBack(1)),
        (NotYet("in the past", retry_after_s=-5), 0, 0.0, PutBack(1)),
        # A failure that suspends its operation is waited for, however long the outage lasts.
        (Outage("503", retry_after_s=480), 11, 0.0, PutBack(480)),
        # Transient: 5 s doubled, twelve attempts in all.
        (Unavailable("503"), 0, 0.0, Retry(5)),
        (Unavailable("503"), 0, 0.5, Retry(7.5)),
        (Unavailable("503"), 3, 0.0, Retry(40)),
        (Contended("order"), 6, 0.0, Retry(320)),
        (Contended("order"), 6, 0.9, Retry(570)),
        (Contended("order"), 7, 0.0, Retry(300)),
        (Unavailable("503"), 10, 0.5, Retry(450)),
        (Unavailable("503"), 11, 0.0, Quarantine("transient")),
        (Unavailable("503"), 500, 0.0, Quarantine("transient")),
        (ConnectionClosed("publish failed"), 5, 0.0, Retry(160)),  # type: ignore[no-untyped-call]
        # Permanent: at once.
        (Refused("getReport", code="Forbidden", status=403), 0, 0.0, Quarantine("permanent")),
        (Malformed("not a ReportDue"), 0, 0.0, Quarantine("permanent")),
        (UnknownAccount("nobody"), 0, 0.0, Quarantine("permanent")),
        # Anything else is a defect: three attempts in all.
        (KeyError("x"), 0, 0.0, Retry(5)),
        (KeyError("x"), 1, 0.0, Retry(10)),
        (KeyError("x"), 2, 0.0, Quarantine("defect")),
        (ConnectorError("of no kind"), 2, 0.0, Quarantine("defect")),
        (SystemExit(1), 2, 0.0, Quarantine("defect")),
    ],
)
def test_the_decision_follows_the_error_tree(
    exc: BaseException, attempts: int, draw: float, decision: Decision
) -> None:
    assert decide(exc, attempts, draw) == decision


@given(
    attempts=st.integers(0, 10_000),
    draw=st.floats(0, 1, exclude_max=True),
    asked_s=st.floats(-1e9, 1e9),
)
def test_no_delay_is_above_ten_minutes_or_a_busy_loop(
    attempts: int, draw: float, asked_s: float
) -> None:
    for exc in (Waiting("x", retry_after_s=asked_s), Unavailable("x"), ValueError("x")):
        decided = decide(exc, attempts, draw)
        if not isinstance(decided, Quarantine):
            assert 1 <= decided.delay_s <= 600


def test_twelve_attempts_outlast_half_an_hour() -> None:
    delays = [decide(Unavailable("x"), n, 0.0) for n in range(11)]

    assert sum(d.delay_s for d in delays if isinstance(d, Retry)) > 1800


@pytest.mark.parametrize("foreign", [None, "3", -1, True, [], 2.5, float("nan")])
def test_attempts_that_are_no_number_count_as_none(foreign: object) -> None:
    assert attempts_spent({"attempts": foreign}) == 0
    assert attempts_spent({"attempts": 4}) == 4
    assert attempts_spent({}) == 0


@pytest.mark.parametrize("claimed", [10_001, 2**63 - 1, 10**30])
def test_nobody_has_more_attempts_than_a_document_can_hold(claimed: int) -> None:
    assert attempts_spent({"attempts": claimed}) == 10_000
