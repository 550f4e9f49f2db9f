"""Stage submit_feed: step by step to Amazon, once."""

from __future__ import annotations

import pytest

from domain.errors import ConnectorError, LinkExpired, NotYet, Suspended, Unavailable
from domain.feeds import FULFILLMENT, FeedOutcome, FeedState
from domain.messages import FeedProcessed
from tests.fakes.feed_values import FILE, batched
from tests.fakes.submitting import REFUSED, SUBMITTED, THROTTLED, Desk


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


def test_a_document_that_waited_for_an_hour_is_made_anew_before_the_first_attempt() -> None:
    desk = Desk()
    desk.amazon.raises["create_feed"] = [THROTTLED]
    desk.fails(THROTTLED)

    desk.submit_after(60)

    assert desk.feed.document_id == "doc-2"
    assert desk.feed.amazon_at == desk.clock.now()


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
