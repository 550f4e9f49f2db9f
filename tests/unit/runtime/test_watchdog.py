from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import dramatiq
import pytest

from actors.runtime.memory_broker import MemoryBroker
from actors.runtime.watchdog import EXIT_CODE, ThreadWatchdog

WAIT_S = 5


def worker_of(*threads: threading.Thread) -> Any:
    return SimpleNamespace(workers=list(threads), consumers={})


def dead() -> threading.Thread:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    return thread


def test_a_dead_thread_stops_the_process_which_then_ends_with_an_error() -> None:
    stopped, aborted = threading.Event(), threading.Event()
    dog = ThreadWatchdog(interval_s=0.01, stop=stopped.set, abort=aborted.set)
    dog.after_worker_boot(MemoryBroker(), worker_of(threading.main_thread(), dead()))

    assert stopped.wait(WAIT_S)
    dog.before_worker_shutdown(MemoryBroker(), worker_of())
    with pytest.raises(SystemExit) as ended:
        dog.after_worker_shutdown(MemoryBroker(), worker_of())

    assert ended.value.code == EXIT_CODE == 70
    assert not aborted.is_set()


def test_a_process_that_does_not_stop_in_time_is_ended() -> None:
    aborted = threading.Event()
    dog = ThreadWatchdog(interval_s=0.01, grace_s=0.01, stop=lambda: None, abort=aborted.set)
    dog.after_worker_boot(MemoryBroker(), worker_of(dead()))

    assert aborted.wait(WAIT_S)


def test_threads_that_end_because_they_were_told_to_are_no_alarm() -> None:
    stopped = threading.Event()
    broker = MemoryBroker([ThreadWatchdog(interval_s=0.001, stop=stopped.set)])
    worker = dramatiq.Worker(broker, worker_timeout=10, worker_threads=4)
    worker.start()
    worker.stop()

    assert not stopped.is_set()


def test_a_consumer_thread_that_dies_is_found_too() -> None:
    stopped = threading.Event()
    dog = ThreadWatchdog(interval_s=0.01, stop=stopped.set, abort=lambda: None)
    worker = SimpleNamespace(workers=[threading.main_thread()], consumers={"q": dead()})
    dog.after_worker_boot(MemoryBroker(), worker)  # type: ignore[arg-type]

    assert stopped.wait(WAIT_S)
    dog._left.set()
