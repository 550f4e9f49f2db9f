"""Memory of a process that imports reports of growing length: it should stay flat."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.printing import table
from tests.fakes import big_report
from tests.fakes.mongo import fresh_database, mongodb_url
from tests.fakes.resident_memory import Peaks
from tests.fakes.system import Places, System

MB = 10**6


def measure(sizes: Sequence[int]) -> None:
    """Print the most memory that ``report import`` holds, by the rows of the file."""
    with mongodb_url() as url:
        peaks = {rows: _peak_bytes(url, rows) for rows in sizes}
    floor = peaks[sizes[0]]
    table(
        "Memory of an importing process, at its highest",
        ("rows", "MB", "ratio"),
        [(f"{rows:,}", f"{most / MB:.0f}", f"{most / floor:.2f}") for rows, most in peaks.items()],
    )


def _peak_bytes(url: str, rows: int) -> int:
    with tempfile.TemporaryDirectory(prefix="bench-") as name, fresh_database(url) as database:
        folder = Path(name)
        file = folder / "report.txt.gz"
        with file.open("wb") as target:
            big_report.write(target, rows)
        with System(folder, Places("", url, database, "")) as system, Peaks() as peaks:
            process = system.start("import", "-m", "cli", "report", "import", str(file), "--json")
            if process.wait() != 0:
                raise SystemExit(system.last_words())
        return peaks.bytes[process.pid]
