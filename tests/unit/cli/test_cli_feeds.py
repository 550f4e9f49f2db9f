from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from click.testing import Result

from cli.failing import Stop
from domain.amazon_feeds import FeedResult
from domain.feeds import Feed, FeedOutcome, FeedState
from domain.messages import FeedProcessed
from tests.fakes.cli_shipping import ShippingApp
from tests.fakes.feed_values import FILE, ITEM_ID, NOON, ORDER_ID, new_feed

REFUSED = (
    "Feed Processing Summary:\n"
    "\tNumber of records processed\t\t1\n"
    "\tNumber of records successful\t\t0\n"
    "\n"
    "original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message\n"
    f"1\t{ORDER_ID}\t{ITEM_ID}\t25441\tError\tThe order-id is not valid\n"
)


@pytest.fixture
def app() -> ShippingApp:
    return ShippingApp()


@pytest.fixture
def feed(app: ShippingApp) -> Feed:
    """A feed that Amazon has."""
    made = app.feeds.prepare(new_feed())
    sent = replace(made, state=FeedState.SUBMITTED, amazon_feed_id="50017", submitted_at=NOON)
    app.feeds.all[made.feed_id] = sent
    return sent


def told(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_feeds_are_listed_by_state(app: ShippingApp, feed: Feed) -> None:
    [row] = told(app.run("feeds", "list", "--json"))["feeds"]

    assert (row["feed_id"], row["type"], row["state"]) == (feed.feed_id, "fulfillment", "submitted")
    assert (row["amazon_feed_id"], row["open"]) == ("50017", True)
    assert told(app.run("feeds", "list", "--state", "done", "--json")) == {"feeds": []}


def test_without_feeds_the_list_points_to_the_preview(app: ShippingApp) -> None:
    assert "fulfillment preview" in app.run("feeds", "list").stdout


def test_a_feed_is_shown_with_what_each_row_stands_for(app: ShippingApp, feed: Feed) -> None:
    shown = told(app.run("feeds", "show", feed.feed_id, "--json"))
    screen = app.run("feeds", "show", feed.feed_id).stdout

    assert shown["members"][0]["order_id"] == ORDER_ID
    assert shown["content_hash"] == feed.content_hash
    assert ORDER_ID in screen
    assert f"explain feed {feed.feed_id}" in screen


def test_the_content_is_written_byte_by_byte(app: ShippingApp, feed: Feed) -> None:
    assert app.run("feeds", "content", feed.feed_id).stdout_bytes == FILE
    assert told(app.run("feeds", "content", feed.feed_id, "--json"))["content"] == FILE.decode()


def test_amazons_verdict_is_told_by_row(app: ShippingApp, feed: Feed) -> None:
    app.feeds.results[feed.feed_id] = FeedResult(REFUSED, "utf-8", truncated=False)

    [row] = told(app.run("feeds", "result", feed.feed_id, "--json"))["rows"]
    screen = app.run("feeds", "result", feed.feed_id).stdout

    assert (row["order_id"], row["shipment_id"], row["outcome"]) == (
        ORDER_ID,
        "demo/S-1",
        "rejected",
    )
    assert row["issues"][0]["code"] == "25441"
    assert "25441 The order-id is not valid" in screen
    assert app.run("feeds", "result", feed.feed_id, "--raw").stdout == REFUSED


def test_a_result_that_cannot_be_trusted_says_so(app: ShippingApp, feed: Feed) -> None:
    app.feeds.results[feed.feed_id] = FeedResult("", "utf-8", truncated=True)

    assert told(app.run("feeds", "result", feed.feed_id, "--json"))["unverified"]
    assert "Not trusted: " in app.run("feeds", "result", feed.feed_id).stdout


def test_without_a_verdict_there_is_no_result(app: ShippingApp, feed: Feed) -> None:
    result = app.run("feeds", "result", feed.feed_id)

    assert isinstance(result.exception, Stop)
    assert "Amazon has said nothing" in str(result.exception)


def test_releasing_records_who_and_why_and_tells_the_members(app: ShippingApp, feed: Feed) -> None:
    result = app.run("feeds", "release", feed.feed_id, "--reason", " stuck since noon ")

    after, [event] = app.feeds.all[feed.feed_id], app.published
    assert result.exit_code == 0
    assert (after.state, after.released_why) == (FeedState.RELEASED, "stuck since noon")
    assert after.released_by
    assert isinstance(event, FeedProcessed)
    assert (event.feed, event.outcome) == (feed.feed_id, FeedOutcome.RELEASED.value)


def test_a_feed_that_left_its_lane_is_not_released_again(app: ShippingApp, feed: Feed) -> None:
    app.run("feeds", "release", feed.feed_id, "--reason", "stuck")

    again = app.run("feeds", "release", feed.feed_id, "--reason", "stuck")

    assert isinstance(again.exception, Stop)
    assert "has left its lane already: it is released" in str(again.exception)
    assert len(app.published) == 1


@pytest.mark.parametrize("reason", [(), ("--reason", " ")])
def test_a_release_needs_a_reason(app: ShippingApp, feed: Feed, reason: tuple[str, ...]) -> None:
    assert app.run("feeds", "release", feed.feed_id, *reason).exit_code == 2
    assert app.feeds.all[feed.feed_id] == feed


@pytest.mark.parametrize("command", ["show", "content", "result"])
def test_an_unknown_feed_is_one_line(app: ShippingApp, command: str) -> None:
    result = app.run("feeds", command, "nothing")

    assert isinstance(result.exception, Stop)
    assert "no feed 'nothing'" in str(result.exception)
