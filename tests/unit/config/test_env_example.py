"""The example file is the list of all settings: none missing, none that is not one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from config.masking import masked
from config.sections import (
    AccountSettings,
    Encryption,
    Feeds,
    Fulfillment,
    Http,
    OrderImport,
    Privacy,
    Schedule,
)
from config.settings import Settings, load_settings

EXAMPLE = Path(__file__).parents[3] / ".env.example"
SECTIONS = (
    AccountSettings,
    Encryption,
    Feeds,
    Fulfillment,
    Http,
    OrderImport,
    Privacy,
    Schedule,
    Settings,
)


@pytest.fixture
def example(tmp_path: Path) -> dict[str, str]:
    found = re.findall(r"^# ([A-Z][A-Z0-9_]+)=(.+)$", EXAMPLE.read_text(), flags=re.MULTILINE)
    assert len(found) == len(dict(found))
    return dict(found) | {"SECRETS_DIR": str(tmp_path)}


def test_the_example_can_be_taken_as_it_is(example: dict[str, str]) -> None:
    account = load_settings(example).account("dealer1")

    assert account.timezone == "America/Chicago"


def test_the_example_names_every_setting(example: dict[str, str]) -> None:
    assert set(masked(load_settings(example))) == set(example)


def test_the_example_shows_the_defaults(example: dict[str, str]) -> None:
    defaults = masked(load_settings({}))
    shown = masked(load_settings(example))
    sections = (
        "ORDER_IMPORT__",
        "FEEDS__",
        "SCHEDULE__",
        "PRIVACY__",
        "HTTP__",
        "LOG_",
        "METRICS_",
        "DATA_DIR",
    )

    assert {k: v for k, v in shown.items() if k.startswith(sections)} == {
        k: v for k, v in defaults.items() if k.startswith(sections)
    }


def leaves(model: type[BaseModel]) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        if field.annotation not in SECTIONS:
            yield f"{model.__name__}.{name}", field


@pytest.mark.parametrize("model", SECTIONS)
def test_every_setting_says_what_it_is_for(model: type[BaseModel]) -> None:
    assert [name for name, field in leaves(model) if not field.description] == []
