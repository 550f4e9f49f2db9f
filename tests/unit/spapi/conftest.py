from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakes.amazon_http import ScriptedAmazon


@pytest.fixture
def amazon() -> Iterator[ScriptedAmazon]:
    scripted = ScriptedAmazon()
    yield scripted
    scripted.client.close()
