"""``queues``: what waits for every stage, who works on it, since when, and what died."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

import click

from actors.app import App
from actors.processes import state_gauges
from actors.runtime.memory_broker import MemoryBroker
from actors.runtime.queue_states import QueueState, queue_states
from cli.output import json_option, print_json, show, table
from cli.session import Session, pass_session

IN_MEMORY = "The broker is in memory: only the process that works its queues off sees them."


@click.command
@json_option
@pass_session
def queues(session: Session, *, as_json: bool) -> None:
    """Show what waits for every stage, who works on it, since when, and what died."""
    with session.app() as app:
        states = queue_states(app.broker, [stage.name for stage in app.flow])
        oldest = oldest_owed_s(app)
        quarantined = Counter[str]()
        for group in app.store.quarantine.groups():
            quarantined[group.stage] += group.count
        in_memory = isinstance(app.broker, MemoryBroker)
    if as_json:
        print_json({"queues": [_row(each, oldest, quarantined) for each in states]})
        return
    show(
        table(
            "Queues of the stages",
            ("stage", "ready", "delayed", "consumers", "oldest", "dead letters", "quarantine"),
            (_cells(each, oldest, quarantined) for each in states),
        ),
        "",
        "ready: waits for a worker.  delayed: polls and retries that no worker holds."
        "  oldest: since when the stage owes something, as the store knows.",
        *([IN_MEMORY] if in_memory else []),
    )


def oldest_owed_s(app: App) -> dict[str, float]:
    """Return since how many seconds each stage owes the oldest thing; nothing owed is left out."""
    owing = {each.owed: each.name for each in app.flow if each.owed}
    oldest: dict[str, float] = {}
    for reading in state_gauges(app).read():
        if reading.gauge == "oldest_pending_age_seconds" and reading.value:
            stage = owing.get(reading.labels[0])
            if stage is not None:
                oldest[stage] = max(oldest.get(stage, 0.0), reading.value)
    return oldest


def _row(
    state: QueueState, oldest: Mapping[str, float], quarantined: Mapping[str, int]
) -> dict[str, object]:
    return {
        "stage": state.stage,
        "ready": state.ready,
        "delayed": state.delayed,
        "consumers": state.consumers,
        "oldest_s": oldest.get(state.stage),
        "dead_letters": state.dead_letters,
        "quarantined": quarantined.get(state.stage, 0),
    }


def _cells(
    state: QueueState, oldest: Mapping[str, float], quarantined: Mapping[str, int]
) -> tuple[object, ...]:
    age = oldest.get(state.stage)
    row = _row(state, oldest, quarantined)
    row["oldest_s"] = None if age is None else timedelta(seconds=round(age))
    return tuple("-" if value is None else value for value in row.values())
