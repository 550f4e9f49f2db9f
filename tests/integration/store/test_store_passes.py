"""One enrichment pass per account, over the wire: who gets it, who waits, nothing is missed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from domain.enrichment_pass import Busy, Covered, Run
from store.database import Store, connect
from tests.fakes.mongo import TEST_KEY
from tests.fakes.stored_orders import NOON


def let_lease_run_out(store: Store, account: str = "demo") -> None:
    store.database["passes"].update_one({"_id": account}, {"$set": {"lease_until": NOON}})


def test_a_pass_runs_page_by_page_and_covers_what_was_wanted(store: Store) -> None:
    wanted_at = store.now()

    run = store.passes.take("demo", holder="m1", wanted_at=wanted_at)
    assert isinstance(run, Run)
    assert wanted_at <= run.started_at <= store.now()
    assert run.updated_after == run.started_at - timedelta(days=3)
    kept = [
        store.passes.page_stored(
            "demo", holder="m1", next_token=token, last_updated_before=run.started_at
        )
        for token in ("page 2", None)
    ]
    store.passes.finish("demo", holder="m1")

    assert kept == [True, True]
    assert store.passes.take("demo", holder="m1", wanted_at=wanted_at) == Covered()
    assert store.passes.take("demo", holder="m2", wanted_at=run.started_at) == Covered()
    state = store.passes.state("demo")
    assert (state.covered_through, state.watermark) == (run.started_at, run.started_at)


def test_the_next_pass_begins_ten_minutes_before_the_watermark(store: Store) -> None:
    run = store.passes.take("demo", holder="m1", wanted_at=store.now())
    assert isinstance(run, Run)
    store.passes.page_stored("demo", holder="m1", next_token=None, last_updated_before=NOON)
    store.passes.finish("demo", holder="m1")

    again = store.passes.take("demo", holder="m2", wanted_at=store.now() + timedelta(seconds=1))

    assert isinstance(again, Run)
    assert again.updated_after == NOON - timedelta(minutes=10)


def test_one_of_many_messages_runs_and_the_others_are_covered(store: Store, url: str) -> None:
    start = threading.Barrier(8)
    wanted_at = store.now()

    def ask(n: int) -> str:
        with connect(url, store.database.name, cipher=TEST_KEY) as own:
            start.wait()
            turn = own.passes.take("demo", holder=f"m{n}", wanted_at=wanted_at)
        return type(turn).__name__

    with ThreadPoolExecutor(8) as pool:
        turns = sorted(pool.map(ask, range(8)))

    assert turns == ["Covered"] * 7 + ["Run"]


def test_a_wish_during_the_pass_is_run_by_its_holder_afterwards(store: Store) -> None:
    first = store.passes.take("demo", holder="m1", wanted_at=store.now())
    assert isinstance(first, Run)
    late_wish = store.now() + timedelta(milliseconds=20)
    assert store.passes.take("demo", holder="m2", wanted_at=late_wish) == Covered()
    store.passes.finish("demo", holder="m1")

    second = store.passes.take("demo", holder="m1", wanted_at=first.started_at)

    assert isinstance(second, Run)
    assert second.started_at > first.started_at


def test_the_same_message_twice_at_once_is_busy(store: Store) -> None:
    store.passes.take("demo", holder="m1", wanted_at=store.now())

    turn = store.passes.take("demo", holder="m1", wanted_at=NOON)

    assert isinstance(turn, Busy)
    assert 100 < turn.retry_after_s <= 150


def test_after_a_crash_the_pass_goes_on_at_its_page(store: Store) -> None:
    first = store.passes.take("demo", holder="m1", wanted_at=store.now())
    store.passes.page_stored("demo", holder="m1", next_token="p2", last_updated_before=None)
    let_lease_run_out(store)

    second = store.passes.take("demo", holder="m2", wanted_at=NOON)

    assert isinstance(first, Run)
    assert second == Run(first.started_at, first.updated_after, "p2")
    assert not store.passes.page_stored(
        "demo", holder="m1", next_token="p3", last_updated_before=None
    )
    assert not store.passes.renew("demo", holder="m1")
    store.passes.finish("demo", holder="m1")
    assert store.passes.state("demo").holder == "m2"


def test_a_pass_put_off_for_nothing_is_given_back_at_once(store: Store) -> None:
    store.passes.take("demo", holder="m1", wanted_at=store.now())
    store.passes.put_off("demo", holder="m1", seconds=0)

    assert isinstance(store.passes.take("demo", holder="m1", wanted_at=NOON), Run)


def test_a_pass_put_off_waits_for_its_holder(store: Store) -> None:
    store.passes.take("demo", holder="m1", wanted_at=store.now())
    store.passes.put_off("demo", holder="m1", seconds=60)

    assert isinstance(store.passes.take("demo", holder="m1", wanted_at=NOON), Busy)
    assert store.passes.take("demo", holder="m2", wanted_at=NOON) == Covered()


def test_a_search_can_be_restarted_by_its_holder(store: Store) -> None:
    store.passes.take("demo", holder="m1", wanted_at=store.now())
    store.passes.page_stored("demo", holder="m1", next_token="p2", last_updated_before=NOON)

    store.passes.restart_search("demo", holder="m2")
    assert store.passes.state("demo").page_token == "p2"
    store.passes.restart_search("demo", holder="m1")

    assert store.passes.state("demo").page_token is None
    assert store.passes.renew("demo", holder="m1")


def test_accounts_do_not_wait_for_each_other(store: Store) -> None:
    turns = [
        store.passes.take(account, holder="m1", wanted_at=store.now())
        for account in ("demo", "other")
    ]

    assert [type(turn) for turn in turns] == [Run, Run]


def test_who_never_took_a_pass_cannot_change_one(store: Store) -> None:
    assert not store.passes.renew("demo", holder="m1")
    assert not store.passes.page_stored(
        "demo", holder="m1", next_token=None, last_updated_before=None
    )
    store.passes.put_off("demo", holder="m1", seconds=1)
    store.passes.finish("demo", holder="m1")

    assert store.database["passes"].count_documents({}) == 0


def test_no_wish_is_ever_missed_between_finishing_and_asking_again(store: Store, url: str) -> None:
    """Every wish ends covered by a pass that started after it, however the messages interleave."""
    wishes = 60
    start = threading.Barrier(4)

    def work(worker: int) -> None:
        with connect(url, store.database.name, cipher=TEST_KEY) as own:
            start.wait()
            for n in range(wishes // 4):
                wanted_at, holder = own.now(), f"m{worker}-{n}"
                while isinstance(own.passes.take("demo", holder=holder, wanted_at=wanted_at), Run):
                    own.passes.finish("demo", holder=holder)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))

    state = store.passes.state("demo")
    assert state.started_at is None
    assert state.wanted_at is not None
    assert state.covered_through is not None
    assert state.covered_through >= state.wanted_at
