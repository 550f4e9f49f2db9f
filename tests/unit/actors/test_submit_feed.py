"""Stage submit_feed: step by step to Amazon, once."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from actors.feeds.submit_feed import submit_feed
from actors.ports import Policy
from domain.errors import (
    ConnectorError,
    LinkExpired,
    Malformed,
    NotYet,
    Refused,
    Suspended,
    Throttled,
    Unavailable,
)
from domain.feeds import FULFILLMENT, Feed, FeedOutcome, FeedState
from domain.messages import FeedProcessed, FeedSubmitted
from domain.order_import import FirstSeen
from tests.fakes.clock import FakeClock
from tests.fakes.feed_amazon import DROPPED, MemoryFeedAmazon
from tests.fakes.feed_values import FILE, batched, new_feed
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


def test_a_prepared_feed_goes_to_amazon() -> None:
    desk = Desk()

    assert desk.submit() == [SUBMITTED]
    assert desk.amazon.calls == ["create_document", "upload", "create_feed"]
    assert desk.amazon.made_of == {"amazon-1": FILE}
    assert (desk.feed.state, desk.feed.adopted) == (FeedState.SUBMITTED, False)


def test_the_message_once_more_says_the_same_and_sends_nothing() -> None:
    desk = Desk()
    desk.submit()

    assert desk.submit() == [SUBMITTED]
    assert list(desk.amazon.sent) == ["amazon-1"]


def test_a_worker_does_not_touch_what_another_is_sending() -> None:
    desk = Desk()
    desk.feeds.claim(desk.feed_id)

    assert desk.fails(NotYet("", retry_after_s=0)) == 150
    assert desk.amazon.calls == []


def test_a_feed_left_with_a_document_gets_a_fresh_one() -> None:
    desk = Desk()
    desk.feeds.documented(desk.feeds.claim(desk.feed_id), "doc-lost", desk.clock.now())

    assert desk.submit_after(2.5) == [SUBMITTED]
    assert desk.feed.document_id == "doc-1"


def test_an_expired_upload_link_costs_only_a_new_document() -> None:
    desk = Desk()
    desk.amazon.raises["upload"] = [LinkExpired("403")]

    desk.fails(LinkExpired(""))

    assert desk.feed.state is FeedState.DOCUMENTED
    assert desk.submit() == [SUBMITTED]
    assert desk.feed.document_id == "doc-2"


@pytest.mark.parametrize("operation", ["create_document", "upload"])
@pytest.mark.parametrize("error", [THROTTLED, Unavailable("503")])
def test_a_call_without_effect_keeps_nobody_waiting(operation: str, error: ConnectorError) -> None:
    desk = Desk()
    desk.amazon.raises[operation] = [error]

    desk.fails(error)

    assert desk.submit() == [SUBMITTED]


@pytest.mark.parametrize("error", [THROTTLED, Suspended("createFeed", "x", retry_after_s=900)])
def test_an_attempt_amazon_did_not_take_counts_for_nothing(error: ConnectorError) -> None:
    desk = Desk()
    desk.amazon.raises["create_feed"] = [error]

    desk.fails(error)

    assert desk.feed.state is FeedState.UPLOADED
    assert (desk.feed.attempts, desk.feed.attempt_at) == (0, None)
    assert desk.submit() == [SUBMITTED]
    assert "feeds" not in desk.amazon.calls


@pytest.mark.parametrize("operation", ["create_document", "upload", "create_feed"])
def test_a_refused_feed_is_held_for_a_person(operation: str) -> None:
    desk = Desk()
    desk.amazon.raises[operation] = [REFUSED]

    assert desk.submit() == []
    assert desk.feed.held == "createFeed was refused: 400 InvalidInput no such type"
    assert desk.submit() == []
    assert desk.feeds.lane("demo", FULFILLMENT).open_feed == desk.feed
    assert desk.amazon.sent == {}


def test_a_refused_list_holds_the_feed_too() -> None:
    desk = Desk()
    desk.amazon.raises_after["create_feed"] = [DROPPED]
    desk.fails(DROPPED)
    desk.amazon.raises["feeds"] = [REFUSED]

    assert desk.submit_after(2.5) == []
    assert desk.feed.held


def test_an_attempt_whose_answer_was_lost_is_found_in_amazons_list() -> None:
    desk = Desk()
    desk.amazon.raises_after["create_feed"] = [DROPPED]
    desk.fails(DROPPED)

    assert desk.fails(NotYet("", retry_after_s=0)) == 150
    assert desk.submit_after(2.5) == [SUBMITTED]

    assert desk.feed.adopted
    assert desk.amazon.made_of == {"amazon-1": FILE}
    assert desk.amazon.listed_since == [desk.feed.amazon_at - timedelta(minutes=5)]  # type: ignore[operator]


def test_an_answer_nobody_can_read_is_an_attempt_like_one_without() -> None:
    desk = Desk()
    desk.amazon.raises_after["create_feed"] = [Malformed("createFeed: unreadable feedId")]
    desk.fails(Unavailable(""))

    assert desk.submit_after(2.5) == [SUBMITTED]
    assert list(desk.amazon.sent) == ["amazon-1"]


def test_an_attempt_without_effect_is_repeated_after_two_looks() -> None:
    desk = Desk()
    desk.amazon.raises["create_feed"] = [DROPPED]
    desk.fails(DROPPED)

    assert desk.fails(NotYet("", retry_after_s=0), after=timedelta(seconds=150)) == 600
    assert desk.fails(NotYet("", retry_after_s=0), after=timedelta(minutes=9)) == 60
    assert desk.submit_after(1) == [SUBMITTED]

    assert desk.amazon.calls.count("feeds") == 2
    assert (desk.feed.attempts, desk.feed.document_id, desk.feed.adopted) == (2, "doc-1", False)


def test_a_feed_amazon_shows_late_is_adopted_at_the_second_look() -> None:
    desk = Desk()
    desk.amazon.raises_after["create_feed"] = [DROPPED]
    desk.amazon.hidden.add("amazon-1")
    desk.fails(DROPPED)
    desk.fails(NotYet("", retry_after_s=0), after=timedelta(seconds=150))
    desk.amazon.hidden.clear()

    assert desk.submit_after(10) == [SUBMITTED]
    assert list(desk.amazon.sent) == ["amazon-1"]


def test_a_look_that_amazon_does_not_grant_is_made_again() -> None:
    desk = Desk()
    desk.amazon.raises_after["create_feed"] = [DROPPED]
    desk.fails(DROPPED)
    desk.amazon.raises["feeds"] = [THROTTLED]
    desk.fails(THROTTLED, after=timedelta(seconds=150))

    assert desk.submit() == [SUBMITTED]


def test_a_second_attempt_amazon_throttles_is_looked_for_once_more_and_made() -> None:
    desk = Desk()
    desk.amazon.raises["create_feed"] = [DROPPED, THROTTLED]
    desk.fails(DROPPED)
    desk.fails(NotYet("", retry_after_s=0), after=timedelta(seconds=150))
    desk.fails(THROTTLED, after=timedelta(minutes=10))

    assert (desk.feed.state, desk.feed.attempts) == (FeedState.CREATING, 1)
    assert desk.submit() == [SUBMITTED]
    assert desk.amazon.calls.count("feeds") == 3


def test_feeds_of_others_that_cannot_be_told_from_ours_hold_it() -> None:
    desk = Desk()
    desk.amazon.raises_after["create_feed"] = [DROPPED]
    desk.fails(DROPPED)
    desk.amazon.add(FULFILLMENT)

    assert desk.submit_after(2.5) == []
    assert desk.feed.state is FeedState.CREATING
    assert desk.feed.held == "2 feeds at Amazon may be this one: amazon-1, amazon-2"
    assert desk.submit_after(60) == []


def test_feeds_we_know_are_not_taken_for_this_one() -> None:
    desk = Desk()
    known = desk.amazon.add(FULFILLMENT)
    desk.feeds.all["earlier"] = replace(
        desk.feed, feed_id="earlier", amazon_feed_id=known, state=FeedState.APPLIED
    )
    desk.amazon.raises["create_feed"] = [DROPPED]
    desk.fails(DROPPED)
    desk.fails(NotYet("", retry_after_s=0), after=timedelta(seconds=150))

    [submitted] = desk.submit_after(10)
    assert submitted.amazon_feed_id == "amazon-2"


def test_a_document_that_waited_for_an_hour_is_made_anew_before_the_first_attempt() -> None:
    desk = Desk()
    desk.amazon.raises["create_feed"] = [THROTTLED]
    desk.fails(THROTTLED)

    desk.submit_after(60)

    assert desk.feed.document_id == "doc-2"
    assert desk.feed.amazon_at == desk.clock.now()


def test_a_document_amazon_forgot_is_made_anew_before_the_attempt_is_repeated() -> None:
    desk = Desk()
    desk.amazon.raises["create_feed"] = [DROPPED]
    desk.fails(DROPPED)
    first_clock = desk.feed.amazon_at
    desk.fails(NotYet("", retry_after_s=0), after=timedelta(hours=47))

    assert desk.submit_after(10) == [SUBMITTED]
    assert (desk.feed.document_id, desk.feed.attempts) == ("doc-2", 2)
    assert desk.feed.amazon_at == first_clock


def test_a_dry_feed_stays_prepared() -> None:
    desk = Desk(dry=True)

    assert desk.submit(writers=frozenset()) == []
    assert desk.submit() == []
    assert desk.feed.state is FeedState.PREPARED
    assert desk.amazon.calls == []


def test_a_feed_that_may_not_be_written_any_more_is_withdrawn() -> None:
    desk = Desk()

    told = desk.submit(writers=frozenset({"other"}))

    assert told == [
        FeedProcessed.following(
            batched(), feed=desk.feed_id, feed_type=FULFILLMENT, outcome="withdrawn"
        )
    ]
    assert desk.submit() == told
    assert desk.feed.owed is FeedOutcome.WITHDRAWN
    assert desk.feed.reason == "writing to Amazon is switched off for this account"
    assert desk.feeds.lane("demo", FULFILLMENT).open_feed is None
    assert desk.amazon.calls == []


def test_an_attempt_is_looked_for_but_not_repeated_while_nothing_may_be_written() -> None:
    desk = Desk()
    desk.amazon.raises["create_feed"] = [DROPPED]
    desk.fails(DROPPED)
    desk.fails(NotYet("", retry_after_s=0), after=timedelta(seconds=150))
    desk.clock.advance(600)

    for _ in range(2):
        with pytest.raises(NotYet, match="switched off"):
            desk.submit(writers=frozenset())

    assert desk.amazon.sent == {}
    assert desk.submit() == [SUBMITTED]


def test_a_feed_released_while_it_was_sent_is_still_followed_to_its_verdict() -> None:
    desk = Desk()
    desk.amazon.meanwhile["create_feed"] = lambda: desk.feeds.release(
        desk.feed_id, who="a person", why="in a hurry"
    )

    assert desk.submit() == [SUBMITTED]
    assert (desk.feed.state, desk.feed.amazon_feed_id) == (FeedState.RELEASED, "amazon-1")
    assert desk.feed.owed is FeedOutcome.RELEASED


def test_a_feed_that_does_not_exist_is_a_defect() -> None:
    desk = Desk()
    del desk.feeds.all[desk.feed_id]

    with pytest.raises(LookupError):
        desk.submit()
