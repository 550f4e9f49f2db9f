from typing import Any

import pytest

from simulator.wire import Request
from tests.unit.simulator.driver import (
    TSV,
    US,
    FeedCaller,
    file_of,
    frozen,
    row,
    text_of,
)

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


def test_a_feed_lives_from_the_queue_to_its_result() -> None:
    caller = caller_with_order()
    feed_id = caller.send(row(ID, ITEM, 2))

    seen = [status(caller, feed_id)]
    for seconds in (15, 44, 1):
        caller.sim.advance(seconds)
        seen.append(status(caller, feed_id))

    assert seen == ["IN_QUEUE", "IN_PROGRESS", "IN_PROGRESS", "DONE"]
    assert text_of(caller.result(feed_id)) == (
        "Feed Processing Summary:\n"
        "\tNumber of records processed\t\t1\n"
        "\tNumber of records successful\t\t1\n"
        "\n"
    )


def test_orders_show_the_packages_of_a_feed_a_while_after_it_ended() -> None:
    caller = caller_with_order()
    feed_id = caller.send(row(ID, ITEM, 2, ship_method="Ground"))
    caller.sim.advance(60)
    assert status(caller, feed_id) == "DONE"
    assert fulfillment_status(caller) == "UNSHIPPED"

    caller.sim.advance(90)

    assert fulfillment_status(caller) == "SHIPPED"
    order = caller.order(ID, "PACKAGES", "FULFILLMENT")
    assert order["lastUpdatedTime"] == "2026-11-23T12:02:30.000Z"
    assert order["orderItems"][0]["fulfillment"]["quantityFulfilled"] == 2
    (package,) = order["packages"]
    assert package["carrier"] == "UPS"
    assert package["trackingNumber"] == "1Z999AA10123456784"
    assert package["shippingService"] == "Ground"
    assert package["packageItems"] == [{"orderItemId": ITEM, "quantity": 2}]


def test_an_upload_needs_exactly_the_announced_content_type() -> None:
    caller = caller_with_order()
    body = {"contentType": TSV}
    url = caller.call("POST", "/feeds/2021-06-30/documents", body=body).json()["url"]

    refused = caller.upload(url, "text/tab-separated-values; charset=utf-8", b"x")

    assert refused.status == 403
    assert b"SignatureDoesNotMatch" in refused.body
    assert caller.upload(url, TSV, b"x").status == 200


def test_an_upload_url_is_good_for_five_minutes_and_for_uploading_only() -> None:
    caller = caller_with_order()
    body = {"contentType": TSV}
    url = caller.call("POST", "/feeds/2021-06-30/documents", body=body).json()["url"]
    assert caller.download(url).status == 403

    caller.sim.advance(300)

    refused = caller.upload(url, TSV, b"x")
    assert refused.status == 403
    assert b"Request has expired" in refused.body
    assert caller.sim.handle(Request("PUT", "/_documents/guess", {}, b"x")).status == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"feedType": None},
        {"feedType": "POST_SOMETHING"},
        {"marketplaceIds": []},
        {"marketplaceIds": ["NOWHERE"]},
        {"inputFeedDocumentId": "badDocumentId"},
    ],
)
def test_a_feed_asked_for_wrongly_is_refused(changes: dict[str, Any]) -> None:
    caller = caller_with_order()
    document_id = caller.document_for(b"x")

    answer = caller.create_feed(document_id, **changes)

    assert (answer.status, answer.json()["errors"][0]["code"]) == (400, "InvalidInput")
    assert caller.sim.seller().feeds == {}


def test_a_document_waits_two_days_for_its_feed() -> None:
    caller = caller_with_order()
    document_id = caller.document_for(file_of(row(ID, ITEM, 2)))

    caller.sim.advance(2 * 86400)
    caller.token = ""
    assert caller.create_feed(document_id).status == 202
    caller.sim.advance(1)

    assert caller.create_feed(document_id).status == 400


def test_a_feed_nothing_was_uploaded_for_ends_fatal() -> None:
    caller = caller_with_order()
    body = {"contentType": TSV}
    told = caller.call("POST", "/feeds/2021-06-30/documents", body=body).json()
    feed_id = caller.create_feed(told["feedDocumentId"]).json()["feedId"]

    caller.sim.advance(60)

    assert status(caller, feed_id) == "FATAL"


def test_retired_feed_types_are_taken_and_end_fatal() -> None:
    caller = caller_with_order()
    feed_id = caller.send(feedType="POST_PRODUCT_DATA")

    caller.sim.advance(60)

    assert status(caller, feed_id) == "FATAL"
    assert "resultFeedDocumentId" not in caller.feed(feed_id)


def test_feeds_of_a_type_are_processed_one_after_the_other() -> None:
    caller = caller_with_order()
    first, second = caller.send(row(ID, ITEM, 1)), caller.send(row(ID, ITEM, 1))

    caller.sim.advance(16)
    assert (status(caller, first), status(caller, second)) == ("IN_PROGRESS", "IN_QUEUE")
    caller.sim.advance(44)
    assert (status(caller, first), status(caller, second)) == ("DONE", "IN_PROGRESS")
    caller.sim.advance(45)

    assert status(caller, second) == "DONE"


