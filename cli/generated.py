"""Files that are written from the code, so that they cannot be wrong: pages, dashboards, stages.

A test holds every committed page against what its function says.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import click
from pydantic import BaseModel

from actors.flow import FLOW
from actors.message_pages import events_of, internal_path, internal_schema
from actors.runtime.sweeps import sweeps_page
from cli.export_format import export_schema
from cli.failing import FAILED
from cli.flow_page import ROOT, flow_page
from cli.settings_page import settings_page
from domain.events import INBOUND_MODELS
from domain.told_events import OUTBOUND_MODELS
from grafana.stage_blocks import stage_blocks

EVENTS: Mapping[str, type[BaseModel]] = {**INBOUND_MODELS, **OUTBOUND_MODELS}


def event_schema(event_type: str, model: type[BaseModel]) -> str:
    """Return the JSON Schema of a public event, its examples included."""
    direction = "in" if event_type in INBOUND_MODELS else "out"
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **model.model_json_schema(),
        "title": f"{event_type} ({direction}), version 1",
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _dashboards() -> Mapping[str, Callable[[], str]]:
    """Return Grafana's dashboards; only a development installation can make them."""
    if find_spec("grafana_foundation_sdk") is None:
        return {}
    from grafana.rendering import dashboards  # noqa: PLC0415  it imports what may not be there

    return dashboards(FLOW)


PAGES: Mapping[str, Callable[[], str]] = {
    "docs/flow.md": partial(flow_page, FLOW),
    "docs/settings.md": settings_page,
    "docs/sweeps.md": sweeps_page,
    "docs/messages/order-export.schema.json": export_schema,
    **{
        f"docs/messages/{event_type}.schema.json": partial(event_schema, event_type, model)
        for event_type, model in EVENTS.items()
    },
    **{internal_path(fact): partial(internal_schema, fact) for fact in events_of(FLOW).values()},
    **stage_blocks([stage.name for stage in FLOW], ROOT),
    **_dashboards(),
}


def stale(root: Path = ROOT) -> list[str]:
    """Return the pages that do not say what the code says."""
    return [
        path
        for path, page in PAGES.items()
        if not (root / path).exists() or (root / path).read_text(encoding="utf-8") != page()
    ]


def write(paths: list[str], root: Path = ROOT) -> None:
    """Write these pages anew."""
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(PAGES[path](), encoding="utf-8")


@click.command
@click.option("--check", "only_check", is_flag=True, help="Write nothing; exit 1 if any is stale.")
@click.pass_context
def docs(ctx: click.Context, *, only_check: bool) -> None:
    """Write the generated files anew: pages in docs/, dashboards, the stages in compose."""
    changed = stale()
    for path in changed:
        click.echo(f"{'stale' if only_check else 'written'}: {path}")
    if only_check and changed:
        ctx.exit(FAILED)
    write(changed)
    if not changed:
        click.echo("all generated pages are true")
