"""How long RabbitMQ may take to confirm a message.

A quorum queue without a leader takes a message and says nothing: its majority is away, or its node
died in the moment it was declared (seen with 3.10.8; such a queue gets none by itself).  Pika waits
for the confirm as long as the connection lives.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pika.adapters.blocking_connection import BlockingChannel

CONFIRM_LIMIT_S = 20.0
"""For whoever does several things in turn: the trouble of one queue must not be the end of all.
Far more than the election of a leader takes."""
WORKER_LIMIT_S = 600.0
"""A worker's thread has nothing else to do than the message it holds.  Three such waits are still
no longer than RabbitMQ leaves it that message (consumer_timeout), and twelve attempts outlast an
outage of two hours."""


class Unconfirmed(TimeoutError):
    """RabbitMQ may or may not have the message.

    Not one of pika's errors, upon which Dramatiq publishes again at once, six times.
    """


@contextmanager
def confirmed_within(channel: BlockingChannel, limit_s: float) -> Iterator[None]:
    """Give the channel's connection up when what is published on it is not confirmed in time.

    Raises:
        Unconfirmed: it was not; the connection is closed.
    """
    # Timers of a BlockingConnection do not run while it waits for a confirm; those of the
    # connection beneath do, as pika's own limit for blocked connections shows.
    connection = channel.connection._impl  # noqa: SLF001  pika 1.4 has no public way
    late = Unconfirmed(f"no confirm within {limit_s:g} s")
    timer = connection._adapter_call_later(  # noqa: SLF001
        limit_s,
        lambda: connection._terminate_stream(late),  # noqa: SLF001
    )
    try:
        yield
    finally:
        # A closed connection has given up its timers.
        if connection.is_open:
            connection._adapter_remove_timeout(timer)  # noqa: SLF001


class LimitedChannel:
    """A channel whose publishes are confirmed in time, or fail."""

    def __init__(self, channel: BlockingChannel, limit_s: float) -> None:
        self._channel, self._limit_s = channel, limit_s

    def basic_publish(self, *args: Any, **options: Any) -> None:
        """Publish.

        Raises:
            Unconfirmed: RabbitMQ may or may not have the message.
        """
        with confirmed_within(self._channel, self._limit_s):
            self._channel.basic_publish(*args, **options)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the channel's."""
        return getattr(self._channel, name)
