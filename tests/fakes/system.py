"""The whole system as separate processes: one worker process (or several) per stage.

with System(folder, broker_url=…, mongodb_url=…, database=…, amazon_url=…) as system:
    system.start_workers()
    system.publish(due)
    system.wait_until(lambda: …, "the report is complete")
"""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import dramatiq

from actors.app import App, build
from actors.flow import FLOW
from config.settings import load_settings
from domain.messages import Event

ROOT = Path(__file__).resolve().parents[2]
KEY = base64.b64encode(bytes(range(32))).decode()
STAGES = tuple(stage.name for stage in FLOW)
REFUSED_FOR_S = 60.0


@dataclass(frozen=True)
class Places:
    """Where the services are."""

    broker_url: str
    mongodb_url: str
    database: str
    amazon_url: str


class System:
    """Processes, and an ``App`` of this process on the same broker and store."""

    def __init__(
        self,
        folder: Path,
        places: Places,
        *,
        accounts: Iterable[str] = ("alpha",),
        extra: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.settings_env = {
            "BROKER_URL": places.broker_url,
            "MONGODB_URL": places.mongodb_url,
            "MONGODB_DATABASE": places.database,
            "AMAZON_ENDPOINT": places.amazon_url,
            "DATA_DIR": str(folder / "data"),
            "ENCRYPTION__KEYS__TEST": KEY,
            "METRICS_PORT": "0",
        }
        for name in accounts:
            self.settings_env |= _account(name)
        self.settings_env |= extra or {}
        self.processes: dict[str, list[subprocess.Popen[bytes]]] = {}
        self._app: App | None = None
        self.make_broker: Callable[[str], dramatiq.Broker] | None = None
        """Another broker class for this process, since all must declare the same queues."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def app(self) -> App:
        """The same parts in this process: to publish, and to look at the store."""
        if self._app is None:
            settings = load_settings(self.settings_env)
            broker = self.make_broker(settings.broker_url) if self.make_broker else None
            self._app = build(settings, broker=broker)
        return self._app

    def publish(self, event: Event) -> None:
        """Put a fact on the queues of its subscribers.

        A young queue on a busy machine may refuse at first; who publishes tries again.
        """
        deadline = time.monotonic() + REFUSED_FOR_S
        while True:
            try:
                return self.app.publish(event)
            except dramatiq.errors.BrokerConnectionError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.5)

    def start_workers(
        self, stages: Iterable[str] = STAGES, *, each: int = 1, threads: int = 2
    ) -> None:
        """Start ``each`` worker processes for every stage, as an operator would."""
        for stage in stages:
            for _ in range(each):
                self.start_worker(stage, threads=threads)

    def start_worker(
        self, stage: str, *, threads: int = 2, app: str = "actors.app:setup"
    ) -> subprocess.Popen[bytes]:
        """Start one worker process for a stage; ``app`` may be one with a flaw built in."""
        return self.start(
            stage,
            "-m", "dramatiq", app,
            "--processes", "1", "--threads", str(threads), "--queues", stage,
            "--worker-shutdown-timeout", "20000",
        )  # fmt: skip

    def start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        """Start ``python ARGUMENTS`` as a process of this system, its output in a file."""
        inherited = {k: v for k, v in os.environ.items() if k in {"PATH", "HOME", "LANG", "TMPDIR"}}
        env = inherited | self.settings_env
        return self.start_program(name, [sys.executable, *arguments], cwd=ROOT, env=env)

    def start_program(self, name: str, command: list[str], **how: Any) -> subprocess.Popen[bytes]:
        """Start any program as a process of this system; ``how`` is for ``subprocess.Popen``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f"{name}.log").open("ab") as output:
            process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True, **how
            )
        self.processes.setdefault(name, []).append(process)
        return process

    def kill(self, name: str, index: int = 0) -> None:
        """Kill -9 one process of that name with everything it started."""
        process = self.processes[name].pop(index)
        _signal(process, signal.SIGKILL)
        process.wait()

    def terminate(self, name: str, index: int = 0, *, timeout_s: float = 30) -> int:
        """Ask one process of that name to end, and return its exit code."""
        process = self.processes[name].pop(index)
        process.terminate()
        return process.wait(timeout_s)

    def stop(self) -> None:
        """End everything."""
        running = [process for group in self.processes.values() for process in group]
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                _signal(process, signal.SIGKILL)
                process.wait()
        self.processes.clear()
        if self._app is not None:
            self._app.close()
            self._app = None

    def wait_until(self, holds: Callable[[], bool], what: str, *, timeout_s: float = 60) -> None:
        """Look again and again until it holds; tell what the workers said if it never does."""
        deadline = time.monotonic() + timeout_s
        while not holds():
            assert time.monotonic() < deadline, f"never: {what}\n{self.last_words()}"
            time.sleep(0.1)

    def last_words(self, lines: int = 12) -> str:
        """Return the end of every process's output."""
        return "\n".join(
            f"--- {log.name}\n" + "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
            for log in sorted(self.folder.glob("*.log"))
        )


def _account(name: str) -> dict[str, str]:
    prefix = f"ACCOUNTS__{name.upper()}__"
    return {
        f"{prefix}MARKETPLACES": "US",
        f"{prefix}CLIENT_ID": "amzn1.application-oa2-client.demo",
        f"{prefix}CLIENT_SECRET": "demo",
        f"{prefix}REFRESH_TOKEN": f"Atzr|sim-{name}",
    }


def _signal(process: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        process.kill()
