"""A worker that is killed in the middle of its work: ``dramatiq tests.fakes.dying_app:setup``.

DIES_AT says where, and it is always the same place:

    write      right after the first write of a message's work to the store
    publish    all of it is written, nothing is published
    ack        all of it is published, the message is not acked
"""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import dramatiq
from dramatiq.middleware import Middleware
from pymongo import monitoring

from actors.app import build
from config.settings import load_settings

PLACES = ("write", "publish", "ack")
WRITES = frozenset({"insert", "update", "findAndModify", "delete"})
ASIDE = frozenset({"quotas"})
"""Collections that are written before the work begins."""


class Work(threading.local):
    """What this thread is doing."""

    under_way = False
    put_back = False


WORK = Work()


def die() -> None:
    """Kill -9 this worker with every process it has."""
    os.killpg(os.getpgrp(), signal.SIGKILL)


class DieAfterWrite(monitoring.CommandListener):
    """Dies when the store has said that it wrote."""

    def __init__(self) -> None:
        self._writes: set[int] = set()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        name = event.command_name
        if WORK.under_way and name in WRITES and event.command[name] not in ASIDE:
            self._writes.add(event.request_id)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        if event.request_id in self._writes:
            die()

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        self._writes.discard(event.request_id)


class Watch(Middleware):
    """Knows when a message is worked on, and dies instead of acking one that went well."""

    def __init__(self, *, dies: bool) -> None:
        self._dies = dies

    def before_process_message(self, broker: dramatiq.Broker, message: Any) -> None:
        WORK.under_way, WORK.put_back = True, False

    def after_process_message(
        self, broker: dramatiq.Broker, message: Any, *, result: Any = None, exception: Any = None
    ) -> None:
        WORK.under_way = False
        if self._dies and exception is None and not WORK.put_back:
            die()


def setup() -> None:
    place = os.environ["DIES_AT"]
    if place == "write":
        monitoring.register(DieAfterWrite())
    broker = build(load_settings()).broker
    broker.add_middleware(Watch(dies=place == "ack"))
    enqueue = broker.enqueue

    def enqueue_or_die(message: Any, *, delay: int | None = None) -> Any:
        # A message that has to wait, or failed, is put back under the name of its attempts.
        WORK.put_back = WORK.put_back or "attempts" in message.options
        if WORK.under_way and not WORK.put_back and place == "publish":
            die()
        return enqueue(message, delay=delay)

    broker.enqueue = enqueue_or_die  # type: ignore[method-assign]
    dramatiq.set_broker(broker)
