"""Amazon as its own models describe it, and an Amazon that answers as it is told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.models import FEEDS, ORDERS, REPORTS, Model, load_model
from tests.fakes.amazon_http import ScriptedAmazon


@pytest.fixture
def models() -> dict[str, Model]:
    return {name: load_model(name) for name in (REPORTS, ORDERS, FEEDS)}


@pytest.fixture
def amazon() -> Iterator[ScriptedAmazon]:
    scripted = ScriptedAmazon()
    yield scripted
    scripted.client.close()
