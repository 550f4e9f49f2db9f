"""Who may import whom: the contracts in pyproject.toml hold, and they bite."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT_IMPORTS = Path(sys.executable).with_name("lint-imports")


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(LINT_IMPORTS), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_every_import_is_allowed() -> None:
    done = lint(ROOT)

    assert done.returncode == 0, done.stdout + done.stderr


_FORBIDDEN = [
    ("domain/_trespass.py", "import httpx\n", "domain is pure"),
    ("simulator/_trespass.py", "import domain.errors\n", "nobody shares code with the simulator"),
    ("actors/_trespass.py", "import store\n", "stages reach the world only through ports"),
    ("spapi/_trespass.py", "import store\n", "layers"),
    ("config/_trespass.py", "import spapi\n", "layers"),
]


@pytest.mark.parametrize(("file", "line", "contract"), _FORBIDDEN)
def test_a_forbidden_import_is_found(tmp_path: Path, file: str, line: str, contract: str) -> None:
    for package in ROOT.glob("*/__init__.py"):
        if package.parent.name != "tests":
            shutil.copytree(package.parent, tmp_path / package.parent.name)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / file).write_text(line)

    done = lint(tmp_path)

    assert done.returncode == 1
    assert f"{contract} BROKEN" in " ".join(done.stdout.split())
