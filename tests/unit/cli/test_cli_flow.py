from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from actors.flow import FLOW
from actors.runtime.stage import stage
from cli.flow_page import edges, flow_page, flow_table
from cli.root import cli
from domain.messages import OrderEnriched, OrdersImported, RefreshDue

PAGE = Path(__file__).parents[3] / "docs" / "flow.md"


@stage(consumes=(OrdersImported, RefreshDue), emits=(OrderEnriched,))
def read_something(event: OrdersImported) -> Iterator[OrderEnriched]:
    """Read something."""
    raise NotImplementedError


def test_the_committed_flow_page_is_true() -> None:
    assert PAGE.read_text(encoding="utf-8") == flow_page(FLOW), "run: python -m cli docs"


def test_what_is_due_comes_from_outside_and_what_nobody_hears_is_shown() -> None:
    assert list(edges((read_something,))) == [
        ("outside", "RefreshDue", "read_something"),
        ("read_something", "OrderEnriched", "told_OrderEnriched"),
    ]


def test_every_stage_of_the_map_has_its_queue_its_file_and_a_summary() -> None:
    rows = flow_table(FLOW)

    assert [row["stage"] for row in rows] == [each.name for each in FLOW]
    for row in rows:
        assert row["queue"] == row["stage"]
        assert Path(row["file"]).stem == row["stage"]
        assert row["summary"].endswith(".")


def test_the_flow_command_prints_the_map_for_machines() -> None:
    result = CliRunner().invoke(cli, ["flow", "--json"])

    assert result.exit_code == 0
    stages = {row["stage"]: row for row in json.loads(result.stdout)["stages"]}
    assert stages["poll_report"]["consumes"] == ["ReportRequested"]
    assert stages["import_orders"]["emits"] == ["OrdersImported"]


def test_the_flow_command_prints_the_map_for_people() -> None:
    result = CliRunner().invoke(cli, ["flow"])

    assert result.exit_code == 0
    assert "actors/orders/import_orders.py" in result.stdout
    assert "docs/flow.md" in result.stdout
