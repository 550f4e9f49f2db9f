"""Schemas of what travels between our own stages, drawn from the flow.

For reading queues and writing tests.  Other systems use the public events (``domain.events``,
``domain.told_events``); these here may change with any release.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from actors.runtime.stage import Stage
from domain.messages import Event

FOLDER = "docs/messages/internal"


def events_of(flow: Iterable[Stage]) -> dict[str, type[Event]]:
    """Return every fact the stages hear or say, by name."""
    facts = {fact for stage in flow for fact in (*stage.consumes, *stage.emits)}
    return {fact.__name__: fact for fact in sorted(facts, key=lambda fact: fact.__name__)}


def internal_schema(fact: type[Event]) -> str:
    """Return the JSON Schema of a fact, as it stands in the second argument of a message."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **fact.model_json_schema(),
        "title": f"{fact.__name__} (between our own stages)",
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def internal_path(fact: type[Event]) -> str:
    """Return where the schema of a fact is kept."""
    return f"{FOLDER}/{fact.__name__}.schema.json"
