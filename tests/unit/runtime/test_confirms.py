"""The time limit of a confirm is one publish's, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from actors.runtime.confirms import WORKER_LIMIT_S, LimitedChannel, Unconfirmed, confirmed_within
from actors.runtime.retry_policy import TRANSIENT_ATTEMPTS, Retry, decide
from domain.errors import Unavailable

TWO_HOURS_S = 7200.0
CONSUMER_TIMEOUT_S = 1800.0


class ConnectionBeneath:
    """What pika keeps below a BlockingConnection: timers, and the end of the stream."""

    def __init__(self) -> None:
        self.timers: dict[float, Callable[[], None]] = {}
        self.is_open = True
        self.ended_by: Exception | None = None

    def _adapter_call_later(self, delay_s: float, act: Callable[[], None]) -> float:
        self.timers[delay_s] = act
        return delay_s

    def _adapter_remove_timeout(self, timer: float) -> None:
        assert self.is_open, "a closed connection has no timers"
        del self.timers[timer]

    def _terminate_stream(self, error: Exception) -> None:
        self.is_open, self.ended_by = False, error


class Channel:
    def __init__(self, publish: Callable[..., None] = lambda *_, **__: None) -> None:
        self.beneath = ConnectionBeneath()
        self.connection = SimpleNamespace(_impl=self.beneath)
        self.basic_publish = publish
        self.is_open = True


def test_what_is_confirmed_in_time_leaves_no_timer_behind() -> None:
    published: list[Any] = []
    channel: Any = Channel(lambda *args, **options: published.append((args, options)))

    LimitedChannel(channel, 20.0).basic_publish("", "queue", b"body", mandatory=True)

    assert published == [(("", "queue", b"body"), {"mandatory": True})]
    assert channel.beneath.timers == {}
    assert channel.beneath.is_open


def test_what_is_not_confirmed_in_time_ends_the_connection() -> None:
    channel: Any = Channel()
    with confirmed_within(channel, 20.0):
        channel.beneath.timers[20.0]()

    assert isinstance(channel.beneath.ended_by, Unconfirmed)
    assert str(channel.beneath.ended_by) == "no confirm within 20 s"


def test_a_publish_that_fails_leaves_no_timer_behind_either() -> None:
    def refused(*_: Any) -> None:
        raise ValueError

    channel: Any = Channel(refused)
    with pytest.raises(ValueError):  # noqa: PT011  whatever pika raises
        LimitedChannel(channel, 20.0).basic_publish("", "queue", b"body")
    assert channel.beneath.timers == {}


def test_everything_else_is_the_channels_own() -> None:
    channel: Any = Channel()
    assert LimitedChannel(channel, 20.0).is_open is True


def test_a_worker_waits_no_longer_than_rabbitmq_leaves_it_its_message() -> None:
    assert 3 * WORKER_LIMIT_S <= CONSUMER_TIMEOUT_S


def test_a_queue_that_confirms_nothing_for_two_hours_quarantines_no_message() -> None:
    waited_s = 0.0
    for attempt in range(TRANSIENT_ATTEMPTS - 1):
        fate = decide(Unavailable("no confirm"), attempt, draw=0.0)
        assert isinstance(fate, Retry)
        waited_s += WORKER_LIMIT_S + fate.delay_s
    assert waited_s + WORKER_LIMIT_S > TWO_HOURS_S
