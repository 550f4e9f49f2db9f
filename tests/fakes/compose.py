"""Docker Compose 2 for tests: it reads docker-compose.yml without any engine.

Found on the PATH, as a plugin of docker or by itself.  On Debian as root the package of the first
release that has it is unpacked beside the virtual environment, and nothing is installed; where
neither works, tests read the file as data only.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

logger = logging.getLogger(__name__)
UNPACKED = Path(sys.prefix) / "compose"
PROGRAM = UNPACKED / "usr/libexec/docker/cli-plugins/docker-compose"
# The Compose of Debian 12 is still version 1, which does not know today's file format.
DEBIAN_RELEASE = "trixie"
NONE = "no Docker Compose 2 was found: tests read docker-compose.yml as data only"


def find() -> list[str] | None:
    """Return the words that call Compose, None when there is none."""
    for words in (["docker", "compose"], ["docker-compose"], [str(PROGRAM)]):
        if shutil.which(words[0]) and _version(words) >= "2":
            return words
    if _unpack() and _version([str(PROGRAM)]) >= "2":
        return [str(PROGRAM)]
    return None


def _version(words: list[str]) -> str:
    """Return such as ``2.40.3``, or nothing where docker has no such plugin."""
    asked = subprocess.run(
        [*words, "version", "--short"], capture_output=True, text=True, check=False
    )
    return asked.stdout.lstrip("v") if asked.returncode == 0 else ""


def _unpack() -> bool:
    if os.geteuid() != 0 or not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        return False
    logger.warning("fetching the docker-compose of Debian %s with apt-get", DEBIAN_RELEASE)
    mirror = _mirror()
    with tempfile.TemporaryDirectory(prefix="compose-") as name:
        folder = Path(name)
        if not mirror or not all(_works(each, folder) for each in _fetches(folder, mirror)):
            return False
        package = next(folder.glob("docker-compose_*.deb"), None)
        return package is not None and _works(["dpkg-deb", "-x", package, UNPACKED], folder)


def _fetches(folder: Path, mirror: str) -> list[list[str | Path]]:
    """Return apt's commands with lists of their own: the machine's release stays what it is."""
    (folder / "sources.list").write_text(f"deb {mirror} {DEBIAN_RELEASE} main\n")
    (folder / "lists/partial").mkdir(parents=True)
    own: list[str | Path] = ["apt-get", "-qq", "-o", "APT::Sandbox::User=root"]
    for option, value in (
        ("Dir::Etc::sourcelist", folder / "sources.list"),
        ("Dir::Etc::sourceparts", "-"),
        ("Dir::State::lists", folder / "lists"),
        ("Dir::Cache", folder),
    ):
        own += ["-o", f"{option}={value}"]
    return [[*own, "update"], [*own, "download", "docker-compose"]]


def _mirror() -> str | None:
    """Return where this machine takes Debian's packages from, None if from nowhere."""
    asked = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
        capture_output=True,
        text=True,
        check=False,
    )
    mirrors = [uri for uri in asked.stdout.split() if uri.rstrip("/").endswith("/debian")]
    return next(iter(mirrors), None)


def _works(command: list[str | Path], folder: Path) -> bool:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        logger.warning("%s", done.stderr.strip())
    return done.returncode == 0


def main() -> int:
    """Say which Compose the tests will use; that there is none is no failure."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    found = find()
    logger.info("%s", f"Docker Compose for the tests: {' '.join(found)}" if found else NONE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
