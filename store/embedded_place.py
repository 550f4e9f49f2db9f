"""Where the embedded store keeps its things under ``DATA_DIR``, and who may touch them.

Locks are advisory file locks (flock): the system gives them back when a process ends, however it
ends, so nobody has to clean up after a kill.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the server listens."""

    url: str
    port: int


@dataclass(frozen=True, slots=True)
class Place:
    """The files of the embedded store of one ``DATA_DIR``."""

    folder: Path

    @property
    def storage(self) -> Path:
        """The server's data."""
        return self.folder / "store"

    @property
    def log(self) -> Path:
        """What server and supervisor have to say."""
        return self.folder / "store.log"

    @property
    def users(self) -> Path:
        """Locked shared by every process that uses the store."""
        return self.folder / "store.users.lock"

    @property
    def starting(self) -> Path:
        """Locked by the one process that starts the supervisor."""
        return self.folder / "store.start.lock"

    @property
    def supervisor(self) -> Path:
        """Locked by the supervisor as long as it lives."""
        return self.folder / "store.supervisor.lock"

    @property
    def server_pid(self) -> Path:
        """The server's process id, for a supervisor that comes after a killed one."""
        return self.folder / "store.server.pid"

    @property
    def _endpoint(self) -> Path:
        return self.folder / "store.endpoint.json"

    def endpoint(self) -> Endpoint | None:
        """Return where the server listens, as far as the supervisor knows."""
        try:
            return Endpoint(**json.loads(self._endpoint.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def publish(self, endpoint: Endpoint) -> None:
        """Tell where the server listens; readers see all of it or nothing."""
        draft = self._endpoint.with_suffix(".new")
        told = {"url": endpoint.url, "port": endpoint.port}
        draft.write_text(json.dumps(told), encoding="utf-8")
        draft.replace(self._endpoint)

    def retract(self) -> None:
        """Tell that there is no server."""
        self._endpoint.unlink(missing_ok=True)

    def is_supervised(self) -> bool:
        """Whether a supervisor lives."""
        with opened(self.supervisor) as file:
            return not try_lock(file)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a lock file; closing it gives its lock back."""
    with path.open("ab") as file:
        yield file


def try_lock(file: IO[bytes]) -> bool:
    """Lock a file for us alone if nobody holds it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(file: IO[bytes]) -> None:
    """Give a lock back and keep the file open."""
    fcntl.flock(file, fcntl.LOCK_UN)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for a file's lock and hold it for the context."""
    with opened(path) as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def hold_shared(path: Path) -> int:
    """Wait for a shared lock; return the descriptor that holds it as long as it is open."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    return descriptor
