"""A MongoDB for tests: the one at ``MONGODB_URL``, or an embedded server started for the session.

Plain context managers; a conftest turns them into fixtures:

    with mongodb_url() as url, fresh_store(url) as store: ...
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from pymongo import MongoClient

from store.database import Store, connect
from store.embedded_server import start
from store.encryption import FieldCipher, Keyring

TEST_KEY = FieldCipher(Keyring({"test": bytes(range(32))}, "test"))
"""A key that everybody knows: for data that is made up."""


@contextmanager
def mongodb_url(*, sync: bool = False) -> Iterator[str]:
    """Yield where a MongoDB listens; an embedded server ends with the context.

    ``sync``: what is acknowledged is on disk, for tests that kill the server.
    """
    if url := os.environ.get("MONGODB_URL"):
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="store-test-") as folder:
        server = start(Path(folder) / "store", Path(folder) / "store.log", sync=sync)
        try:
            yield server.url
        finally:
            server.stop()


@contextmanager
def fresh_database(url: str) -> Iterator[str]:
    """Yield the name of a database of its own, which is dropped afterwards."""
    name = f"test_{uuid4().hex[:16]}"
    try:
        yield name
    finally:
        client: MongoClient[dict[str, Any]] = MongoClient(url)
        with client:
            client.drop_database(name)


@contextmanager
def fresh_store(url: str, *, chunk_rows: int = 3) -> Iterator[Store]:
    """Yield an empty store with its indexes, in a database of its own."""
    with (
        fresh_database(url) as name,
        connect(url, name, cipher=TEST_KEY, chunk_rows=chunk_rows) as store,
    ):
        store.ensure_indexes()
        yield store
