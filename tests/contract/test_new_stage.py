"""A stage is one file and one line of the flow: all that names it is made from there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from actors.flow import FLOW
from actors.runtime.metrics import Metrics, Outcome
from actors.runtime.stage import stage
from cli.flow_page import flow_page
from domain.messages import OrderEnriched
from grafana.rendering import FOLDER, dashboards
from grafana.stage_blocks import BLOCKS, with_stages
from tests.fakes.promql import metrics_of

ROOT = Path(__file__).parents[2]


@stage(consumes=(OrderEnriched,), owed="orders_to_weigh")
def weigh_orders(event: OrderEnriched) -> Iterator[Any]:
    """Weigh what was ordered."""
    raise NotImplementedError


LONGER = (*FLOW, weigh_orders)


def panels(dashboard: str) -> dict[str, dict[str, Any]]:
    shown = json.loads(dashboards(LONGER)[f"{FOLDER}/{dashboard}.json"]())["panels"]
    return {panel["title"]: panel for panel in shown}


def test_it_has_a_panel_of_its_own_that_says_what_it_does() -> None:
    panel = panels("stage")["weigh_orders"]

    assert panel["description"] == "Weigh what was ordered."
    assert 'stage="weigh_orders"' in panel["targets"][0]["expr"]


def test_what_it_owes_is_shown_under_its_name() -> None:
    targets = panels("queues")["Oldest owed, by stage"]["targets"]

    assert len(targets) == len(LONGER)
    assert len({target["refId"] for target in targets}) == len(LONGER)
    assert targets[-1]["legendFormat"] == "weigh_orders"
    assert 'kind="orders_to_weigh"' in targets[-1]["expr"]
    assert metrics_of(targets[-1]["expr"]) == {"connector_oldest_pending_age_seconds"}


@pytest.mark.parametrize("path", list(BLOCKS))
def test_it_is_a_service_and_a_target(path: str) -> None:
    text = (ROOT / path).read_text(encoding="utf-8")
    written = with_stages(text, [each.name for each in LONGER], BLOCKS[path])

    if path == "docker-compose.yml":
        command = yaml.safe_load(written)["services"]["weigh_orders"]["command"]
        assert command[:3] == ["run", "worker", "weigh_orders"]
    else:
        (workers, *_) = yaml.safe_load(written)["scrape_configs"]
        assert "weigh_orders" in workers["dns_sd_configs"][0]["names"]


def test_it_stands_on_the_map() -> None:
    assert "| **weigh_orders** | Weigh what was ordered. |" in flow_page(LONGER)


def test_its_series_begin_at_zero() -> None:
    metrics = Metrics()

    metrics.stages.begin_at_zero(each.name for each in LONGER)

    for outcome in Outcome:
        labels = {"stage": "weigh_orders", "outcome": outcome.value}
        found = metrics.registry.get_sample_value("connector_stage_messages_total", labels)
        assert found == 0.0
