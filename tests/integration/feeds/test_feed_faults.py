"""The feed machine against an Amazon that drops, throttles, is stuck, and has feeds of others."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from actors.feeds.submit_feed import submit_feed
from actors.ports import Policy
from domain.errors import Transient, Waiting
from domain.feeds import FULFILLMENT, Feed, FeedOutcome, FeedState
from domain.messages import FeedProcessed
from domain.order_import import FirstSeen
from simulator.feeds import Feed as AmazonsFeed
from simulator.server import Simulator
from store.database import Store
from tests.fakes.dying import Steps
from tests.fakes.feed_bench import QUICK, Place, Worker, worker
from tests.fakes.feed_values import FILE, ITEM_ID, NOON, ORDER_ID, batched, new_feed


def ours(simulator: Simulator) -> list[AmazonsFeed]:
    """Return the feeds at Amazon that we sent."""
    feeds = [feed for feed in simulator.seller().feeds.values() if feed.document is not None]
    assert {feed.document.body for feed in feeds if feed.document} <= {FILE}
    return feeds


def sent(bench: Worker, key: str = "12:00", *, steps: Steps | None = None) -> Feed:
    """Prepare a feed, work until nothing is left to do, and return what became of it."""
    feed = bench.store.feeds.prepare(new_feed(key))
    bench.journal.publish(batched(key))
    bench.run(steps)
    return now(bench.store, feed)


def now(store: Store, feed: Feed) -> Feed:
    found = store.feeds.get(feed.feed_id)
    assert found is not None
    return found


def expect_applied_once(simulator: Simulator, feed: Feed) -> None:
    assert [each.feed_id for each in ours(simulator)] == [feed.amazon_feed_id]
    assert (feed.state, feed.processing_status) == (FeedState.APPLIED, "DONE")


def test_an_answer_lost_after_the_effect_costs_no_second_feed(
    bench: Worker, simulator: Simulator
) -> None:
    simulator.add_fault("drop_after_effect", operation="createFeed")

    feed = sent(bench)

    expect_applied_once(simulator, feed)
    assert (feed.adopted, feed.attempts) == (True, 1)


def test_a_request_lost_before_the_effect_is_sent_again_with_the_same_document(
    bench: Worker, simulator: Simulator
) -> None:
    simulator.add_fault("drop_before_effect", operation="createFeed")

    feed = sent(bench)

    expect_applied_once(simulator, feed)
    assert (feed.adopted, feed.attempts) == (False, 2)
    assert simulator.calls("getFeeds") == 2
    assert simulator.calls("createFeedDocument") == 1


def test_a_feed_that_shows_in_the_list_late_is_found_at_the_second_look(
    bench: Worker, simulator: Simulator
) -> None:
    simulator.configure(feed_list_s=300)
    simulator.add_fault("drop_after_effect", operation="createFeed")
    between_the_looks = Steps(lambda: simulator.advance(301), last=12)

    feed = sent(bench, steps=between_the_looks)

    assert between_the_looks.made[9:12] == ["feeds", "known_at_amazon", "looked"]
    expect_applied_once(simulator, feed)
    assert (feed.adopted, feed.attempts) == (True, 1)


def test_a_feed_that_shows_in_the_list_too_late_is_sent_twice_and_does_the_same_once(
    bench: Worker, simulator: Simulator
) -> None:
    simulator.configure(feed_list_s=7200)
    simulator.add_fault("drop_after_effect", operation="createFeed")

    feed = sent(bench)

    assert (feed.state, feed.attempts, len(ours(simulator))) == (FeedState.APPLIED, 2, 2)
    [package] = simulator.seller().orders[ORDER_ID].confirmed
    assert package.contents == {ITEM_ID: 2}


def test_feeds_of_others_that_cannot_be_ours_do_not_matter(
    bench: Worker, simulator: Simulator
) -> None:
    simulator.add_foreign_feed(created_at=(NOON - timedelta(minutes=6)).isoformat())
    simulator.add_foreign_feed(feed_type="POST_PRODUCT_DATA")
    simulator.add_foreign_feed(marketplace_ids=["A2EUQ1WTGCTBG2"])
    simulator.add_fault("drop_after_effect", operation="createFeed")

    expect_applied_once(simulator, sent(bench))


def test_a_feed_of_another_beside_ours_is_for_a_person(bench: Worker, simulator: Simulator) -> None:
    foreign = simulator.add_foreign_feed()
    simulator.add_fault("drop_after_effect", operation="createFeed")

    feed = sent(bench)
    again = bench.store.feeds.prepare(new_feed("12:20"))

    [at_amazon] = ours(simulator)
    ids = ", ".join(sorted((foreign.feed_id, at_amazon.feed_id)))
    assert feed.held == f"2 feeds at Amazon may be this one: {ids}"
    assert (feed.state, again.feed_id) == (FeedState.CREATING, feed.feed_id)

    bench.store.feeds.release(feed.feed_id, who="a person", why="compared them")
    assert bench.store.feeds.prepare(new_feed("12:20")).state is FeedState.PREPARED


def test_an_upload_link_that_expired_is_replaced(bench: Worker, simulator: Simulator) -> None:
    after_the_document = Steps(lambda: simulator.advance(301), last=2)

    feed = sent(bench, steps=after_the_document)

    expect_applied_once(simulator, feed)
    assert after_the_document.made[:2] == ["claim", "create_document"]
    assert simulator.calls("createFeedDocument") == 2


@pytest.mark.parametrize("kind", ["throttle", "error_500", "error_503_html"])
@pytest.mark.parametrize(
    "operation",
    ["createFeedDocument", "upload", "createFeed", "getFeed", "getFeedDocument", "document"],
)
def test_outages_and_throttles_only_take_time(
    operation: str, kind: str, bench: Worker, simulator: Simulator
) -> None:
    fault = simulator.add_fault(kind, operation=operation, times=2)

    feed = sent(bench)

    expect_applied_once(simulator, feed)
    assert fault.hits == 2
    assert bench.store.feeds.result(feed.feed_id) is not None


@pytest.mark.parametrize(
    ("fault", "status"), [("feed_cancelled", "CANCELLED"), ("feed_fatal", "FATAL")]
)
def test_a_feed_that_came_to_nothing_frees_its_lane(
    fault: str, status: str, bench: Worker, simulator: Simulator
) -> None:
    simulator.add_fault(fault)

    feed = sent(bench)

    assert (feed.state, feed.processing_status) == (FeedState.APPLIED, status)
    assert bench.store.feeds.result(feed.feed_id) is None
    assert bench.store.feeds.lane("demo", FULFILLMENT).open_feed is None


def test_the_same_content_fatal_twice_holds_the_lane(bench: Worker, simulator: Simulator) -> None:
    simulator.add_fault("feed_fatal", times=2, document=True)

    first, second = sent(bench), sent(bench, "12:20")

    assert (first.held, second.held) == ("", "Amazon ended the same content FATAL twice")
    assert bench.store.feeds.prepare(new_feed("12:40")) == second
    result = bench.store.feeds.result(second.feed_id)
    assert result is not None
    assert result.text == "The feed could not be processed. Please try again later.\n"


def test_a_feed_may_be_done_without_a_result(bench: Worker, simulator: Simulator) -> None:
    simulator.add_fault("result_missing")

    feed = sent(bench)

    expect_applied_once(simulator, feed)
    assert bench.store.feeds.result(feed.feed_id) is None


def test_a_cut_off_result_is_kept_as_such(bench: Worker, simulator: Simulator) -> None:
    simulator.configure(gzip_results=True)
    simulator.add_fault("result_truncated")

    result = bench.store.feeds.result(sent(bench).feed_id)

    assert result is not None
    assert result.truncated


def test_a_stuck_feed_is_noted_released_overtaken_and_its_late_verdict_told(
    bench: Worker, simulator: Simulator
) -> None:
    feeds = bench.store.feeds
    simulator.add_fault("feed_stuck")
    stuck = feeds.prepare(new_feed())
    bench.journal.publish(batched())
    bench.run(rounds=3)
    long_ago = feeds.now() - timedelta(hours=8)
    change = {"$set": {"submitted_at": long_ago}}
    bench.store.database["feeds"].update_one({"_id": stuck.feed_id}, change)
    bench.run(rounds=2)
    noted = now(bench.store, stuck)

    released = feeds.release(stuck.feed_id, who="a person", why="stuck for hours")
    assert released.owed is FeedOutcome.RELEASED
    bench.journal.publish(
        FeedProcessed.following(
            batched(), feed=stuck.feed_id, feed_type=FULFILLMENT, outcome=released.owed.value
        )
    )
    second = feeds.prepare(new_feed("12:20"))
    bench.journal.publish(batched("12:20"))
    bench.run(rounds=4)
    waiting = now(bench.store, second)
    simulator.clear_faults()
    bench.run()

    assert noted.slow_at is not None
    assert noted.stuck_at is not None
    assert waiting.state is FeedState.SUBMITTED
    late, after = now(bench.store, stuck), now(bench.store, second)
    assert (late.state, late.processing_status, late.owed) == (FeedState.APPLIED, "DONE", None)
    assert feeds.result(stuck.feed_id) is not None
    assert after.state is FeedState.APPLIED
    assert [each.feed_id for each in ours(simulator)] == [late.amazon_feed_id, after.amazon_feed_id]


def test_many_workers_at_once_send_one_feed(
    bench: Worker, place: Place, simulator: Simulator
) -> None:
    bench.store.feeds.prepare(new_feed())
    policy = Policy(FirstSeen.OPEN_ORDERS, amazon_writes=frozenset({"demo"}), feeds=QUICK)
    start = threading.Barrier(6)

    def work(_: int) -> str:
        with worker(place) as mine:
            ports = {"feeds": mine.store.feeds, "amazon_feeds": mine.gateway, "policy": policy}
            start.wait()
            while True:
                try:
                    [submitted] = submit_feed(batched(), **ports)
                except (Waiting, Transient):
                    threading.Event().wait(0.02)
                else:
                    return submitted.event_id  # type: ignore[union-attr]

    with ThreadPoolExecutor(6) as pool:
        told = set(pool.map(work, range(6)))

    assert len(told) == 1
    assert len(ours(simulator)) == 1
