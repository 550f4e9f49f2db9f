"""Feeds: their names, and what to do about an attempt whose answer nobody knows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from domain.amazon_feeds import AmazonFeed, AmazonFeeds
from domain.feed_sending import (
    Adopt,
    Hold,
    LookAgain,
    SendAgain,
    after_look,
    candidates,
    created_since,
    document_is_good,
)
from domain.feeds import FULFILLMENT, LISTINGS, Feed, FeedState, FeedTiming, feed_id_of, lane_of
from tests.fakes.feed_values import NOON, US, new_feed, tick

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
CA = "A2EUQ1WTGCTBG2"


def a_feed(**facts: Any) -> Feed:
    new = new_feed()
    known: dict[str, Any] = {
        "feed_id": new.feed_id,
        "account": new.account,
        "feed_type": new.feed_type,
        "marketplaces": new.marketplaces,
        "state": FeedState.CREATING,
        "content_type": new.content_type,
        "content_hash": new.content_hash,
        "content_bytes": len(new.content),
        "rows": 1,
        "flow_id": new.flow_id,
        "flow_started_at": NOON,
        "amazon_at": NOON,
        "documented_at": NOON,
        "attempts": 1,
    }
    return Feed(**known | facts)


def at_amazon(feed_id: str = "A-1", **facts: Any) -> AmazonFeed:
    known: dict[str, Any] = {
        "feed_id": feed_id,
        "processing_status": "IN_QUEUE",
        "feed_type": FULFILLMENT,
        "created_at": NOON,
        "marketplaces": (US,),
    }
    return AmazonFeed(**known | facts)


def listed(*feeds: AmazonFeed) -> AmazonFeeds:
    return AmazonFeeds(feeds, NOON)


def test_the_same_tick_gives_the_same_feed_id_and_parts_have_their_own() -> None:
    assert feed_id_of(tick(), FULFILLMENT) == feed_id_of(tick(), FULFILLMENT)
    assert feed_id_of(tick(), FULFILLMENT).startswith("fulfillment-20261123-1200-")
    assert feed_id_of(tick(), LISTINGS).startswith("listings-20261123-1200-")
    ids = {feed_id_of(tick(key), LISTINGS, part) for key in ("a", "b") for part in (1, 2)}
    assert len(ids) == 4


def test_a_lane_is_an_account_and_a_type() -> None:
    assert lane_of("demo", FULFILLMENT) == "demo/POST_FLAT_FILE_FULFILLMENT_DATA"


def test_the_content_is_known_by_its_digest() -> None:
    assert new_feed(content=b"").content_hash == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


@pytest.mark.parametrize(
    ("state", "held", "dry", "to_be_sent"),
    [
        (FeedState.PREPARED, "", False, True),
        (FeedState.DOCUMENTED, "", False, True),
        (FeedState.UPLOADED, "", False, True),
        (FeedState.CREATING, "", False, True),
        (FeedState.CREATING, "why", False, False),
        (FeedState.PREPARED, "", True, False),
        (FeedState.SUBMITTED, "", False, False),
        (FeedState.WITHDRAWN, "", False, False),
        (FeedState.RELEASED, "", False, False),
    ],
)
def test_a_feed_is_to_be_sent_until_amazon_has_it(
    *, state: FeedState, held: str, dry: bool, to_be_sent: bool
) -> None:
    assert a_feed(state=state, held=held, dry=dry).is_to_be_sent is to_be_sent


def test_amazon_is_asked_for_feeds_since_five_minutes_before_the_document() -> None:
    assert created_since(a_feed()) == NOON - 5 * MINUTE


def test_without_amazons_clock_ours_does_with_an_hour_to_spare() -> None:
    assert created_since(a_feed(amazon_at=None)) == NOON - HOUR
    bare = a_feed(amazon_at=None, documented_at=None, created_at=NOON + HOUR)
    assert created_since(bare) == NOON


@pytest.mark.parametrize(
    ("feed", "fits"),
    [
        (at_amazon(), True),
        (at_amazon(created_at=NOON - 5 * MINUTE), True),
        (at_amazon(created_at=NOON - 5 * MINUTE - timedelta(milliseconds=1)), False),
        (at_amazon(feed_type=LISTINGS), False),
        (at_amazon(marketplaces=(US, CA)), False),
        (at_amazon(marketplaces=(CA,)), False),
        (at_amazon(processing_status="FATAL"), True),
    ],
)
def test_a_feed_of_the_same_kind_that_appeared_since_may_be_ours(
    *, feed: AmazonFeed, fits: bool
) -> None:
    assert bool(candidates(a_feed(), listed(feed))) is fits


def test_the_order_of_marketplaces_means_nothing() -> None:
    ours = a_feed(marketplaces=(US, CA))

    assert candidates(ours, listed(at_amazon(marketplaces=(CA, US))))


def test_the_only_stranger_is_adopted() -> None:
    possible = [at_amazon("A-1"), at_amazon("A-2")]

    assert after_look(a_feed(), possible, known={"A-1"}) == Adopt("A-2")
    assert after_look(a_feed(looks=1), possible, known={"A-2"}) == Adopt("A-1")


def test_without_a_stranger_the_second_look_decides() -> None:
    assert after_look(a_feed(looks=0), [], known=()) == LookAgain()
    assert after_look(a_feed(looks=1), [], known=()) == SendAgain()
    assert after_look(a_feed(looks=0), [at_amazon("A-1")], known={"A-1"}) == LookAgain()


def test_several_strangers_are_for_a_person() -> None:
    possible = [at_amazon(f"A-{n}") for n in range(7)]

    assert after_look(a_feed(), possible, known={"A-6"}) == Hold(
        "6 feeds at Amazon may be this one: A-0, A-1, A-2, A-3, A-4"
    )


def test_a_feed_listed_twice_is_one_stranger() -> None:
    assert after_look(a_feed(), [at_amazon(), at_amazon()], known=()) == Adopt("A-1")


@pytest.mark.parametrize(
    ("attempts", "age", "good"),
    [
        (0, HOUR - MINUTE, True),
        (0, HOUR, False),
        (1, 47 * HOUR - MINUTE, True),
        (1, 47 * HOUR, False),
    ],
)
def test_a_document_is_made_anew_when_it_is_old(
    *, attempts: int, age: timedelta, good: bool
) -> None:
    feed = a_feed(attempts=attempts)

    assert document_is_good(feed, NOON + age, FeedTiming()) is good


def test_without_a_document_there_is_none_to_be_sent() -> None:
    assert not document_is_good(a_feed(documented_at=None), NOON, FeedTiming())
