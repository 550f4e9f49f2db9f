"""Orders in the store: rivals between reading and writing, threads and processes at once."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from domain.errors import Contended
from domain.orders import Order
from store.database import Store, connect
from store.embedded import ROOT
from store.orders import Decide
from tests.fakes.mongo import TEST_KEY
from tests.fakes.stored_orders import create, order

IMPORTER = """
import sys
from dataclasses import replace
from store.database import connect
from tests.fakes.mongo import TEST_KEY
from tests.fakes.stored_orders import order
url, database, writer = sys.argv[1:]

def decide_for(order_id):
    def decide(old):
        known = old or order(order_id)
        if writer in known.flags:
            return None
        return replace(known, flags=(*known.flags, writer))
    return decide

ids = [f"701-{n}" for n in range(150)]
with connect(url, database, cipher=TEST_KEY) as store:
    print("ready", flush=True)
    sys.stdin.readline()
    store.orders.change("demo", {each: decide_for(each) for each in ids})
"""


def test_a_lost_update_is_asked_again_on_what_is_there_now(store: Store) -> None:
    create(store, order())
    seen: list[str] = []

    def decide(old: Order | None) -> Order | None:
        assert old is not None
        seen.append(old.amazon_status)
        if len(seen) == 1:  # A rival is faster, between our reading and our writing.
            store.orders.change(
                "demo", {"701-1": lambda rival: rival and replace(rival, amazon_status="Shipped")}
            )
        return replace(old, flags=("ours",))

    after, wrote = store.orders.change("demo", {"701-1": decide})["701-1"]

    assert seen == ["Pending", "Shipped"]
    assert wrote
    assert after is not None
    assert (after.amazon_status, after.flags, after.revision) == ("Shipped", ("ours",), 3)


def test_a_lost_creation_finds_the_other_ones_order(store: Store) -> None:
    seen: list[Order | None] = []

    def decide(old: Order | None) -> Order | None:
        seen.append(old)
        if old is None:
            create(store, order(flags=("rival",)))
            return order(flags=("ours",))
        return None

    after, wrote = store.orders.change("demo", {"701-1": decide})["701-1"]

    assert not wrote
    assert after is not None
    assert after.flags == ("rival",)
    assert [each is None for each in seen] == [True, False]


def test_only_the_losers_of_a_bulk_are_asked_again(store: Store) -> None:
    create(store, order("701-1"), order("701-2"))
    asked: list[str] = []

    def decide(old: Order | None) -> Order | None:
        assert old is not None
        asked.append(old.order_id)
        if asked == ["701-1", "701-2"]:
            store.orders.change(
                "demo", {"701-2": lambda rival: rival and replace(rival, amazon_status="Shipped")}
            )
        return replace(old, flags=("ours",))

    after = store.orders.change("demo", {"701-1": decide, "701-2": decide})

    assert asked == ["701-1", "701-2", "701-2"]
    assert all(wrote for _, wrote in after.values())


def test_endless_rivals_end_in_contended(store: Store) -> None:
    create(store, order())

    def decide(old: Order | None) -> Order | None:
        assert old is not None
        store.database["orders"].update_one({"_id": "demo/701-1"}, {"$inc": {"revision": 1}})
        return replace(old, flags=("ours",))

    with pytest.raises(Contended, match="1 orders of demo"):
        store.orders.change("demo", {"701-1": decide})


def test_racing_threads_lose_no_change(store: Store, url: str) -> None:
    ids = [f"701-{n}" for n in range(40)]
    writers = 4
    start = threading.Barrier(writers)

    def write(writer: int) -> int:
        def mark(order_id: str) -> Decide:
            def decide(old: Order | None) -> Order:
                known = old or order(order_id)
                return replace(known, flags=(*known.flags, f"w{writer}"))

            return decide

        with connect(url, store.database.name, cipher=TEST_KEY) as own:
            start.wait()
            after = own.orders.change("demo", {each: mark(each) for each in ids})
        return sum(wrote for _, wrote in after.values())

    with ThreadPoolExecutor(writers) as pool:
        wrote = sum(pool.map(write, range(writers)))

    stored = [store.orders.get("demo", order_id) for order_id in ids]
    assert wrote == writers * len(ids)
    for each in stored:
        assert each is not None
        assert sorted(each.flags) == ["w0", "w1", "w2", "w3"]
        assert each.revision == writers


def test_two_processes_on_the_same_orders_make_no_duplicate_and_lose_no_change(
    store: Store, url: str
) -> None:
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", IMPORTER, url, store.database.name, writer],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for writer in ("w1", "w2")
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

    assert [process.wait(60) for process in processes] == [0, 0]
    for process in processes:
        process.communicate()

    stored = list(store.database["orders"].find())
    assert len(stored) == 150
    assert all(sorted(each["flags"]) == ["w1", "w2"] for each in stored)
    assert all(each["revision"] == 2 for each in stored)
