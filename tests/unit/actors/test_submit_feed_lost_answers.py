"""Stage submit_feed: an attempt whose answer was lost is looked for before it is made again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import Malformed, NotYet, Unavailable
from domain.feeds import FULFILLMENT, FeedState
from tests.fakes.feed_amazon import DROPPED
from tests.fakes.feed_values import FILE
from tests.fakes.submitting import REFUSED, SUBMITTED, THROTTLED, Desk


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


def test_a_document_amazon_forgot_is_made_anew_before_the_attempt_is_repeated() -> None:
    desk = Desk()
    desk.amazon.raises["create_feed"] = [DROPPED]
    desk.fails(DROPPED)
    first_clock = desk.feed.amazon_at
    desk.fails(NotYet("", retry_after_s=0), after=timedelta(hours=47))

    assert desk.submit_after(10) == [SUBMITTED]
    assert (desk.feed.document_id, desk.feed.attempts) == ("doc-2", 2)
    assert desk.feed.amazon_at == first_clock


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
