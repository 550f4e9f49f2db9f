"""Runs the embedded server for as long as somebody uses it.

    python -m store.embedded_supervisor DATA_DIR [--no-sync]

Detaches itself from whoever started it.  It lives as long as any process holds the users' lock
and a second longer; then it ends the server, still holding that lock, so that a newcomer waits
and finds a clean start.  A server that dies is started again on the same port, where its clients
look for it; one left behind by a killed supervisor is ended first.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO

from domain.errors import Unavailable
from store.embedded_place import Endpoint, Place, opened, try_lock, unlock
from store.embedded_server import STOP_LIMIT_S, Server, start

LOOK_EVERY_S = 0.5
IDLE_LOOKS = 3
"""So many looks in a row without any user are a second."""


def main(arguments: list[str]) -> int:
    """Detach, then run the server until nobody uses it."""
    place, sync = Place(Path(arguments[0])), "--no-sync" not in arguments
    with opened(place.supervisor) as lock:
        if not try_lock(lock):
            return 0  # Another supervisor is there.
        if os.fork():
            os._exit(0)  # The child has the lock too; our starter need not wait.
        os.setsid()
        signal.signal(signal.SIGTERM, _end)
        try:
            _run(place, sync=sync)
        except Unavailable as exc:
            print(exc, file=sys.stderr, flush=True)  # noqa: T201  standard error is the log
            return 1
    return 0


def _end(number: int, frame: object) -> None:
    del number, frame
    raise SystemExit(0)


def _run(place: Place, *, sync: bool) -> None:
    end_orphan(place)
    server = _start(place, port=0, sync=sync)
    try:
        with opened(place.users) as users:
            idle = 0
            while idle < IDLE_LOOKS:
                time.sleep(LOOK_EVERY_S)
                if server.process.poll() is not None:
                    server = _start(place, port=server.port, sync=sync)
                idle = idle + 1 if _is_unused(users, keep=idle + 1 == IDLE_LOOKS) else 0
            _stop(place, server)
    finally:
        _stop(place, server)


def _is_unused(users: IO[bytes], *, keep: bool) -> bool:
    """Whether nobody uses the store; with ``keep`` nobody can begin to, either."""
    unused = try_lock(users)
    if unused and not keep:
        unlock(users)
    return unused


def _start(place: Place, *, port: int, sync: bool) -> Server:
    try:
        server = start(place.storage, place.log, port=port, sync=sync, pid_file=place.server_pid)
    except Unavailable:
        if port == 0:
            raise
        # The port may have been taken meanwhile.
        return _start(place, port=0, sync=sync)
    place.publish(Endpoint(server.url, server.port))
    return server


def _stop(place: Place, server: Server) -> None:
    place.retract()
    if server.process.poll() is None:
        server.stop()
    place.server_pid.unlink(missing_ok=True)


def end_orphan(place: Place) -> None:
    """End a server that a killed supervisor left behind; it has the storage locked."""
    try:
        pid = int(place.server_pid.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return
    deadline = time.monotonic() + STOP_LIMIT_S
    # Process ids are used again: only a process that names this very storage is ended.
    while str(place.storage) in _command_line(pid):
        overdue = time.monotonic() > deadline
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL if overdue else signal.SIGTERM)
        time.sleep(0.1)


def _command_line(pid: int) -> str:
    """Return how a process was started; empty when there is none, or only its remains."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            return ""
    line = ["ps", "-p", str(pid), "-o", "args="]
    return subprocess.run(line, capture_output=True, text=True, check=False).stdout  # noqa: S603  a number


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
