"""What the command ``dramatiq tests.fakes.worker_app:broker`` runs in tests.

Environment: TEST_BROKER_URL, TEST_BROKER (stock or ours), TEST_JOURNAL (a file each step is
appended to), TEST_GATE (a file that actors wait for, if set).
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import dramatiq
from dramatiq.middleware import Middleware

from actors.runtime.broker import HardenedRabbitmqBroker
from actors.runtime.watchdog import ThreadWatchdog
from tests.fakes.broker_cases import OURS, make


class Deadly(Middleware):
    """Kills the worker thread that processed a message of the actor ``die``, before its ack."""

    def before_ack(self, broker: Any, message: Any) -> None:
        if message.actor_name == "die":
            raise SystemExit


def note(line: str) -> None:
    with Path(os.environ["TEST_JOURNAL"]).open("a") as journal:
        journal.write(line + "\n")


broker = make(os.environ["TEST_BROKER"], os.environ["TEST_BROKER_URL"])
if os.environ["TEST_BROKER"] == OURS:
    assert isinstance(broker, HardenedRabbitmqBroker)
    broker.add_middleware(ThreadWatchdog(interval_s=0.1))
broker.add_middleware(Deadly())
dramatiq.set_broker(broker)


@dramatiq.actor(queue_name="first")
def first(n: int) -> None:
    note(f"begin {n}")
    gate = os.environ.get("TEST_GATE")
    while gate and not Path(gate).exists():
        time.sleep(0.01)
    time.sleep(0.02)  # Work that takes a while, so that a stop finds some of it undone.
    second.send(n)
    note(f"end {n}")


@dramatiq.actor(queue_name="second")
def second(n: int) -> None:
    note(f"second {n}")


@dramatiq.actor(queue_name="first")
def die() -> None:
    note("die")
