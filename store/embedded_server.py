"""Starting the embedded server: a real MongoDB wire protocol from a child process.

For demo and tests; production has a MongoDB.  The server (SecantusDB, GPL-2.0-only) is another
program that we talk to over TCP; nothing of it is imported.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from domain.errors import Unavailable

NATIVE, FALLBACK = "secantusd-rs", "secantusd-py"
START_LIMIT_S = 60.0
"""A large log of an earlier crash is replayed at the start; usually it takes a second."""
STOP_LIMIT_S = 15.0
_BANNER = re.compile(r"listening on \S*?127\.0\.0\.1:(\d+)")


@dataclass(frozen=True)
class Server:
    """A running embedded server."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"mongodb://127.0.0.1:{self.port}/"

    def stop(self) -> None:
        """End it gracefully, and by force if it does not end."""
        self.process.terminate()
        try:
            self.process.wait(STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def find_binary() -> Path:
    """Return the server's program: beside our Python, or on the PATH; the native one first.

    Raises:
        Unavailable: it is not installed.
    """
    for name in (NATIVE, FALLBACK):
        beside = Path(sys.executable).with_name(name)
        found = str(beside) if beside.exists() else shutil.which(name)
        if found:
            return Path(found)
    raise Unavailable(
        "the embedded store is not installed: set MONGODB_URL, or install secantusdb "
        "(pip install '.[embedded]')"
    )


def command(binary: Path, storage: Path, *, port: int, sync: bool) -> list[str]:
    """Return the command line.

    ``sync``: what is acknowledged is on disk.  Short logs make a restart after a crash quick.
    """
    line = [str(binary), "--host", "127.0.0.1", "--port", str(port)]
    line += ["--storage-path", str(storage), "--cache-size", "256M"]
    line += ["--sync-on-commit"] if sync else []
    return line + (["--log-file-max", "100MB"] if binary.name == NATIVE else [])


def start(
    storage: Path, log: Path, *, port: int = 0, sync: bool = True, pid_file: Path | None = None
) -> Server:
    """Start the server and wait until it listens; port 0 takes any free one.

    ``pid_file`` is written as soon as there is a process.

    Raises:
        Unavailable: it is not installed, or ended at once; the text says where its log is.
    """
    binary = find_binary()
    storage.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        begin = out.tell()
        process = subprocess.Popen(  # noqa: S603  our own command line
            command(binary, storage, port=port, sync=sync),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    if pid_file:
        pid_file.write_text(str(process.pid), encoding="ascii")
    deadline = time.monotonic() + START_LIMIT_S
    while process.poll() is None and time.monotonic() < deadline:
        banner = _BANNER.search(_text(log, begin))
        if banner:
            return Server(process, int(banner[1]))
        time.sleep(0.02)
    process.kill()
    process.wait()
    raise Unavailable(f"the embedded store did not start; see {log}")


def _text(log: Path, begin: int) -> str:
    with log.open("rb") as file:
        file.seek(begin)
        return file.read().decode(errors="replace")
