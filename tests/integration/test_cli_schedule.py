"""What the clock does, and what it does not do yet."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.cli_process import CommandLine


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    with CommandLine(tmp_path_factory.mktemp("schedule")).store_kept_up() as command_line:
        yield command_line


def test_the_list_has_every_job_and_names_those_nothing_works_on(cli: CommandLine) -> None:
    seen = cli("schedule", "list", "--json").json

    kinds = {job["job"].partition("/")[0]: job["cadence_s"] / 60 for job in seen["jobs"]}
    assert kinds == {
        "order_report": 30,
        "order_refresh": 30,
        "fulfillment": 20,
        "sweepers": 5,
        "privacy": 24 * 60,
    }
    assert seen["not_running"] == ["inventory_sync", "open_listings"]
    assert "no stage for it: inventory_sync, open_listings\n" in cli("schedule", "list").out


def test_a_job_nothing_works_on_cannot_be_run_and_the_reason_is_told(cli: CommandLine) -> None:
    done = cli("schedule", "run", "inventory_sync/demo")

    assert done.code == 1
    assert "this version has no stage that does its work" in done.error
