"""The checkout speaks of itself only: it works on any machine and points nowhere else."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SIBLING = ".ci/run"
"""The one file that may look beside the checkout, for Amazon's models."""

_FOREIGN = {
    # The brackets keep this list from finding itself.
    "a path of somebody's machine": r"/wor[k]/|/roo[t]/|/hom[e]/\w|/User[s]/\w",
    "a place that another machine has not": r"/tm[p]/",
    "the host of a package registry": r"pyp[i]\.org|pythonhoste[d]\.org|npmj[s]\.org|de[b]\.debian",
    "a folder beside the checkout": r"\.\./share[d]",
    "a number that nobody can look up": r"(?<![\w\"'])D(?:[1-9]|1\d|2[0-4])\b|\bissue #?\d",
    "a document that is not here": r"\bDESIGN\b|\breferenc[e]/\w+\.md|\bstyle\.m[d]\b",
    "work that is not done": r"\bTOD[O]\b|\bFIXM[E]\b|\bXX[X]\b",
}


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("this is not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("what", _FOREIGN)
def test_no_tracked_file_contains(what: str) -> None:
    pattern = re.compile(_FOREIGN[what])

    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in tracked()
        if str(path.relative_to(ROOT)) != SIBLING
        for number, line in enumerate(text_of(path).splitlines(), start=1)
        if pattern.search(line)
    ]

    assert found == []


def test_every_requirement_is_pinned_with_hashes() -> None:
    for lock in sorted((ROOT / "requirements").glob("*.txt")):
        entries = re.split(r"\n(?=\w)", lock.read_text())
        assert len(entries) > 5
        for entry in entries:
            assert re.match(r"^[\w.-]+==[\w.]+ ", entry), entry
            assert "--hash=sha256:" in entry, entry


def test_make_help_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    assert phony is not None

    printed = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert {line.split()[1] for line in printed.splitlines()} == set(phony.group(1).split())
