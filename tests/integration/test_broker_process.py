"""The ``dramatiq`` command with our broker: stopping, and ending when a thread has died."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import dramatiq
import pytest

from actors.runtime.watchdog import EXIT_CODE
from tests.fakes.broker_cases import OURS, STOCK, depth, eventually, make
from tests.fakes.rabbitmq_management import Vhost

pytestmark = pytest.mark.rabbitmq

REPO = Path(__file__).parents[2]


@pytest.fixture
def service(
    vhost: Vhost, tmp_path: Path
) -> Iterator[Callable[..., tuple[subprocess.Popen[bytes], Path]]]:
    """Start the dramatiq command with one worker process; returns it and its journal."""
    started: list[subprocess.Popen[bytes]] = []

    def start(kind: str, *, threads: int = 1, **extra: str) -> tuple[Any, Path]:
        journal = tmp_path / "journal"
        journal.touch()
        environment = os.environ | extra | {
            "TEST_BROKER": kind,
            "TEST_BROKER_URL": vhost.amqp_url,
            "TEST_JOURNAL": str(journal),
            "PYTHONPATH": str(REPO),
        }  # fmt: skip
        command = [sys.executable, "-m", "dramatiq", "tests.fakes.worker_app:broker"]
        with (tmp_path / "log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "-p", "1", "-t", str(threads)],
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        started.append(process)
        return process, journal

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_process_with_a_dead_thread_ends_itself_and_loses_nothing(
    vhost: Vhost, service: Any
) -> None:
    enqueue_for_the_service(OURS, vhost)
    process, _ = service(OURS)

    assert process.wait(timeout=60) == EXIT_CODE
    assert depth(vhost.amqp_url, "first") == 2


def test_stock_a_process_with_a_dead_thread_lives_on_and_does_nothing(
    vhost: Vhost, service: Any
) -> None:
    enqueue_for_the_service(STOCK, vhost)
    process, journal = service(STOCK)

    eventually(lambda: "die" in journal.read_text())
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=3)
    assert journal.read_text() == "die\n"


def enqueue_for_the_service(kind: str, vhost: Vhost) -> None:
    broker = make(kind, vhost.amqp_url)
    broker.enqueue(dramatiq.Message("first", "die", (), {}, {}))
    broker.enqueue(dramatiq.Message("first", "first", (1,), {}, {}))
    broker.close()


def test_sigterm_finishes_what_is_in_flight_and_leaves_the_rest_in_the_queue(
    vhost: Vhost, service: Any, tmp_path: Path
) -> None:
    broker = make(OURS, vhost.amqp_url)
    for n in range(400):
        broker.enqueue(dramatiq.Message("first", "first", (n,), {}, {}))
    broker.close()
    gate = tmp_path / "gate"
    process, journal = service(OURS, threads=4, TEST_GATE=str(gate))
    eventually(lambda: journal.read_text().count("begin") == 4)

    process.send_signal(signal.SIGTERM)
    gate.touch()
    assert process.wait(timeout=60) == 0

    lines = journal.read_text().splitlines()
    begun, ended = named("begin", lines), named("end", lines)
    assert begun == ended
    assert depth(vhost.amqp_url, "first") == 400 - len(ended) > 0

    again, _ = service(OURS, threads=4)
    eventually(lambda: len(named("second", journal.read_text().splitlines())) >= 400)
    again.send_signal(signal.SIGTERM)
    assert again.wait(timeout=60) == 0
    lines = journal.read_text().splitlines()
    # Every one exactly once: a stop in good order repeats nothing either.
    assert named("end", lines) == named("second", lines) == list(range(400))
    assert depth(vhost.amqp_url, "first.XQ") == 0


def named(step: str, lines: list[str]) -> list[int]:
    return sorted(int(line.split()[1]) for line in lines if line.startswith(step + " "))
