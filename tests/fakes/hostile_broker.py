"""A broker that does everything RabbitMQ is allowed to do, on a schedule drawn from a seed.

Every message is delivered twice, in any order; every n-th publish fails; the process may be
killed at any publish.  Nothing is ever thrown away, as RabbitMQ promises.
"""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import dramatiq
from dramatiq.brokers.stub import StubBroker
from dramatiq.errors import ConnectionClosed
from dramatiq.middleware import CurrentMessage

from tests.fakes.clock import FakeClock


class Killed(BaseException):
    """The worker was killed (-9) at this very line."""


class HostileBroker(StubBroker):
    def __init__(
        self,
        clock: FakeClock,
        *,
        seed: int = 0,
        copies: int = 2,
        fail_every: int = 0,
        kill_at: int = 0,
    ) -> None:
        super().__init__(middleware=[CurrentMessage()])
        self._clock, self._random = clock, random.Random(seed)
        self._copies, self._fail_every, self._kill_at = copies, fail_every, kill_at
        self._waiting: list[tuple[Any, dramatiq.Message[Any]]] = []
        self.published = 0
        self.processed = 0

    def enqueue(self, message: Any, *, delay: int | None = None) -> Any:
        self.published += 1
        if self.published == self._kill_at:
            raise Killed
        if self._fail_every and self.published % self._fail_every == 0:
            raise ConnectionClosed(ConnectionError("gone"))  # type: ignore[no-untyped-call]
        due = self._clock.now() + timedelta(milliseconds=delay or 0)
        self._waiting += [(due, message)] * self._copies
        return message

    def deliver_from_outside(self, message: dramatiq.Message[Any]) -> None:
        """Put a message in without any of the hostility to its publisher."""
        self._waiting += [(self._clock.now(), message)] * self._copies

    def run(self, *, at_most: int = 20_000) -> None:
        """Deliver until nothing is left; the clock jumps when everything is delayed."""
        while self._waiting:
            assert self.processed < at_most, "the flow does not come to rest"
            self._deliver(self._take())

    def step(self) -> None:
        """Deliver one message; the clock jumps when everything is delayed."""
        self._deliver(self._take())

    def _take(self) -> tuple[Any, dramatiq.Message[Any]]:
        now = self._clock.now()
        ready = [i for i, (due, _) in enumerate(self._waiting) if due <= now]
        if not ready:
            earliest = min(due for due, _ in self._waiting)
            self._clock.pause((earliest - now).total_seconds())
            return self._take()
        return self._waiting.pop(self._random.choice(ready))

    def _deliver(self, delivery: tuple[Any, dramatiq.Message[Any]]) -> None:
        _, message = delivery
        self.processed += 1
        current = CurrentMessage()
        current.before_process_message(self, message)  # type: ignore[no-untyped-call]
        try:
            self.get_actor(message.actor_name).fn(*message.args)
        except (Exception, Killed):  # noqa: BLE001  whatever a worker dies of
            # What is not acked comes back.
            self._waiting.append(delivery)
        finally:
            current.after_process_message(self, message)  # type: ignore[no-untyped-call]
