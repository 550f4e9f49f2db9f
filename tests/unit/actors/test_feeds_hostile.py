"""Feeds on a broker that doubles, shuffles, refuses and kills: Amazon gets each one once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.feeds import Feed, FeedState
from tests.fakes.feed_amazon import DROPPED
from tests.fakes.feed_flow import FeedFlow
from tests.fakes.feed_values import FILE

STEPS_OF_A_QUIET_RUN = [
    "claim", "create_document", "documented", "content", "upload", "uploaded",
    "now", "creating", "create_feed", "created",
    "take_poll", "feed", "now", "poll_done",
    "take_poll", "feed", "now", "poll_done",
    "take_poll", "feed", "now", "result", "processed", "poll_done", "close",
]  # fmt: skip
PUBLISHES_OF_A_QUIET_RUN = 4


def expect_sent_once(world: FeedFlow, feed: Feed) -> None:
    assert list(world.amazon.made_of.values()) == [FILE]
    assert feed.state is FeedState.APPLIED
    assert [feed.amazon_feed_id] == list(world.amazon.sent)
    assert feed.processing_status == "DONE"
    assert world.feeds.results.keys() == {feed.feed_id}
    assert world.quarantine.kept == []


def test_a_feed_is_sent_and_polled_on_a_quiet_broker() -> None:
    world = FeedFlow(copies=1)

    expect_sent_once(world, world.send())
    assert world.steps.made == STEPS_OF_A_QUIET_RUN
    assert world.broker.published == PUBLISHES_OF_A_QUIET_RUN


@pytest.mark.parametrize("last", range(1, len(STEPS_OF_A_QUIET_RUN) + 1))
def test_a_worker_killed_after_any_step_leaves_a_feed_that_is_sent_once(last: int) -> None:
    world = FeedFlow(copies=1, last=last)

    feed = world.send()

    expect_sent_once(world, feed)
    assert world.steps.made[:last] == STEPS_OF_A_QUIET_RUN[:last]
    assert world.broker.processed > PUBLISHES_OF_A_QUIET_RUN + 1
    assert feed.adopted is (STEPS_OF_A_QUIET_RUN[last - 1] == "create_feed")


@pytest.mark.parametrize("publish", range(1, PUBLISHES_OF_A_QUIET_RUN + 1))
def test_a_worker_killed_between_write_and_publish_loses_nothing(publish: int) -> None:
    world = FeedFlow(copies=1, kill_at=publish)

    expect_sent_once(world, world.send())


@pytest.mark.parametrize("seed", range(20))
def test_doubled_shuffled_and_refused_messages_send_one_feed(seed: int) -> None:
    world = FeedFlow(seed=seed, copies=2, fail_every=5 + seed % 4)

    expect_sent_once(world, world.send())


@given(
    seed=st.integers(0, 10_000),
    hostility=st.sampled_from(
        [{"copies": 2}, {"copies": 3}, *({"copies": 1, "fail_every": n} for n in (3, 4, 5, 7))]
    ),
    last=st.integers(0, 40),
    dropped=st.sampled_from(["before", "after", "never"]),
)
def test_whatever_happens_at_once_amazon_gets_one_feed(
    *, seed: int, hostility: dict[str, int], last: int, dropped: str
) -> None:
    world = FeedFlow(seed=seed, last=last, **hostility)
    if dropped == "before":
        world.amazon.raises["create_feed"] = [DROPPED]
    if dropped == "after":
        world.amazon.raises_after["create_feed"] = [DROPPED]

    expect_sent_once(world, world.send())
