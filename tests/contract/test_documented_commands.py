"""Every command a document names is one the command line knows, with the options it is given."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cli.root import COMMANDS, cli

ROOT = Path(__file__).parents[2]
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/operations.md",
    "docs/go-live.md",
    "docs/events.md",
)
OURS = re.compile(r"(?:python -m cli|docker compose run --rm scheduler) +(?P<words>.+)")
SPAN = re.compile(r"`([^`]+)`")
AT_LEAST = {"docs/operations.md": 40, "README.md": 10}


def commands(text: str) -> Iterator[list[str]]:
    """Yield the words of each command: of blocks and spans, with or without the program before."""
    fenced = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    for line in re.findall(r"^ {4,}(\S.*)$", fenced, flags=re.MULTILINE):
        if found := OURS.search(line):
            # What stands behind it in the same line says what it does.
            yield re.split(r"\s{2,}|\s+#|[<>|]", found["words"])[0].split()
    for span in SPAN.findall(fenced):
        words = " ".join(span.split())
        if found := OURS.search(words):
            yield found["words"].split()
        elif words.split()[0] in COMMANDS and re.fullmatch(r"[\w .…'/=-]+", words):
            yield words.split()


def wrong(words: list[str]) -> str:
    """Return what the command line would not take; empty if it would take it."""
    command: click.Command | None = cli
    rest = list(words)
    while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
        command = command.get_command(click.Context(command), rest.pop(0))
    if command is None:
        return "no such command"
    known = {name for param in command.params for name in param.opts} | {"--help"}
    return ", ".join(word for word in rest if word.startswith("--") and word not in known)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_documented_command_exists(document: str) -> None:
    found = list(commands((ROOT / document).read_text(encoding="utf-8")))

    assert len(found) >= AT_LEAST.get(document, 1)
    assert {" ".join(words): why for words in found if (why := wrong(words))} == {}


def test_a_command_or_option_that_is_none_is_found() -> None:
    text = (
        "Do `orders lst`, `orders list --redy`, or `python -m cli order list`; not `orders list`."
    )

    assert [bool(wrong(words)) for words in commands(text)] == [True, True, True, False]


def test_every_command_is_in_a_document() -> None:
    texts = [(ROOT / document).read_text(encoding="utf-8") for document in DOCUMENTS]
    named = {words[0] for text in texts for words in commands(text)}

    assert set(COMMANDS) - named == set()
