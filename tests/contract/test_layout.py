"""The tree: what runs in place stays ours, and every list of packages names all of them."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
BESIDE = {"tests", "benchmarks"}
"""Packages of the checkout that are no part of the product."""
PACKAGES = {path.parent.name for path in ROOT.glob("*/__init__.py")} - BESIDE
GRAB_BAGS = {"common", "core", "helper", "helpers", "lib", "misc", "services", "util", "utils"}


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_no_dependency_ships_a_package_of_our_name() -> None:
    owners = importlib.metadata.packages_distributions()

    assert {name: owners[name] for name in PACKAGES if name in owners} == {}


def test_every_list_of_packages_names_all_of_them() -> None:
    tool = project()["tool"]
    makefile = re.search(r"^CODE := (.*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert makefile is not None

    assert {
        "wheel": set(tool["hatch"]["build"]["targets"]["wheel"]["packages"]),
        "import-linter": set(tool["importlinter"]["root_packages"]),
        "mypy": set(tool["mypy"]["packages"]) - BESIDE,
        "make": set(makefile.group(1).split()) - BESIDE,
    } == dict.fromkeys(("wheel", "import-linter", "mypy", "make"), PACKAGES)


def test_nothing_is_named_like_a_grab_bag() -> None:
    everywhere = [path for name in PACKAGES | {"tests"} for path in (ROOT / name).rglob("*.py")]

    assert len(everywhere) > 20
    assert [path for path in everywhere if GRAB_BAGS & {path.stem, path.parent.name}] == []


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {path.parent for name in PACKAGES for path in (ROOT / name).rglob("*.py")}

    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
