"""The image of the Dockerfile without an engine: its folders, its user, nothing it may write.

Its last part is read as data: what is copied, the variables, the user, the entry point, the health
check.  The packages are those of the lock alone, taken from the environment the tests run in,
where they were installed with their hashes.  No network is needed.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
LOCK = ROOT / "requirements/run.txt"
READ_ONLY = ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH)


def instructions(text: str = DOCKERFILE) -> list[tuple[str, str]]:
    """Return what the last part of a Dockerfile says, an instruction and its words each."""
    joined = re.sub(r"\\\n\s*", " ", text.rpartition("\nFROM ")[2])
    lines = [line.split(maxsplit=1) for line in joined.splitlines()[1:] if line.strip()]
    return [(words[0], words[1]) for words in lines if not words[0].startswith("#")]


class Image:
    """A folder that stands for the image's root; ``close`` removes it."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="image-"))
        self.root.chmod(0o755)  # Its user is not the one who made it.
        self.home = self.root / "app"
        self.secrets = self.root / "run/secrets"
        self.secrets.mkdir(parents=True)  # Where Compose mounts a folder; nothing is in it.
        self.user = _user() if (interpreter := _interpreter()) else None
        self._install(interpreter or sys.executable)
        for source, target in self._copied():
            _copy(ROOT / source, self.home / target)
        for path in (self.root, *self.root.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode & READ_ONLY)

    def command(self, words: list[str]) -> list[str]:
        """Return the command line of a container with these words."""
        (entry,) = (json.loads(rest) for name, rest in instructions() if name == "ENTRYPOINT")
        return [*entry, *words]

    def health_check(self) -> list[str]:
        """Return the command that says whether a container is well."""
        (check,) = (rest for name, rest in instructions() if name == "HEALTHCHECK")
        words: list[str] = json.loads(check[check.index("[") :])
        return words

    def run(self, words: list[str], more: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """Run a program of the image to its end."""
        return subprocess.run(
            words, capture_output=True, text=True, timeout=120, check=False, **self.how(more)
        )

    def how(self, more: dict[str, str]) -> dict[str, Any]:
        """Return, for ``subprocess``, where, with what and as whom its programs run.

        ``more`` are the variables a container is given.  Only root can be another user.
        """
        found = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
        for _, rest in (each for each in instructions() if each[0] == "ENV"):
            for name, value in (pair.split("=", 1) for pair in rest.split()):
                known = value.replace("$PATH", found["PATH"])
                found[name] = known.replace("/venv/", f"{self.root}/venv/")
        groups = None if self.user is None else [self.user]
        identity = {"user": self.user, "group": self.user, "extra_groups": groups}
        return {"cwd": self.home, "env": found | more, **identity}

    def close(self) -> None:
        """Remove it."""
        for path in (self.root, *self.root.rglob("*")):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o755)
        shutil.rmtree(self.root)

    def _install(self, interpreter: str) -> None:
        venv = self.root / "venv"
        subprocess.run([interpreter, "-m", "venv", "--without-pip", str(venv)], check=True)
        (packages,) = venv.glob("lib/python*/site-packages")
        for package in _locked():
            for file in package.files or ():
                source = Path(str(file.locate()))
                if ".." not in file.parts and source.exists():
                    target = packages / file
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, target)

    def _copied(self) -> Iterator[tuple[str, str]]:
        for name, rest in instructions():
            if name == "COPY" and not rest.startswith("--from"):
                source, target = rest.split()
                yield source, target.removeprefix("./") or source


def _locked() -> Iterator[importlib.metadata.Distribution]:
    """Yield the packages of the lock; those with a condition may belong on other machines."""
    for line in LOCK.read_text(encoding="utf-8").splitlines():
        if name := re.match(r"[A-Za-z0-9][\w.-]*", line):
            try:
                yield importlib.metadata.distribution(name.group())
            except importlib.metadata.PackageNotFoundError:
                assert ";" in line, line


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def _user() -> int | None:
    (user,) = (int(rest) for name, rest in instructions() if name == "USER")
    return user if os.geteuid() == 0 else None


def _interpreter() -> str | None:
    """Return a Python of this version that the image's user may run."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for path in (Path(sys.base_prefix) / "bin" / version, Path("/usr/bin") / version):
        if path.exists() and all(_open_to_all(each) for each in path.resolve().parents):
            return str(path)
    return None


def _open_to_all(folder: Path) -> bool:
    return bool(folder.stat().st_mode & stat.S_IXOTH)
