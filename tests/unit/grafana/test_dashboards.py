"""Every dashboard is what the code makes, every panel says what it shows, every query is real."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from actors.flow import FLOW
from grafana.rendering import FOLDER, dashboards
from tests.fakes.promql import known_metrics, metrics_of

ROOT = Path(__file__).parents[3]
PATHS = sorted(dashboards(FLOW))
GRID = 24


def load(path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / path).read_text(encoding="utf-8"))
    return loaded


def panels(path: str) -> list[dict[str, Any]]:
    return [panel for panel in load(path)["panels"] if panel["type"] != "row"]


def targets() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in PATHS:
        for panel in panels(path):
            for target in panel["targets"]:
                yield f"{path} / {panel['title']}", target


@pytest.mark.parametrize("path", PATHS)
def test_the_committed_dashboard_is_what_the_code_makes(path: str) -> None:
    committed = (ROOT / path).read_text(encoding="utf-8")

    assert committed == dashboards(FLOW)[path](), "run `python -m cli docs`"


def test_every_committed_dashboard_is_made_by_the_code() -> None:
    assert sorted(f"{FOLDER}/{path.name}" for path in (ROOT / FOLDER).glob("*")) == PATHS


@pytest.mark.parametrize("path", PATHS)
def test_the_dashboard_holds_only_what_grafana_knows(path: str) -> None:
    read_back = JSONEncoder().encode(Dashboard.from_json(load(path)))

    assert json.loads(read_back) == load(path)


@pytest.mark.parametrize("path", PATHS)
def test_every_panel_has_a_unit_a_description_and_a_query(path: str) -> None:
    for panel in panels(path):
        assert panel["title"]
        assert panel["description"], panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["targets"], panel["title"]


@pytest.mark.parametrize("path", PATHS)
def test_no_panel_lies_on_another_or_beyond_the_edge(path: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels(path):
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= GRID, panel["title"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells, panel["title"]
        taken |= cells


@pytest.mark.parametrize("path", PATHS)
def test_dashboards_cannot_be_edited_in_place_and_let_the_data_source_be_chosen(path: str) -> None:
    dashboard = load(path)

    assert dashboard["editable"] is False
    assert next(one["name"] for one in dashboard["templating"]["list"]) == "datasource"
    assert {target["datasource"]["uid"] for _, target in targets()} == {"${datasource}"}


def test_uids_and_panel_ids_are_unique() -> None:
    uids = [load(path)["uid"] for path in PATHS]
    ids = [[panel["id"] for panel in load(path)["panels"]] for path in PATHS]

    assert len(set(uids)) == len(uids)
    assert all(len(set(each)) == len(each) for each in ids)


def test_every_query_asks_for_metrics_that_exist() -> None:
    known = known_metrics()

    unknown = {where: metrics_of(target["expr"]) - known for where, target in targets()}

    assert {where: names for where, names in unknown.items() if names} == {}


def test_counters_are_only_shown_as_rates_or_increases() -> None:
    for where, target in targets():
        for name in metrics_of(target["expr"]):
            if name.endswith("_total"):
                assert re.search(rf"(rate|increase)\({name}\b", target["expr"]), where


def test_every_stage_of_the_flow_has_a_panel_that_says_what_it_does() -> None:
    described = {panel["title"]: panel["description"] for panel in panels(f"{FOLDER}/stage.json")}

    for stage in FLOW:
        assert described[stage.name] == stage.summary
