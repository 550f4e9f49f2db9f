"""The real command line in a process of its own, with a DATA_DIR of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from store.embedded import ensure_running, let_go

ROOT = Path(__file__).parents[2]
REAL_THINGS = ("BROKER_URL", "MONGODB_URL", "AMAZON_ENDPOINT", "DATA_DIR")
TIME_LIMIT_S = 300


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The one line on stderr; anything else there is a failure of the test."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        return lines[0]


@dataclass(frozen=True, slots=True)
class CommandLine:
    """``python -m cli`` against the embedded store of a temporary DATA_DIR."""

    home: Path
    env: Mapping[str, str] = field(default_factory=dict)

    @property
    def data_dir(self) -> Path:
        return self.home / "var"

    @property
    def store_url(self) -> str:
        """Where the embedded store answers."""
        return ensure_running(self.data_dir)

    @contextmanager
    def store_kept_up(self) -> Iterator[CommandLine]:
        """Keep the embedded store running between commands; they are quicker then."""
        ensure_running(self.data_dir)
        try:
            yield self
        finally:
            let_go(self.data_dir)

    def __call__(self, *arguments: str | Path, **env: str) -> Ended:
        done = self.start(*arguments, **env)
        out, err = done.communicate(timeout=TIME_LIMIT_S)
        return Ended(done.returncode, out, err)

    def start(self, *arguments: str | Path, **env: str) -> subprocess.Popen[str]:
        """Start a command; it runs in an empty folder, where no ``.env`` lies."""
        kept = {name: value for name, value in os.environ.items() if name not in REAL_THINGS}
        ours = {"DATA_DIR": str(self.data_dir), "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(
            [sys.executable, "-m", "cli", *map(str, arguments)],
            cwd=self.home,
            env={**kept, **ours, **self.env, **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
