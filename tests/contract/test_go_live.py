"""docs/go-live.md: what is assumed of Amazon, each with what follows if not and how to find out."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from cli.root import cli

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "go-live.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
ROWS = [
    tuple(cell.strip() for cell in line.strip("| ").split(" | "))
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| assumed")
]
COMMAND = re.compile(r"`(?:python -m cli )?([a-z]+)(?: ([a-z]+))?[^`]*`")


def test_every_assumption_says_what_if_it_is_wrong_and_how_to_check_it() -> None:
    assert len(ROWS) > 50
    assert [row for row in ROWS if len(row) != 3 or not all(row)] == []


@pytest.mark.parametrize(
    "subject",
    [
        *("POST_FLAT_FILE_FULFILLMENT_DATA", "original-record-number", "Without a table"),
        *("Carrier codes", "`Other`", "ship-date", "carrier-name", "replaces the old one"),
        *("packageItems", "quantityFulfilled", "FATAL", "getFeeds", "28", "cancelled_after"),
    ],
)
def test_what_tracking_out_rests_on_is_listed(subject: str) -> None:
    assert any(subject in " ".join(row) for row in ROWS)


def test_every_setting_it_names_exists() -> None:
    named = set(re.findall(r"\b[A-Z_]+__[A-Z_]+\b", PAGE))
    known = SETTINGS.replace("<NAME>", "A")

    assert [name for name in sorted(named) if name not in known] == []


def test_every_command_it_names_exists() -> None:
    context = click.Context(cli)
    groups = {name: cli.get_command(context, name) for name in cli.list_commands(context)}
    named = {(group, name) for group, name in COMMAND.findall(PAGE) if group in groups and name}

    missing = [
        f"{group} {name}"
        for group, name in sorted(named)
        if not isinstance(found := groups[group], click.Group) or name not in found.commands
    ]

    assert len(named) > 10
    assert missing == []
