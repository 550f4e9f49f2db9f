"""One table for the whole run."""

from __future__ import annotations

import pytest

from tests.fakes.verdicts import Verdicts

VERDICTS = Verdicts()


@pytest.fixture(scope="session")
def verdicts() -> Verdicts:
    return VERDICTS


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if VERDICTS.all:
        terminalreporter.section("faults")
        for line in VERDICTS.table():
            terminalreporter.write_line(line)
