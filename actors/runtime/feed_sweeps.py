"""The sweeps of feeds: rows of the table in ``actors.runtime.sweeps``."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Any

from actors.runtime.sweepers import LIMIT, Sweep, SweepPorts
from domain.feeds import FULFILLMENT, POLLED_STATES, UNSENT_STATES, Feed, FeedState
from domain.messages import Event, FeedProcessed, FeedSubmitted, FulfillmentBatched

BATCHED = {FULFILLMENT: FulfillmentBatched}
"""Who prepared a feed, by its type."""
Run = Callable[[SweepPorts, timedelta], int]


def _batched_again(feed: Feed, key: str) -> Event:
    return BATCHED[feed.feed_type].again(key=key, **_flow(feed), feed=feed.feed_id)


def _submitted_again(feed: Feed, key: str) -> Event:
    return FeedSubmitted.again(
        key=key,
        **_flow(feed),
        feed=feed.feed_id,
        amazon_feed_id=feed.amazon_feed_id,
        attempt=feed.poll_attempt,
    )


def _processed_again(feed: Feed, key: str) -> Event:
    assert feed.owed is not None  # noqa: S101  what the sweep looks for
    return FeedProcessed.again(
        key=key,
        **_flow(feed),
        feed=feed.feed_id,
        feed_type=feed.feed_type,
        outcome=feed.owed.value,
    )


def _flow(feed: Feed) -> dict[str, Any]:
    flow = {"flow_id": feed.flow_id, "flow_started_at": feed.flow_started_at}
    return {"account": feed.account, **flow}


def _feeds(states: Collection[FeedState], again: Callable[[Feed, str], Event]) -> Run:
    def run(ports: SweepPorts, max_age: timedelta) -> int:
        found = ports.store.feeds_in(states, limit=LIMIT)
        return sum(_announce(ports, feed, again, max_age) for feed in found)

    return run


def _owing(ports: SweepPorts, max_age: timedelta) -> int:
    found = ports.store.feeds_owing(limit=LIMIT)
    return sum(_announce(ports, feed, _processed_again, max_age) for feed in found)


def _announce(
    ports: SweepPorts, feed: Feed, again: Callable[[Feed, str], Event], max_age: timedelta
) -> int:
    key = f"feed/{feed.feed_id}"
    progress = f"{feed.state}, owed {feed.owed}, poll {feed.poll_attempt}, claim {feed.revision}"
    watch = ports.store.watch(key, progress, max_age)
    if not watch.is_overdue(ports.store.now()):
        return 0
    ports.publish(again(feed, f"{progress}/{watch.times}"))
    ports.store.announced(key, watch, max_age)
    return 1


FEED_SWEEPS: tuple[Sweep, ...] = (
    Sweep(
        "feed: prepared, documented or uploaded",
        timedelta(minutes=30),
        "announced as prepared again (FulfillmentBatched)",
        "FeedStuck",
        "submit_feed",
        _feeds(UNSENT_STATES, _batched_again),
    ),
    Sweep(
        "feed: createFeed sent, answer unknown",
        timedelta(minutes=30),
        "announced as prepared again: looked for at Amazon, then sent again",
        "FeedStuck",
        "submit_feed",
        _feeds({FeedState.CREATING}, _batched_again),
    ),
    Sweep(
        "feed: submitted or released, no poll",
        timedelta(minutes=30),
        "FeedSubmitted again, with the number of the poll that is due",
        "FeedStuck",
        "poll_feed",
        _feeds(POLLED_STATES, _submitted_again),
    ),
    Sweep(
        "feed: its outcome not taken by its members",
        timedelta(minutes=15),
        "FeedProcessed again",
        "FeedStuck",
        run=_owing,
    ),
    Sweep(
        "feed: held until a person decides",
        timedelta(),
        "none: `feeds release` by a person",
        "FeedLaneHeld",
    ),
)
