"""Command lines over stores of their own; a file whose store holds something has its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.cli_process import CommandLine


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CommandLine]:
    """A command line over an empty store."""
    with CommandLine(tmp_path).store_kept_up() as command_line:
        yield command_line


@pytest.fixture(scope="module")
def shared_cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A command line over a store that several tests use, each with orders of its own."""
    with CommandLine(tmp_path_factory.mktemp("shared")).store_kept_up() as command_line:
        yield command_line
