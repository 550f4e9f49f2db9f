"""Grafana is given what it needs by files: where they are mounted is where it looks for them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fakes.composition import demo_variables, services

ROOT = Path(__file__).parents[2]
SERVICES = services(demo_variables())
GRAFANA = SERVICES["grafana"]


def mounted(service: str) -> dict[str, Path]:
    """Return the files and folders of the project by where the container sees them."""
    pairs = (volume.split(":") for volume in SERVICES[service]["volumes"] if volume[0] == ".")
    return {inside: ROOT / outside for outside, inside, *_ in pairs}


def provisioned(kind: str) -> dict[str, Any]:
    (path,) = (mounted("grafana")["/etc/grafana/provisioning"] / kind).glob("*.yml")
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def test_the_three_dashboards_are_where_the_provider_looks() -> None:
    (provider,) = provisioned("dashboards")["providers"]
    folder = mounted("grafana")[provider["options"]["path"]]

    assert sorted(path.stem for path in folder.glob("*.json")) == ["overview", "queues", "stage"]
    assert provider["type"] == "file"
    assert (provider["allowUiUpdates"], provider["disableDeletion"]) == (False, True)


def test_the_first_thing_seen_is_the_overview() -> None:
    home = Path(GRAFANA["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    path = mounted("grafana")[str(home.parent)] / home.name

    assert json.loads(path.read_text(encoding="utf-8"))["uid"] == "amzc-overview"


def test_the_data_source_is_the_prometheus_beside_it() -> None:
    (source,) = provisioned("datasources")["datasources"]
    url = GRAFANA["environment"]["PROMETHEUS_URL"]

    assert (source["type"], source["isDefault"], source["url"]) == (
        "prometheus",
        True,
        "${PROMETHEUS_URL}",
    )
    assert url == "http://prometheus:9090"
    assert "prometheus" in SERVICES


@pytest.mark.parametrize("name", ["prometheus", "alertmanager", "grafana"])
def test_what_is_mounted_is_there_and_cannot_be_written(name: str) -> None:
    for outside in mounted(name).values():
        assert outside.exists(), outside
    ours = [volume for volume in SERVICES[name]["volumes"] if volume.startswith(".")]
    assert ours
    assert [volume for volume in ours if not volume.endswith(":ro")] == []


def test_every_link_of_a_dashboard_leads_to_a_dashboard() -> None:
    paths = sorted((ROOT / "grafana/dashboards").glob("*.json"))
    texts = [path.read_text(encoding="utf-8") for path in paths]
    uids = {json.loads(text)["uid"] for text in texts}
    links = {part.split("?")[0] for text in texts for part in text.split('"/d/')[1:]}

    assert links
    assert links <= uids
