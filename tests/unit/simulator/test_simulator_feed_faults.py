import gzip
from typing import Any

import pytest

from tests.unit.simulator.driver import DE, JP, US, FeedCaller, frozen, row, text_of

ID = "111-0000000-0000001"
ITEM = "00000000000001"


def caller_with_order(quantity: int = 2, **settings: Any) -> FeedCaller:
    sim = frozen(throttle=False, **settings)
    items = [{"sku": "A", "order_item_id": ITEM, "quantity": quantity}]
    sim.put_order(order_id=ID, items=items, age_s=3600)
    return FeedCaller(sim)


def status(caller: FeedCaller, feed_id: str) -> str:
    return str(caller.feed(feed_id)["processingStatus"])


def fulfillment_status(caller: FeedCaller, order_id: str = ID) -> str:
    return str(caller.order(order_id, "FULFILLMENT")["fulfillment"]["fulfillmentStatus"])


def test_amazon_may_cancel_a_feed_by_itself() -> None:
    caller = caller_with_order()
    caller.sim.add_fault("feed_cancelled")
    feed_id = caller.send(row(ID, ITEM, 2))
    caller.sim.advance(200)

    assert status(caller, feed_id) == "CANCELLED"
    assert fulfillment_status(caller) == "UNSHIPPED"


@pytest.mark.parametrize(
    ("effect", "first", "second"),
    [
        ("none", "UNSHIPPED", "UNSHIPPED"),
        ("some", "SHIPPED", "UNSHIPPED"),
        ("all", "SHIPPED", "SHIPPED"),
    ],
)
def test_a_fatal_feed_may_have_done_none_some_or_all_of_its_work(
    effect: str, first: str, second: str
) -> None:
    caller = caller_with_order()
    other = "111-0000000-0000002"
    caller.sim.put_order(order_id=other, age_s=3600)
    caller.sim.add_fault("feed_fatal", effect=effect, document=True)
    feed_id = caller.send(row(ID, ITEM, 2), row(other))

    caller.sim.advance(200)

    assert status(caller, feed_id) == "FATAL"
    assert "could not be processed" in text_of(caller.result(feed_id))
    assert (fulfillment_status(caller), fulfillment_status(caller, other)) == (first, second)


def test_a_feed_may_be_said_to_be_applied_and_never_show() -> None:
    caller = caller_with_order()
    caller.sim.add_fault("feed_ignored")
    rows = [row(ID, ITEM, 1), row(ID, ITEM, 1, tracking_number="1Z999AA10123456785")]

    assert caller.verdict(*rows) == (2, 2, [])

    caller.sim.advance(86400)
    caller.token = ""
    assert fulfillment_status(caller) == "UNSHIPPED"


def test_a_row_can_be_judged_by_order() -> None:
    caller = caller_with_order()
    caller.sim.add_fault("row_verdict", code="13013", message="Try later.", order_id=ID)

    assert caller.verdict(row(ID, ITEM, 2)) == (1, 0, [["1", "13013", "Error"]])
    assert caller.verdict(row(ID, ITEM, 2)) == (1, 1, [])


def result_under(fault: str, *, gzipped: bool = False, **options: str) -> bytes:
    caller = caller_with_order(gzip_results=gzipped)
    caller.sim.add_fault(fault, **options)
    feed_id = caller.send(row(ID, ITEM, 2))
    caller.sim.advance(60)
    return caller.result(feed_id).body


def test_results_may_be_empty_cut_off_or_something_else() -> None:
    assert result_under("result_empty") == b""
    assert b"Number of records processed" in result_under("result_truncated")
    assert b"successful\t\t1" not in result_under("result_truncated")
    assert result_under("result_foreign").startswith(b"<?xml")
    assert b"999-9999999-9999999" in result_under("result_foreign", variant="other")
    with pytest.raises(EOFError):
        gzip.decompress(result_under("result_truncated", gzipped=True))


def test_a_done_feed_may_lack_its_result() -> None:
    caller = caller_with_order()
    caller.sim.add_fault("result_missing")
    feed_id = caller.send(row(ID, ITEM, 2))
    caller.sim.advance(60)

    assert status(caller, feed_id) == "DONE"
    assert "resultFeedDocumentId" not in caller.feed(feed_id)


@pytest.mark.parametrize("gzipped", [True, False])
@pytest.mark.parametrize(
    ("marketplace", "charset", "word"),
    [(US, "UTF-8", "Error"), (DE, "Cp1252", "Fehler"), (JP, "Windows-31J", "エラー")],
)
def test_results_speak_the_language_of_the_marketplace(
    marketplace: str, charset: str, word: str, *, gzipped: bool
) -> None:
    caller = caller_with_order(gzip_results=gzipped)
    feed_id = caller.send(row("111-9999999-9999999"), marketplaceIds=[marketplace])
    caller.sim.advance(60)

    result = caller.result(feed_id)

    assert result.headers["Content-Type"] == f"text/plain; charset={charset}"
    assert (result.body[:2] == b"\x1f\x8b") is gzipped
    assert f"\t25441\t{word}\t" in text_of(result)
