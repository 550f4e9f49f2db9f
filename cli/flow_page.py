"""The map of the flow as a page and for a terminal, drawn from ``actors.flow``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from actors.runtime.stage import Stage, subscriptions
from domain.messages import Event

ROOT = Path(__file__).parents[1]
OUTSIDE = "outside"
"""Who announces what is due: the scheduler, or a person."""


def flow_table(flow: Sequence[Stage]) -> list[dict[str, Any]]:
    """Return one row per stage: stage, summary, consumes, emits, queue, file."""
    return [
        {
            "stage": each.name,
            "summary": each.summary,
            "consumes": [event.__name__ for event in each.consumes],
            "emits": [event.__name__ for event in each.emits],
            "queue": each.name,
            "file": file_of(each.handle),
        }
        for each in flow
    ]


def file_of(described: object) -> str:
    """Return where something is written, seen from the root of the project."""
    path = Path(inspect.getfile(described))  # type: ignore[arg-type]  # a function or a class
    return path.resolve().relative_to(ROOT).as_posix()


def edges(flow: Sequence[Stage]) -> Iterator[tuple[str, str, str]]:
    """Yield (who says it, fact, who hears it); what nobody hears (yet) ends at the fact itself."""
    heard = subscriptions(flow)
    for event, listeners in heard.items():
        if is_tick(event):
            yield from ((OUTSIDE, event.__name__, listener) for listener in listeners)
    for each in flow:
        for event in each.emits:
            listeners = heard.get(event, (f"told_{event.__name__}",))
            yield from ((each.name, event.__name__, listener) for listener in listeners)


def is_tick(event: type[Event]) -> bool:
    """Whether the scheduler, or a person, announces it: a fact that something is due."""
    return event.__name__.endswith("Due")


def flow_page(flow: Sequence[Stage]) -> str:
    """Return the whole page docs/flow.md."""
    return "\n".join(
        [
            "# The flow",
            "",
            "Drawn from `actors/flow.py` by `python -m cli docs`; a test keeps it true.",
            "",
            "A stage hears a fact, reads, asks the domain, writes, says what follows and returns.",
            "Its name is its file, its Dramatiq actor, its queue and its label in every metric.",
            "",
            "```mermaid",
            *_mermaid(flow),
            "```",
            "",
            "## Stages",
            "",
            *_stages(flow),
            "",
            "## Facts",
            "",
            *_facts(flow),
            "",
        ]
    )


def _mermaid(flow: Sequence[Stage]) -> Iterator[str]:
    yield "flowchart TD"
    yield f"    {OUTSIDE}([scheduler, or a person])"
    for each in flow:
        yield f"    {each.name}[{each.name}]"
    for source, fact, target in edges(flow):
        if target.startswith("told_"):
            yield f"    {source} --> {target}([{fact}])"
        else:
            yield f"    {source} -- {fact} --> {target}"


def _stages(flow: Sequence[Stage]) -> Iterator[str]:
    yield "| stage | what it does | consumes | emits | queue | file |"
    yield "|---|---|---|---|---|---|"
    for row in flow_table(flow):
        yield (
            f"| **{row['stage']}** | {row['summary']} | {_listed(row['consumes'])} "
            f"| {_listed(row['emits'])} | `{row['queue']}` | [{row['file']}](../{row['file']}) |"
        )


def _listed(names: Sequence[str]) -> str:
    return "<br>".join(f"`{name}`" for name in names) or "-"


def _facts(flow: Sequence[Stage]) -> Iterator[str]:
    yield "| fact | meaning | said by | heard by |"
    yield "|---|---|---|---|"
    heard = subscriptions(flow)
    facts: dict[type[Event], list[str]] = {event: [] for event in heard}
    for each in flow:
        for event in each.emits:
            facts.setdefault(event, []).append(each.name)
    for event, sayers in facts.items():
        meaning = (inspect.getdoc(event) or "").partition("\n")[0]
        listeners = ", ".join(heard.get(event, ())) or "nobody yet"
        told_by = ", ".join([OUTSIDE, *sayers] if is_tick(event) else sayers)
        yield f"| `{event.__name__}` | {meaning} | {told_by} | {listeners} |"
