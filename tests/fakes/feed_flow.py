"""The feed stages on the hostile broker, everything else in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from actors.feed_ports import Feeds
from actors.feeds.poll_feed import poll_feed
from actors.feeds.submit_feed import submit_feed
from actors.ports import Policy
from actors.runtime.failures import FailurePolicy
from actors.runtime.publisher import message_for
from actors.runtime.stage import Produced, bind, stage
from domain.feeds import Feed, FeedOutcome
from domain.messages import FeedProcessed
from domain.order_import import FirstSeen
from tests.fakes.clock import FakeClock
from tests.fakes.dying import Dying, Steps
from tests.fakes.feed_amazon import MemoryFeedAmazon
from tests.fakes.feed_values import batched, new_feed
from tests.fakes.hostile_broker import HostileBroker, Killed
from tests.fakes.memory_feeds import MemoryFeeds
from tests.fakes.quarantine import MemoryQuarantine

POLICY = Policy(first_seen=FirstSeen.OPEN_ORDERS, amazon_writes=frozenset({"demo"}))


@stage(consumes=(FeedProcessed,))
def take_outcome(processed: FeedProcessed, *, feeds: Feeds) -> Iterator[Produced]:
    """Stand in for the stage that tells the members."""
    feeds.close(processed.feed, FeedOutcome(processed.outcome))
    yield from ()


@dataclass
class _Ports:
    feeds: Any
    amazon_feeds: Any
    policy: Policy


def killed() -> None:
    raise Killed


class FeedFlow:
    """``last`` is the step after which the worker dies, once; 0: never."""

    def __init__(self, *, last: int = 0, **hostility: int) -> None:
        self.clock = FakeClock()
        self.amazon = MemoryFeedAmazon(self.clock, ready_after=3)
        self.feeds = MemoryFeeds(self.clock)
        self.quarantine = MemoryQuarantine()
        self.broker = HostileBroker(self.clock, **hostility)
        self.steps = Steps(killed, last=last)
        ports = _Ports(Dying(self.feeds, self.steps), Dying(self.amazon, self.steps), POLICY)
        failures = FailurePolicy(self.broker, self.quarantine, draw=lambda: 0.5)
        bind(self.broker, (submit_feed, poll_feed, take_outcome), ports, failures)

    def send(self, key: str = "12:00") -> Feed:
        """Prepare a feed, and let the flow come to rest; return what became of it."""
        feed = self.feeds.prepare(new_feed(key))
        self.broker.deliver_from_outside(message_for("submit_feed", batched(key)))
        self.broker.run()
        return self.feeds.all[feed.feed_id]
