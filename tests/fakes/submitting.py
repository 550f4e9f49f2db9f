"""The stage that sends feeds, run on everything in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from actors.feeds.submit_feed import submit_feed
from actors.ports import Policy
from domain.errors import ConnectorError, Refused, Throttled
from domain.feeds import Feed
from domain.messages import FeedSubmitted
from domain.order_import import FirstSeen
from tests.fakes.clock import FakeClock
from tests.fakes.feed_amazon import MemoryFeedAmazon
from tests.fakes.feed_values import batched, new_feed
from tests.fakes.memory_feeds import MemoryFeeds

WRITERS = frozenset({"demo"})
REFUSED = Refused("createFeed", code="InvalidInput", status=400, message="no such type")
THROTTLED = Throttled("createFeed", retry_after_s=120)


@dataclass
class Desk:
    """A prepared feed, and a worker with all it needs."""

    dry: bool = False
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.amazon = MemoryFeedAmazon(self.clock)
        self.feeds = MemoryFeeds(self.clock)
        self.feed_id = self.feeds.prepare(new_feed(dry=self.dry)).feed_id

    @property
    def feed(self) -> Feed:
        return self.feeds.all[self.feed_id]

    def submit(self, writers: frozenset[str] = WRITERS) -> list[Any]:
        """Run the stage once and return what it says."""
        policy = Policy(first_seen=FirstSeen.OPEN_ORDERS, amazon_writes=writers)
        ports = {"feeds": self.feeds, "amazon_feeds": self.amazon, "policy": policy}
        return list(submit_feed(batched(), **ports))

    def fails(self, *errors: ConnectorError, after: timedelta = timedelta()) -> float:
        """Run the stage later; it must raise one of these.  Returns the wait it asks for."""
        self.clock.advance(after.total_seconds())
        with pytest.raises(tuple(type(each) for each in errors)) as raised:
            self.submit()
        return float(getattr(raised.value, "retry_after_s", 0))

    def submit_after(self, minutes: float) -> list[Any]:
        self.clock.advance(minutes * 60)
        return self.submit()


SUBMITTED = FeedSubmitted.following(
    batched(), feed=batched().feed, amazon_feed_id="amazon-1", attempt=0
)
