"""``flow``: the map of the stages, for a terminal or a machine."""

from __future__ import annotations

import click

from actors.flow import FLOW
from cli.flow_page import flow_table
from cli.output import json_option, print_json, show, table


@click.command
@json_option
def flow(*, as_json: bool) -> None:
    """Show the map: every stage, what it hears and says."""
    rows = flow_table(FLOW)
    if as_json:
        print_json({"stages": rows})
        return
    show(
        table(
            "The flow, in the order a fact meets the stages (queue = stage)",
            ("stage", "hears", "says", "file"),
            [
                (row["stage"], "\n".join(row["consumes"]), "\n".join(row["emits"]), row["file"])
                for row in rows
            ],
        ),
        "",
        "The same with a picture and every fact explained: docs/flow.md",
    )
