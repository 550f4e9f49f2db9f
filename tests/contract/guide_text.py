"""The text of the guide, cut into sentences by heading."""

from __future__ import annotations

import re
from collections.abc import Iterator

SENTENCE_END = re.compile(r"(?<=[.?!])\s+(?:- )?(?=[A-Z\"])")
DRAWING = "│├└─> "
FULL_STOPS = (".", "?", "!", ":")


def sentences(text: str) -> dict[str, list[str]]:
    """Return the sentences below each heading, in their order.

    A row of a table is a sentence (``first cell: second cell``), a third cell has its own.  Each
    problem of the troubleshooting table counts as a heading.
    """
    found: dict[str, list[str]] = {}
    heading = title = ""
    for kind, words in blocks(text.splitlines()):
        if kind == "heading":
            heading, title = words, ""
        elif kind == "titles":
            title = words
        elif kind == "row" and title.startswith("Problem"):
            problem, cause, advice = words.split(" | ")
            found[problem] = [cause, *SENTENCE_END.split(advice)]
        elif kind == "row":
            first, second, *rest = words.split(" | ")
            found.setdefault(heading, []).append(f"{first}: {second}")
            found[heading] += [each for cell in rest for each in SENTENCE_END.split(cell)]
        else:
            found.setdefault(heading, []).extend(SENTENCE_END.split(words))
    return found


def blocks(lines: list[str]) -> Iterator[tuple[str, str]]:
    """Yield (kind, words): a heading, the titles of a table, a row of it, or text."""
    pending = ""
    for number, line in enumerate(lines):
        following = lines[number + 1] if number + 1 < len(lines) else ""
        kind = _kind(line, following, in_text=bool(pending))
        if kind != "goes on" and pending:
            yield "text", pending
            pending = ""
        if kind in ("heading", "titles", "row"):
            yield kind, line.strip("| ")
        elif kind in ("text", "goes on"):
            pending = f"{pending} {line.lstrip(DRAWING + '-|').strip()}".strip()
            if line.rstrip().endswith(FULL_STOPS):
                yield "text", pending
                pending = ""
    if pending:
        yield "text", pending


def _kind(line: str, following: str, *, in_text: bool) -> str:
    if not line.strip("-|│ "):
        return "nothing"
    if line.startswith("| "):
        return "titles" if following.startswith("|---") else "row"
    if line.startswith(("- ", *DRAWING.strip())):
        return "text"
    if line[0].isdigit() and line.endswith("?"):
        return "heading"
    if line.endswith(FULL_STOPS):
        return "goes on" if in_text else "text"
    # A drawing begins with a line that looks like a heading.
    return "text" if following.strip() == "|" else "heading"
