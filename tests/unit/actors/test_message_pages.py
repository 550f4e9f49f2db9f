from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from actors.flow import FLOW
from actors.message_pages import FOLDER, events_of, internal_path, internal_schema
from domain.messages import Event, OrdersImported, TrackingEntered
from tests.fakes.tracking import tracking_entered

ROOT = Path(__file__).resolve().parents[3]
FACTS = events_of(FLOW)


@pytest.mark.parametrize("name", FACTS)
def test_the_committed_schema_of_every_fact_is_what_the_code_says(name: str) -> None:
    path = ROOT / internal_path(FACTS[name])
    assert path.read_text(encoding="utf-8") == internal_schema(FACTS[name]), (
        "run: python -m cli docs"
    )


def test_no_schema_is_left_of_a_fact_that_no_stage_knows() -> None:
    committed = {path.name for path in (ROOT / FOLDER).glob("*.json")}
    assert committed == {f"{name}.schema.json" for name in FACTS}


def test_a_fact_on_the_wire_fits_its_schema() -> None:
    schema = json.loads(internal_schema(TrackingEntered))
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(tracking_entered().model_dump_json()))


def test_every_fact_says_what_it_means() -> None:
    for fact in FACTS.values():
        assert fact.__doc__
        assert fact.__doc__ != Event.__doc__
    assert FACTS["OrdersImported"] is OrdersImported
