"""The dashboards as JSON.  The committed files are what this returns; a test holds them so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from actors.runtime.stage import Stage
from grafana.overview import overview
from grafana.queues import queues
from grafana.stages import stages

FOLDER = "grafana/dashboards"


def dashboards(flow: Sequence[Stage]) -> Mapping[str, Callable[[], str]]:
    """Return each committed file and what makes it."""
    names = tuple(stage.name for stage in flow)
    summaries = {stage.name: stage.summary for stage in flow}
    owed = {stage.name: stage.owed for stage in flow}
    return {
        f"{FOLDER}/overview.json": lambda: render(overview(names)),
        f"{FOLDER}/queues.json": lambda: render(queues(owed)),
        f"{FOLDER}/stage.json": lambda: render(stages(summaries)),
    }


def render(dashboard: Dashboard) -> str:
    """Return the JSON text, the same in every run."""
    built = dashboard.build()
    row = place = 0
    for panel in built.panels or ():
        # The SDK leaves ids unset; links and annotations need ones that stay.
        if panel.type_val == "row":
            row, place = row + 1, 0
        else:
            place += 1
        panel.id_val = row * 100 + place
    return str(JSONEncoder(sort_keys=True, indent=2).encode(built)) + "\n"
