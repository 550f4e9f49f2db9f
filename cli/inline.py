"""Running the flow inside this process, where the broker is in memory and nobody else hears it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import dramatiq
from dramatiq.worker import Worker

from actors.runtime.memory_broker import MemoryBroker
from cli.failing import Stop
from cli.output import waiting

if TYPE_CHECKING:
    from actors.app import App

THREADS = 4
LOOK_S = 0.1
PATIENCE_S = 600.0
"""How long a command stays when it has to do the work itself."""


def is_in_memory(broker: dramatiq.Broker) -> bool:
    """Whether what is queued ends with this process."""
    return isinstance(broker, MemoryBroker)


def needs_workers(app: App) -> None:
    """Refuse what only makes sense when workers of other processes hear it.

    Raises:
        Stop: the broker is in memory.
    """
    if is_in_memory(app.broker):
        raise Stop(
            "the broker is in memory, so no worker would hear it:"
            " set BROKER_URL to the RabbitMQ your workers use"
        )


@contextmanager
def workers(broker: dramatiq.Broker, threads: int = THREADS) -> Iterator[Worker]:
    """Work off the queues in threads of this process for the time of a ``with`` block."""
    worker = Worker(broker, worker_timeout=100, worker_threads=threads)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(timeout=30_000)


def is_quiet(broker: MemoryBroker) -> bool:
    """Whether nothing is queued, delayed or being worked on.

    A stage publishes what follows before its own message is done, so a flow under way is never
    quiet in between.
    """
    return all(queue.unfinished_tasks == 0 for queue in list(broker.queues.values()))


def until_quiet(broker: dramatiq.Broker, patience_s: float) -> bool:
    """Wait until all work is done; return False when it is not in time."""
    assert isinstance(broker, MemoryBroker)  # noqa: S101  only there the queues can be looked into
    deadline = time.monotonic() + patience_s
    while not is_quiet(broker):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_S)
    return True


@contextmanager
def in_this_process(broker: dramatiq.Broker, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """See what is announced within a ``with`` block through to its end, if nobody else would.

    With a broker that other processes share, this does nothing.

    Raises:
        Stop: it takes too long.
    """
    if not is_in_memory(broker):
        yield
        return
    with workers(broker), waiting("working it off here, the broker is in memory"):
        yield
        if not until_quiet(broker, patience_s):
            raise Stop(
                "it takes longer than ten minutes; the same again goes on where this stopped"
            )
