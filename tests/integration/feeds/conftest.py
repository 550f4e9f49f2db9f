"""A store of the session's server and a simulated Amazon with one order to ship."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.server import Simulator
from store.database import Store
from tests.fakes.feed_bench import Place, Worker, worker
from tests.fakes.feed_values import ITEM_ID, NOON, ORDER_ID
from tests.fakes.mongo import fresh_store, mongodb_url


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    with mongodb_url() as found:
        yield found


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with fresh_store(url) as opened:
        yield opened


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(orders=0, speed=0, start_at=NOON, throttle=False) as running:
        item = {"sku": "BP-100", "quantity": 2, "order_item_id": ITEM_ID}
        running.put_order(order_id=ORDER_ID, status="UNSHIPPED", age_s=7200, items=[item])
        yield running
        assert running.state()["unknown_parameters"] == []


@pytest.fixture
def place(url: str, store: Store, simulator: Simulator, tmp_path: Path) -> Place:
    return Place(url, store.database.name, simulator.url, tmp_path / "journal")


@pytest.fixture
def bench(place: Place) -> Iterator[Worker]:
    with worker(place) as mine:
        yield mine
