"""Killed with -9 after each single step of the feed machine, exactly one feed reaches Amazon."""

from __future__ import annotations

import signal

import pytest

from domain.feeds import Feed, FeedState
from simulator.server import Simulator
from store.database import Store
from tests.fakes.dying import Steps
from tests.fakes.feed_bench import Place, Worker, killed_after
from tests.fakes.feed_values import FILE, ORDER_ID, batched, new_feed

STEPS = [
    "claim", "create_document", "documented", "content", "upload", "uploaded",
    "now", "creating", "create_feed", "created", "publish",
    "take_poll", "feed", "now", "publish", "poll_done",
    "take_poll", "feed", "now", "result", "processed", "publish", "poll_done", "close",
]  # fmt: skip

CREATE_FEED, AFTER_CREATING = 9, 8
FOUND = ["claim", "feeds", "known_at_amazon", "created", "publish"]
"""How a worker goes on from an attempt that had its effect, until the feed is at Amazon."""
NOT_FOUND = [
    "claim", "feeds", "known_at_amazon", "looked",
    "claim", "feeds", "known_at_amazon", "now", "creating", "create_feed", "created", "publish",
]  # fmt: skip
"""And from one that had none: two looks, then the same document again."""


def named(steps: list[str]) -> list[str]:
    return [f"{n}-{step}" for n, step in enumerate(steps, 1)]


def prepared(bench: Worker) -> Feed:
    feed = bench.store.feeds.prepare(new_feed())
    bench.journal.publish(batched())
    return feed


def expect_one_feed(simulator: Simulator, store: Store, feed: Feed) -> Feed:
    [at_amazon] = simulator.seller().feeds.values()
    after = store.feeds.get(feed.feed_id)
    assert at_amazon.document is not None
    assert at_amazon.document.body == FILE
    assert after is not None
    assert (after.state, after.amazon_feed_id) == (FeedState.APPLIED, at_amazon.feed_id)
    result = store.feeds.result(feed.feed_id)
    assert result is not None
    assert "Number of records successful\t\t1" in result.text
    simulator.advance(120)
    packages = simulator.seller().orders[ORDER_ID].packages
    assert [package.tracking_number for package in packages] == ["1Z0000000000000017"]
    return after


def test_the_steps_of_a_feed_are_these(bench: Worker, simulator: Simulator, store: Store) -> None:
    feed, steps = prepared(bench), Steps(lambda: None)

    bench.run(steps)

    assert steps.made == STEPS
    assert not expect_one_feed(simulator, store, feed).adopted


@pytest.mark.parametrize("last", range(1, len(STEPS) + 1), ids=named(STEPS))
def test_killed_after_any_step_exactly_one_feed_reaches_amazon(
    last: int, bench: Worker, place: Place, simulator: Simulator, store: Store
) -> None:
    feed = prepared(bench)

    assert killed_after(place, last) == -signal.SIGKILL
    bench.run()

    after = expect_one_feed(simulator, store, feed)
    assert after.adopted is (STEPS[last - 1] == "create_feed")
    assert bench.journal.pending() == []


@pytest.mark.parametrize("last", range(1, len(FOUND) + 1), ids=named(FOUND))
def test_killed_again_while_it_looks_for_the_feed_exactly_one_reaches_amazon(
    last: int, bench: Worker, place: Place, simulator: Simulator, store: Store
) -> None:
    feed = prepared(bench)

    assert killed_after(place, CREATE_FEED) == -signal.SIGKILL
    assert killed_after(place, last) == -signal.SIGKILL
    bench.run()

    assert expect_one_feed(simulator, store, feed).adopted
    assert bench.journal.pending() == []


def test_the_steps_after_an_attempt_without_effect_are_these(
    bench: Worker, place: Place, simulator: Simulator, store: Store
) -> None:
    feed, steps = prepared(bench), Steps(lambda: None)
    assert killed_after(place, AFTER_CREATING) == -signal.SIGKILL

    bench.run(steps)

    assert steps.made[: len(NOT_FOUND)] == NOT_FOUND
    assert not expect_one_feed(simulator, store, feed).adopted


@pytest.mark.parametrize("last", range(1, len(NOT_FOUND) + 1), ids=named(NOT_FOUND))
def test_killed_again_before_the_attempt_is_repeated_exactly_one_feed_reaches_amazon(
    last: int, bench: Worker, place: Place, simulator: Simulator, store: Store
) -> None:
    feed = prepared(bench)

    assert killed_after(place, AFTER_CREATING) == -signal.SIGKILL
    assert killed_after(place, last) == -signal.SIGKILL
    bench.run()

    after = expect_one_feed(simulator, store, feed)
    assert after.adopted is (NOT_FOUND[last - 1] == "create_feed")
    assert bench.journal.pending() == []
