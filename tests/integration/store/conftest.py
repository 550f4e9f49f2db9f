"""One server a session, one database a test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from store.database import Store
from tests.fakes.mongo import fresh_store, mongodb_url


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    with mongodb_url() as found:
        yield found


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with fresh_store(url) as opened:
        yield opened
