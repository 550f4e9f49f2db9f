from __future__ import annotations

from typing import Any

import click
import pytest

from cli.entering import tracking_entry
from tests.fakes.clock import START

GIVEN: dict[str, Any] = {
    "carrier": "UPS",
    "tracking_number": "1Z999AA10123456784",
    "shipped_at": "2026-11-23T15:40:00-05:00",
    "items": ["MAT-07:2"],
}


def test_an_entry_by_hand_is_as_new_as_the_store_says() -> None:
    entry = tracking_entry("demo", "111-1234567-1234567", None, GIVEN, now=START)
    assert entry.entered_at == START


@pytest.mark.parametrize("at", ["2026-11-23T15:40:00", "1700000000"])
def test_an_entry_by_hand_needs_the_offset_of_its_time(at: str) -> None:
    with pytest.raises(click.UsageError, match=r"^shipped_at: "):
        tracking_entry("demo", "1", None, GIVEN | {"shipped_at": at}, now=START)
