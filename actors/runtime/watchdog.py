"""Ends the process when one of its threads has died, so that a supervisor starts a whole one.

A Dramatiq process whose worker threads are dead stays up, holds its prefetched messages and
looks healthy from outside.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import dramatiq
import structlog
from dramatiq.middleware import Middleware

EXIT_CODE = 70
"""sysexits.h: an internal software error."""

log = structlog.get_logger(__name__)


class ThreadWatchdog(Middleware):
    """Looks every ``interval_s``; the threads still alive get ``grace_s`` to finish their work."""

    def __init__(
        self,
        *,
        interval_s: float = 5.0,
        grace_s: float = 60.0,
        stop: Callable[[], None] = lambda: os.kill(os.getpid(), signal.SIGTERM),
        abort: Callable[[], None] = lambda: os._exit(EXIT_CODE),
    ) -> None:
        self._interval_s, self._grace_s = interval_s, grace_s
        self._stop, self._abort = stop, abort
        self._leaving = threading.Event()
        self._left = threading.Event()
        self._failed = False

    def after_worker_boot(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:  # noqa: ARG002  the signature is Dramatiq's
        """Start watching."""
        self._leaving.clear()
        self._left.clear()
        threading.Thread(
            target=self._watch, args=(worker,), daemon=True, name="thread-watchdog"
        ).start()

    def before_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:  # noqa: ARG002
        """From here on threads end because they were told to."""
        self._leaving.set()

    def after_worker_shutdown(self, broker: dramatiq.Broker, worker: dramatiq.Worker) -> None:  # noqa: ARG002
        """Turn the orderly stop we asked for into a failure of the process.

        Raises:
            SystemExit: a thread had died.  Dramatiq lets it pass, and the process ends with it.
        """
        self._left.set()
        if self._failed:
            raise SystemExit(EXIT_CODE)

    def _watch(self, worker: Any) -> None:
        while not self._leaving.wait(self._interval_s):
            threads = [*worker.workers, *worker.consumers.values()]
            if dead := [each.name for each in threads if not each.is_alive()]:
                log.critical("threads_died", dead=len(dead), threads=len(threads))
                self._failed = True
                self._stop()
                if not self._left.wait(self._grace_s):
                    self._abort()
                return
