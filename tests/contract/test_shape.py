"""Sizes: a function fits on a screen, a file in the head, a stage on one page."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(path.parent for path in ROOT.glob("*/__init__.py"))
FUNCTION_WALL, FUNCTION_P90, FILE_WALL, STAGE_WALL = 40, 20, 300, 80


@dataclass(frozen=True, order=True, slots=True)
class Size:
    lines: int
    where: str


def files() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted(package.rglob("*.py"))


def functions(path: Path) -> Iterator[tuple[Size, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield Size(lines, f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"), node


def is_stage(path: Path) -> bool:
    return any(
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Name)
        and decorator.func.id == "stage"
        for _, node in functions(path)
        for decorator in node.decorator_list
    )


def longest(sizes: list[Size]) -> str:
    return "the five longest:\n" + "\n".join(
        f"{size.lines:5} {size.where}" for size in sorted(sizes, reverse=True)[:5]
    )


def test_no_function_is_longer_than_a_screen() -> None:
    sizes = [size for path in files() for size, _ in functions(path)]

    assert max(sizes).lines <= FUNCTION_WALL, longest(sizes)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_nine_functions_in_ten_are_short(package: Path) -> None:
    sizes = sorted(size for path in package.rglob("*.py") for size, _ in functions(path))
    if sizes:
        p90 = sizes[round(0.9 * (len(sizes) - 1))].lines
        assert p90 <= FUNCTION_P90, longest(sizes)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_no_file_is_too_long_to_know(package: Path) -> None:
    sizes = [
        Size(len(path.read_text(encoding="utf-8").splitlines()), str(path.relative_to(ROOT)))
        for path in package.rglob("*.py")
    ]

    assert max(sizes).lines <= FILE_WALL, longest(sizes)


def test_a_stage_fits_on_one_page() -> None:
    stages = [
        Size(len(path.read_text(encoding="utf-8").splitlines()), str(path.relative_to(ROOT)))
        for path in sorted((ROOT / "actors").rglob("*.py"))
        if is_stage(path)
    ]

    assert len(stages) >= 5
    assert max(stages).lines <= STAGE_WALL, longest(stages)
