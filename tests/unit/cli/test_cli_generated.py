from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from cli.export_format import exported
from cli.generated import EVENTS, PAGES, event_schema, stale, write
from tests.fakes.cli_values import an_order


def test_every_committed_page_says_what_the_code_says() -> None:
    assert stale() == [], "run: python -m cli docs"


def test_a_page_that_is_not_there_or_is_wrong_is_stale_until_it_is_written(
    tmp_path: Path,
) -> None:
    assert set(stale(tmp_path)) == set(PAGES)

    write(list(PAGES), tmp_path)
    assert stale(tmp_path) == []

    (tmp_path / "docs/flow.md").write_text("wrong", encoding="utf-8")
    assert stale(tmp_path) == ["docs/flow.md"]


@pytest.mark.parametrize("event_type", list(EVENTS))
def test_the_examples_of_every_event_fit_its_schema(event_type: str) -> None:
    schema = json.loads(event_schema(event_type, EVENTS[event_type]))

    Draft202012Validator.check_schema(schema)
    assert schema["examples"]
    for example in schema["examples"]:
        Draft202012Validator(schema).validate(example)


@pytest.mark.parametrize("reveal", [False, True])
def test_an_exported_line_fits_its_schema(*, reveal: bool) -> None:
    schema = json.loads(PAGES["docs/messages/order-export.schema.json"]())
    line = exported(an_order(), cursor="c", reveal=reveal).model_dump_json()

    assert list(Draft202012Validator(schema).iter_errors(json.loads(line))) == []


def test_the_settings_page_names_every_variable_and_no_secret_default() -> None:
    page = PAGES["docs/settings.md"]()

    for variable in ("DATA_DIR", "BROKER_URL", "ORDER_IMPORT__FIRST_SEEN", "SCHEDULE__", "HTTP__"):
        assert variable in page
    assert "ACCOUNTS__<NAME>__REFRESH_TOKEN" in page
    assert "ENCRYPTION__KEYS__<ID>" in page
