from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from cli.explaining import Explanation, Fact
from cli.shipping_story import WHAT, FeedStory, feed_story, with_shipping
from domain.feed_results import FeedVerdict, RowResult
from domain.feeds import Feed, FeedState
from domain.orders import Order
from domain.shipment_outcomes import RowOutcome
from domain.shipments import Outbound
from tests.fakes.cli_shipping import ShippingApp
from tests.fakes.clock import FakeClock
from tests.fakes.feed_values import NOON, new_feed
from tests.fakes.memory_feeds import MemoryFeeds
from tests.fakes.order_values import NOW, ORDER_ID
from tests.fakes.shipping_values import (
    BAD_CODE,
    ENTERED,
    NUMBER,
    accepted,
    after,
    entry,
    in_feed,
    only,
    to_ship,
    verdict_on,
)

ANSWER = Explanation("demo", ORDER_ID, "imported", "It is here.", ("Ready to ship.",), ())


@pytest.fixture
def order() -> Order:
    return to_ship()


def a_feed(**changes: Any) -> Feed:
    made = MemoryFeeds(FakeClock(NOON)).prepare(new_feed())
    return replace(made, **changes)


def story(feed: Feed, *standing: Outbound, verdict: FeedVerdict | None = None) -> FeedStory:
    return feed_story(feed, verdict, standing)


def test_an_order_without_packages_is_told_as_before() -> None:
    assert with_shipping(ANSWER, (), ()) == ANSWER


def test_a_refused_package_tells_amazons_words_and_both_ways_on(order: Order) -> None:
    sent = in_feed(after(entry(), order=order), order)
    shipment = only(verdict_on(sent, order, BAD_CODE, outcome=RowOutcome.REJECTED))

    told = with_shipping(ANSWER, [shipment], ())

    ready, stands, what_to_do = told.what_to_do
    assert ready == "Ready to ship."
    assert stands.startswith(f"Package {NUMBER} is refused since")
    assert "25441 The order-id is not valid" in stands
    assert f"shipments retry {shipment.shipment_id}" in what_to_do
    assert told.packages == 1


def test_a_package_by_hand_says_how_to_say_it_is_done(order: Order) -> None:
    shipment = replace(only(after(entry(ref="P-1"), order=order)), outbound=Outbound.MANUAL)

    told = with_shipping(ANSWER, [shipment], ())

    assert told.what_to_do[1].startswith("Package P-1 is manual")
    assert f"shipments done {shipment.shipment_id}" in told.what_to_do[2]


def test_a_package_amazon_does_not_show_says_where_to_look_and_how_to_send_it_again(
    order: Order,
) -> None:
    missed = replace(only(accepted(entry(), order=order)), not_applied_at=NOW)

    told = with_shipping(ANSWER, [missed], ())

    assert "not_applied" in told.what_to_do[1]
    assert f"shipments retry {missed.shipment_id}" in told.what_to_do[2]


def test_what_happened_to_order_package_and_feed_is_one_story_in_order(order: Order) -> None:
    shipment = only(after(entry(), order=order))
    imported = Fact(ENTERED, "created", "report R1")
    undated = Fact(None, "flags: x", "order")
    feed = a_feed(submitted_at=NOW, amazon_feed_id="50017")

    told = with_shipping(replace(ANSWER, facts=(undated, imported)), [shipment], [feed])

    whats = [fact.what for fact in told.facts]
    assert whats[0] == "created"
    assert f"package {NUMBER}: entered" in whats
    assert "Amazon took it as 50017" in whats
    assert whats[-1] == "flags: x"


@pytest.mark.parametrize("state", list(FeedState))
def test_every_state_of_a_feed_has_a_sentence(state: FeedState) -> None:
    assert story(a_feed(state=state)).verdict == WHAT[state]


def test_a_feed_of_an_account_that_may_not_write_says_so() -> None:
    told = story(a_feed(dry=True))

    assert told.verdict.startswith("Writing to Amazon is off")
    assert told.what_to_do[0].startswith("See it: feeds content ")


def test_a_held_or_stuck_feed_says_how_to_free_the_lane() -> None:
    held = story(a_feed(held="the list shows two"))
    stuck = story(a_feed(state=FeedState.SUBMITTED, stuck_at=NOW))

    assert held.what_to_do[0].startswith("It is held: the list shows two.")
    for told in (held, stuck):
        assert "feeds release fulfillment-20261123-1200-" in told.what_to_do[0]


def test_the_verdict_and_where_the_shipments_stand_are_counted() -> None:
    rows = (
        RowResult(1, RowOutcome.ACCEPTED),
        RowResult(2, RowOutcome.REJECTED, (BAD_CODE,)),
        RowResult(3, RowOutcome.ACCEPTED),
    )
    verdict = FeedVerdict(rows, 3, 2)
    standing = [Outbound.ACCEPTED, Outbound.REFUSED, Outbound.ACCEPTED]

    told = story(a_feed(state=FeedState.APPLIED), *standing, verdict=verdict)

    assert told.verdict.endswith("Amazon's verdict on its rows: 2 accepted, 1 rejected.")
    assert told.what_to_do[0] == "Its shipments stand by now: 2 accepted, 1 refused."
    assert "feeds result" in told.what_to_do[1]


def test_a_feed_is_explained_by_command() -> None:
    app = ShippingApp()
    feed = app.feeds.prepare(new_feed())

    told = json.loads(app.run("explain", "feed", feed.feed_id, "--json").stdout)
    screen = app.run("explain", "feed", feed.feed_id).stdout

    assert (told["feed_id"], told["state"]) == (feed.feed_id, "prepared")
    assert told["facts"][0]["what"] == "prepared with 1 rows"
    assert WHAT[FeedState.PREPARED] in screen
