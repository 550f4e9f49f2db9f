"""Reaching the store, and what is told when it cannot be reached."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import Permanent, Unavailable
from store.database import Store, Timeouts, connect
from tests.fakes.mongo import TEST_KEY

IMPATIENT = Timeouts(select_s=0.3, connect_s=0.3, answer_s=0.3)


@contextmanager
def mute_server() -> Iterator[int]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def test_the_stores_time_is_aware_and_near_ours(store: Store) -> None:
    at = store.now()

    assert at.tzinfo is UTC
    assert abs(at - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_store_nobody_serves_is_unavailable_in_time_and_in_one_line() -> None:
    url = f"mongodb://127.0.0.1:{free_port()}/"
    began = time.monotonic()

    with connect(url, "test", cipher=TEST_KEY, timeouts=IMPATIENT) as store:
        with pytest.raises(Unavailable) as told:
            store.ping()
        with pytest.raises(Unavailable):
            store.orders.get("demo", "701-1")
        with pytest.raises(Unavailable):
            store.ensure_indexes()

    assert time.monotonic() - began < 5
    assert str(told.value).startswith("the store does not answer: 127.0.0.1:")
    assert "\n" not in str(told.value)


def test_a_store_that_never_answers_is_unavailable_too() -> None:
    with (
        mute_server() as port,
        connect(
            f"mongodb://127.0.0.1:{port}/", "test", cipher=TEST_KEY, timeouts=IMPATIENT
        ) as store,
        pytest.raises(Unavailable),
    ):
        store.ping()


@pytest.mark.parametrize("url", ["", "http://host/", "mongodb://", "mongodb://host:port/"])
def test_a_url_that_is_none_is_told_without_showing_it(url: str) -> None:
    with pytest.raises(Permanent, match="MONGODB_URL cannot be used"):
        connect(url, "test", cipher=TEST_KEY)


def test_a_database_name_that_is_none_is_told(url: str) -> None:
    with pytest.raises(Permanent, match="name of the database cannot be used"):
        connect(url, "my database.", cipher=TEST_KEY)


def test_a_closed_store_leaves_no_thread_behind(url: str) -> None:
    before = set(threading.enumerate())
    with connect(url, "test", cipher=TEST_KEY) as store:
        store.ping()
        its_own = set(threading.enumerate()) - before
    assert its_own

    for each in its_own:
        each.join(10)
    assert not [each.name for each in its_own if each.is_alive()]
