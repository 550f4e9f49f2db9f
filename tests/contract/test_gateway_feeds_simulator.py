"""What the gateway makes of a living Amazon: feeds and their steps."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from domain.errors import LinkExpired, Unavailable
from simulator.server import Simulator
from spapi.client import make_client
from tests.contract.gateway_simulator import START, US, Bench, account

TSV = "text/tab-separated-values; charset=UTF-8"
FULFILLMENT = "POST_FLAT_FILE_FULFILLMENT_DATA"
ID, ITEM = "111-0000000-0000001", "00012345"
FILE = (
    "order-id\torder-item-id\tquantity\tship-date\tcarrier-code\tcarrier-name\ttracking-number\n"
    f"{ID}\t{ITEM}\t2\t2026-11-23T11:00:00Z\tUPS\t\t1Z0000000000000017\n"
).encode()


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    with Simulator(orders=0, speed=0, start_at=START, throttle=False) as running:
        item = {"sku": "BP-100", "quantity": 2, "order_item_id": ITEM}
        running.put_order(order_id=ID, status="UNSHIPPED", age_s=7200, items=[item])
        yield running
        assert running.state()["unknown_parameters"] == []


@pytest.fixture
def bench(simulator: Simulator) -> Iterator[Bench]:
    with make_client() as client:
        yield Bench(simulator, client, account(simulator))


def uploaded(bench: Bench, content: bytes = FILE) -> str:
    document = bench.feeds.create_document("demo", TSV)
    bench.feeds.upload("demo", document.url, TSV, content)
    return document.document_id


def test_a_feed_goes_all_the_way_and_the_order_shows_its_package(bench: Bench) -> None:
    feed_id = bench.feeds.create_feed("demo", FULFILLMENT, [US], uploaded(bench))
    early = bench.feeds.feed("demo", feed_id)
    bench.simulator.advance(120)
    done = bench.feeds.feed("demo", feed_id)
    result = bench.feeds.result("demo", done.result_document_id)
    bench.simulator.advance(120)
    order = bench.orders.get("demo", ID)

    assert (early.processing_status, early.result_document_id) == ("IN_QUEUE", "")
    assert (done.processing_status, done.marketplaces) == ("DONE", (US,))
    assert not result.truncated
    assert "processed" in result.text
    assert order is not None
    assert order.status == "SHIPPED"
    assert [package.tracking_number for package in order.packages] == ["1Z0000000000000017"]


def test_amazons_clock_comes_with_the_document(bench: Bench) -> None:
    assert bench.feeds.create_document("demo", TSV).served_at == START


def test_an_upload_of_another_type_or_too_late_is_expired(bench: Bench) -> None:
    document = bench.feeds.create_document("demo", TSV)
    with pytest.raises(LinkExpired, match="403 SignatureDoesNotMatch"):
        bench.feeds.upload("demo", document.url, TSV.lower(), FILE)
    bench.simulator.advance(301)
    with pytest.raises(LinkExpired, match="403"):
        bench.feeds.upload("demo", document.url, TSV, FILE)


def test_an_upload_whose_answer_was_lost_may_be_repeated(bench: Bench) -> None:
    document = bench.feeds.create_document("demo", TSV)
    bench.simulator.add_fault("drop_after_effect", operation="upload")

    with pytest.raises(Unavailable):
        bench.feeds.upload("demo", document.url, TSV, FILE)

    bench.feeds.upload("demo", document.url, TSV, FILE)


def test_a_feed_whose_answer_was_lost_is_found_in_the_list(bench: Bench) -> None:
    document = bench.feeds.create_document("demo", TSV)
    bench.feeds.upload("demo", document.url, TSV, FILE)
    bench.simulator.add_fault("drop_after_effect", operation="createFeed")
    with pytest.raises(Unavailable):
        bench.feeds.create_feed("demo", FULFILLMENT, [US], document.document_id)

    assert document.served_at is not None
    since = document.served_at - timedelta(minutes=5)
    found = bench.feeds.feeds("demo", FULFILLMENT, since, [US])

    assert found.served_at == START
    (feed,) = found.feeds
    assert (feed.feed_type, feed.created_at, feed.marketplaces) == (FULFILLMENT, START, (US,))


def test_feeds_are_listed_over_many_pages(bench: Bench) -> None:
    made = {bench.feeds.create_feed("demo", FULFILLMENT, [US], uploaded(bench)) for _ in range(103)}

    found = bench.feeds.feeds("demo", FULFILLMENT, START - timedelta(minutes=5), [US])

    assert {feed.feed_id for feed in found.feeds} == made
    assert bench.simulator.calls("getFeeds") == 2


def test_a_cut_off_result_says_so(bench: Bench) -> None:
    bench.simulator.configure(gzip_results=True)
    bench.simulator.add_fault("result_truncated")
    feed_id = bench.feeds.create_feed("demo", FULFILLMENT, [US], uploaded(bench))
    bench.simulator.advance(120)

    done = bench.feeds.feed("demo", feed_id)

    assert bench.feeds.result("demo", done.result_document_id).truncated
