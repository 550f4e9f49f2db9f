"""How much memory processes hold, seen from outside: Linux and macOS."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

PROC = Path("/proc")
LOOK_EVERY_S = 0.25


def resident_bytes() -> dict[int, int]:
    """Return what the processes of each process group hold together, by the group's id."""
    return _from_proc() if (PROC / "self" / "stat").exists() else _from_ps()


class Peaks:
    """The most each process group holds at once during a ``with`` block."""

    def __init__(self) -> None:
        self.bytes = resident_bytes()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(LOOK_EVERY_S):
            for group, held in resident_bytes().items():
                self.bytes[group] = max(held, self.bytes.get(group, 0))


def _from_proc() -> dict[int, int]:
    held: dict[int, int] = {}
    page = os.sysconf("SC_PAGE_SIZE")
    for stat in PROC.glob("[0-9]*/stat"):
        try:
            # The name in brackets may hold spaces; what follows it does not.
            facts = stat.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # It ended in this moment.
        group, pages = int(facts[2]), int(facts[21])
        held[group] = held.get(group, 0) + pages * page
    return held


def _from_ps() -> dict[int, int]:
    held: dict[int, int] = {}
    listed = subprocess.run(
        ["ps", "-A", "-o", "pgid=,rss="], capture_output=True, text=True, check=True
    )
    for each in listed.stdout.splitlines():
        group, kib = each.split()
        held[int(group)] = held.get(int(group), 0) + 1024 * int(kib)
    return held
