"""Quotas shared by all workers: buckets, 429s, learned rates, breakers, suspended accounts."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from domain.errors import Suspended, Throttled
from domain.quota import Plan
from store.database import Store, connect
from store.quotas import QuotaState
from tests.fakes.mongo import TEST_KEY
from tests.fakes.stored_orders import NOON

SLOW = Plan(rate=0.01, burst=3)
OP = "searchOrders"


def take(store: Store, plan: Plan = SLOW, *, account: str = "demo", operation: str = OP) -> str:
    """Return how asking for a call ended."""
    try:
        store.quotas.take(account, operation, plan)
    except (Throttled, Suspended) as exc:
        return type(exc).__name__
    return "free"


def state(store: Store, operation: str = OP) -> QuotaState:
    return next(each for each in store.quotas.states() if each.operation == operation)


def suspend(store: Store, times: int = 5) -> None:
    for _ in range(times):
        store.quotas.failed("demo", OP, "503 from Amazon")


def let_pause_end(store: Store, operation: str = OP) -> None:
    store.database["quotas"].update_one(
        {"_id": f"demo/{operation}"}, {"$set": {"suspended_until": NOON}}
    )


def test_a_burst_is_free_and_then_the_bucket_is_empty(store: Store) -> None:
    assert [take(store) for _ in range(5)] == ["free"] * 3 + ["Throttled"] * 2


def test_a_refusal_says_when_a_call_will_be_free(store: Store) -> None:
    for _ in range(3):
        store.quotas.take("demo", OP, SLOW)

    with pytest.raises(Throttled) as refused:
        store.quotas.take("demo", OP, SLOW)

    assert 99 < refused.value.retry_after_s <= 105
    assert refused.value.operation == OP


def test_a_refused_call_costs_nothing(store: Store) -> None:
    for _ in range(3):
        store.quotas.take("demo", OP, SLOW)
    before = state(store)

    take(store)

    assert state(store) == before


def test_the_bucket_fills_with_time(store: Store) -> None:
    plan = Plan(rate=20, burst=1)
    assert take(store, plan) == "free"

    deadline = time.monotonic() + 5
    while take(store, plan) != "free":
        assert time.monotonic() < deadline


def test_all_workers_together_get_one_burst(store: Store, url: str) -> None:
    start = threading.Barrier(8)

    def ask(_: int) -> list[str]:
        with connect(url, store.database.name, cipher=TEST_KEY) as own:
            start.wait()
            return [take(own, Plan(rate=0.001, burst=10)) for _ in range(5)]

    with ThreadPoolExecutor(8) as pool:
        answers = [each for turn in pool.map(ask, range(8)) for each in turn]

    assert answers.count("free") == 10


def test_accounts_and_operations_have_buckets_of_their_own(store: Store) -> None:
    single = Plan(rate=0.01, burst=1)

    assert take(store, single) == "free"
    assert take(store, single, account="other") == "free"
    assert take(store, single, operation="getOrder") == "free"
    assert take(store, single) == "Throttled"


def test_after_a_429_nothing_is_free_whatever_the_burst(store: Store) -> None:
    take(store)
    store.quotas.push_back("demo", OP, 30)

    with pytest.raises(Throttled) as refused:
        store.quotas.take("demo", OP, SLOW)

    assert 29 < refused.value.retry_after_s <= 35


def test_a_429_before_any_call_of_ours_holds_too(store: Store) -> None:
    store.quotas.push_back("demo", OP, 30)

    assert take(store, Plan(rate=1, burst=1)) == "Throttled"


def test_a_shorter_push_back_does_not_shorten_a_longer_one(store: Store) -> None:
    take(store)
    store.quotas.push_back("demo", OP, 300)
    store.quotas.push_back("demo", OP, 1)

    with pytest.raises(Throttled) as refused:
        store.quotas.take("demo", OP, SLOW)

    assert refused.value.retry_after_s > 290


def test_amazons_own_rate_replaces_the_plans(store: Store) -> None:
    store.quotas.take("demo", OP, SLOW)
    store.quotas.learn_rate("demo", OP, 0.05)
    store.quotas.learn_rate("demo", OP, 0)

    assert [take(store) for _ in range(3)] == ["free", "free", "Throttled"]
    with pytest.raises(Throttled) as refused:
        store.quotas.take("demo", OP, SLOW)

    assert state(store).rate == 0.05
    assert refused.value.retry_after_s <= 25


def test_calls_made_before_a_rate_was_learned_cost_as_much_as_those_after(store: Store) -> None:
    for _ in range(3):
        store.quotas.take("demo", OP, SLOW)
    store.quotas.learn_rate("demo", OP, 0.001)

    with pytest.raises(Throttled) as refused:
        store.quotas.take("demo", OP, SLOW)

    assert 990 < refused.value.retry_after_s <= 1005


def test_five_failures_in_a_row_suspend_the_operation_for_a_minute(store: Store) -> None:
    suspend(store, times=4)
    assert take(store) == "free"
    suspend(store, times=1)

    with pytest.raises(Suspended) as paused:
        store.quotas.take("demo", OP, SLOW)

    assert 59 < paused.value.retry_after_s <= 66
    assert paused.value.reason == "503 from Amazon"
    assert "searchOrders of demo" in str(paused.value)
    assert take(store, operation="getOrder") == "free"


def test_a_success_in_between_starts_the_count_anew(store: Store) -> None:
    suspend(store, times=4)
    store.quotas.succeeded("demo", OP)
    suspend(store, times=4)

    assert take(store) == "free"


def test_when_the_pause_is_over_one_caller_probes(store: Store) -> None:
    suspend(store)
    let_pause_end(store)

    assert [take(store) for _ in range(3)] == ["free", "Suspended", "Suspended"]


def test_a_good_probe_ends_the_suspension(store: Store) -> None:
    suspend(store)
    let_pause_end(store)
    take(store)
    store.quotas.succeeded("demo", OP)

    assert take(store) == "free"
    assert (state(store).failures, state(store).suspended_until) == (0, None)


def test_failed_probes_double_the_pause_up_to_a_quarter_of_an_hour(store: Store) -> None:
    suspend(store)
    pauses = []
    for _ in range(6):
        let_pause_end(store)
        # Enough calls for every probe: this is not about the bucket.
        assert take(store, Plan(rate=100, burst=100)) == "free"
        store.quotas.failed("demo", OP, "503")
        until = state(store).suspended_until
        assert until is not None
        pauses.append(round((until - store.now()).total_seconds()))

    assert pauses == [120, 240, 480, 900, 900, 900]


def test_late_failures_of_calls_under_way_do_not_lengthen_the_pause(store: Store) -> None:
    suspend(store, times=12)

    until = state(store).suspended_until

    assert until is not None
    assert until - store.now() <= timedelta(seconds=60)


def test_a_refused_account_pauses_every_operation_for_a_quarter_of_an_hour(store: Store) -> None:
    store.quotas.suspend_account("demo", "invalid_grant")

    with pytest.raises(Suspended) as paused:
        store.quotas.take("demo", "getOrder", SLOW)

    assert 890 < paused.value.retry_after_s <= 905
    assert paused.value.scope == "account demo"
    assert take(store, account="other") == "free"


def test_a_suspended_account_is_probed_by_one_caller_a_period(store: Store, url: str) -> None:
    store.quotas.suspend_account("demo", "invalid_grant")
    let_pause_end(store, "*")
    start = threading.Barrier(6)

    def ask(n: int) -> str:
        with connect(url, store.database.name, cipher=TEST_KEY) as own:
            start.wait()
            return take(own, operation=f"operation {n}")

    with ThreadPoolExecutor(6) as pool:
        answers = sorted(pool.map(ask, range(6)))

    assert answers == ["Suspended"] * 5 + ["free"]


def test_a_throttled_caller_does_not_use_up_the_probe(store: Store) -> None:
    single = Plan(rate=0.01, burst=1)
    take(store, single)
    store.quotas.suspend_account("demo", "invalid_grant")
    let_pause_end(store, "*")

    assert take(store, single) == "Throttled"
    assert take(store, single, operation="getOrder") == "free"


def test_any_success_ends_the_suspension_of_the_account(store: Store) -> None:
    take(store, operation="getOrder")
    store.quotas.suspend_account("demo", "invalid_grant")
    store.quotas.succeeded("demo", "getOrder")

    assert take(store) == "free"


def test_the_states_tell_everything_by_name(store: Store) -> None:
    take(store)
    store.quotas.suspend_account("demo", "invalid_grant")

    account, operation = store.quotas.states()

    assert (account.operation, account.reason) == ("*", "invalid_grant")
    assert (operation.operation, operation.burst, operation.failures) == (OP, 3, 0)
    assert operation.rate == 0.01
    assert operation.free_at is not None
    assert operation.free_at < store.now()


def test_the_fifth_failure_in_a_row_tells_that_its_operation_is_suspended(store: Store) -> None:
    store.quotas.take("demo", OP, SLOW)

    told = [store.quotas.failed("demo", OP, "503") for _ in range(5)]

    assert told[:4] == [None, None, None, None]
    assert told[4] is not None
    assert 55 <= told[4] <= 60
