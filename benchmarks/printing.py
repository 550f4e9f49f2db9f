"""Tables on the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a title, and rows below their columns: the first to the left, the others right."""
    lines = [tuple(columns), *map(tuple, rows)]
    widths = [max(len(line[n]) for line in lines) for n in range(len(columns))]
    print(f"\n{title}")
    for first, *rest in lines:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        print(f"  {first:<{widths[0]}}  {'  '.join(cells)}", flush=True)