def test_a_stuck_feed_holds_up_its_type_but_not_the_others() -> None:
    caller = caller_with_order()
    caller.sim.add_fault("feed_stuck")
    stuck, behind = caller.send(row(ID, ITEM, 2)), caller.send(row(ID, ITEM, 2))
    other = caller.send(feedType="POST_PRODUCT_DATA")
    stranger = FeedCaller(caller.sim, "stranger").send()

    caller.sim.advance(3000)
    assert (status(caller, stuck), status(caller, behind)) == ("IN_PROGRESS", "IN_QUEUE")
    assert status(caller, other) == "FATAL"
    assert status(FeedCaller(caller.sim, "stranger"), stranger) == "DONE"
    caller.sim.clear_faults()
    caller.sim.advance(90)

    assert (status(caller, stuck), status(caller, behind)) == ("DONE", "DONE")


@pytest.mark.parametrize("where", ["IN_QUEUE", "IN_PROGRESS"])
def test_a_feed_may_be_stuck_for_a_while(where: str) -> None:
    caller = caller_with_order()
    caller.sim.add_fault("feed_stuck", for_s=3000, **{"in": where})
    feed_id = caller.send(row(ID, ITEM, 2))

    caller.sim.advance(2999)
    assert status(caller, feed_id) == where
    caller.sim.advance(46)

    assert status(caller, feed_id) == "DONE"


def test_only_a_queued_feed_can_be_cancelled_and_makes_way() -> None:
    caller = caller_with_order()
    caller.sim.add_fault("feed_stuck", **{"in": "IN_QUEUE"})
    stuck, behind = caller.send(row(ID, ITEM, 2)), caller.send(row(ID, ITEM, 2))
    caller.sim.advance(60)
    path = f"/feeds/2021-06-30/feeds/{stuck}"

    assert caller.call("DELETE", path).status == 200
    assert caller.call("DELETE", path).status == 400

    assert (status(caller, stuck), status(caller, behind)) == ("CANCELLED", "IN_PROGRESS")


def test_a_connection_dropped_after_create_feed_leaves_one_feed() -> None:
    caller = caller_with_order()
    document_id = caller.document_for(file_of(row(ID, ITEM, 2)))
    caller.sim.add_fault("drop_after_effect", operation="createFeed")

    assert caller.create_feed(document_id).drop

    path = "/feeds/2021-06-30/feeds"
    listed = caller.call("GET", path, {"feedTypes": "POST_FLAT_FILE_FULFILLMENT_DATA"}).json()
    assert len(listed["feeds"]) == 1
    assert "inputFeedDocumentId" not in listed["feeds"][0]


def test_feeds_of_other_applications_are_in_the_list() -> None:
    caller = caller_with_order()
    ours = caller.send(row(ID, ITEM, 2))
    theirs = caller.sim.add_foreign_feed(marketplace_ids=[US]).feed_id
    other = FeedCaller(caller.sim, application="amzn1.application-oa2-client.sim-other")
    also_theirs = other.send()

    path = "/feeds/2021-06-30/feeds"
    listed = caller.call("GET", path, {"feedTypes": "POST_FLAT_FILE_FULFILLMENT_DATA"}).json()

    assert {feed["feedId"] for feed in listed["feeds"]} == {ours, theirs, also_theirs}
    stranger = FeedCaller(caller.sim, "stranger")
    assert stranger.call("GET", f"{path}/{ours}").status == 404


def test_a_new_feed_shows_in_the_list_a_while_later_and_by_its_id_at_once() -> None:
    caller = caller_with_order(feed_list_s=60)
    feed_id = caller.send(row(ID, ITEM, 2))

    def listed() -> list[str]:
        query = {"feedTypes": "POST_FLAT_FILE_FULFILLMENT_DATA"}
        found = caller.call("GET", "/feeds/2021-06-30/feeds", query).json()["feeds"]
        return [feed["feedId"] for feed in found]

    seen = [listed()]
    for seconds in (59, 1):
        caller.sim.advance(seconds)
        seen.append(listed())

    assert status(caller, feed_id) == "DONE"
    assert seen == [[], [], [feed_id]]


def test_an_admin_sees_what_was_uploaded_and_by_whom() -> None:
    caller = caller_with_order()
    content = file_of(row(ID, ITEM, 2))
    feed_id = caller.create_feed(caller.document_for(content)).json()["feedId"]
    caller.admin("POST", "feeds", {"status": "IN_PROGRESS"})

    ours, theirs = caller.admin("GET", "feeds?account=demo").json()["feeds"]

    assert ours["feedId"] == feed_id
    assert ours["content"] == content.decode()
    assert ours["application"] == "amzn1.application-oa2-client.sim"
    assert (theirs["content"], theirs["processingStatus"]) == (None, "IN_PROGRESS")
