"""The gateway against Amazon's own models: what it reads of their answers, and what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.orders import AmazonOrder
from spapi.feeds import AmazonFeedsGateway
from spapi.orders import AmazonOrdersGateway
from spapi.reports import AmazonReportsGateway
from tests.contract.models import FEEDS, ORDERS, REPORTS, Model, good_answer, static_sandbox_cases
from tests.fakes.amazon_http import ScriptedAmazon, answer, seller

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


def read_orders(
    amazon: ScriptedAmazon, model: Model, operation: str
) -> Iterator[tuple[dict[str, Any], AmazonOrder]]:
    gateway = AmazonOrdersGateway({"garage": seller()}, amazon.calls)
    for case in static_sandbox_cases(model, operation):
        if case.status != 200:
            continue
        amazon.will(answer(case.response))
        if operation == "getOrder":
            order = gateway.get("garage", case.response["order"]["orderId"])
            assert order is not None
            yield case.response["order"], order
        else:
            page = gateway.search("garage", updated_after=NOW, page_token=None)
            assert page.unreadable == ()
            assert page.next_token == case.response.get("pagination", {}).get("nextToken")
            yield from zip(case.response["orders"], page.orders, strict=True)


@pytest.mark.parametrize(("operation", "count"), [("searchOrders", 3), ("getOrder", 3)])
def test_amazons_sandbox_orders_are_read_whole(
    operation: str, count: int, amazon: ScriptedAmazon, models: dict[str, Model]
) -> None:
    read = list(read_orders(amazon, models[ORDERS], operation))

    assert len(read) == count
    for theirs, ours in read:
        assert ours.order_id == theirs["orderId"]
        assert ours.status == theirs["fulfillment"]["fulfillmentStatus"]
        assert ours.purchased_at == datetime.fromisoformat(theirs["createdTime"])
        assert ours.last_updated_at == datetime.fromisoformat(theirs["lastUpdatedTime"])
        assert ours.sales_channel == theirs["salesChannel"]["marketplaceName"]
        assert len(ours.packages) == len(theirs.get("packages", []))
        address = theirs["recipient"]["deliveryAddress"]
        assert ours.buyer is not None
        assert ours.buyer.email == theirs.get("buyer", {}).get("buyerEmail", "")
        assert ours.buyer.recipient_name == address["name"]
        assert ours.buyer.phone == address.get("phone", "")
        for their_item, our_item in zip(theirs["orderItems"], ours.items, strict=True):
            assert our_item.order_item_id == their_item["orderItemId"]
            assert our_item.sku == their_item["product"]["sellerSku"]
            assert our_item.quantity_fulfilled == their_item["fulfillment"]["quantityFulfilled"]


def test_amazons_sandbox_prices_are_exact(amazon: ScriptedAmazon, models: dict[str, Model]) -> None:
    prices = {
        item.order_item_id: (item.currency, item.unit_price_minor)
        for operation in ("searchOrders", "getOrder")
        for _, order in read_orders(amazon, models[ORDERS], operation)
        for item in order.items
    }

    assert prices["25012345678901"] == ("JPY", 5980)
    assert prices["20276543210987"] == ("GBP", 3499)
    assert prices["02812345678901"] == ("TRY", 6250)


def _required(definition: dict[str, Any]) -> set[str]:
    return set(definition.get("required", ()))


@pytest.mark.parametrize(
    ("model", "definition", "needed"),
    [
        (REPORTS, "Report", {"reportId", "processingStatus"}),
        (REPORTS, "ReportDocument", {"url"}),
        (REPORTS, "CreateReportResponse", {"reportId"}),
        (REPORTS, "GetReportsResponse", {"reports"}),
        (ORDERS, "Order", {"orderId", "createdTime", "lastUpdatedTime", "salesChannel"}),
        (ORDERS, "OrderItem", {"orderItemId", "quantityOrdered", "product"}),
        (ORDERS, "OrderFulfillment", {"fulfillmentStatus"}),
        (ORDERS, "OrderPackage", {"packageReferenceId"}),
        (ORDERS, "Money", {"amount", "currencyCode"}),
        (ORDERS, "SearchOrdersResponse", {"orders"}),
        (FEEDS, "Feed", {"feedId", "processingStatus", "feedType", "createdTime"}),
        (FEEDS, "CreateFeedDocumentResponse", {"feedDocumentId", "url"}),
        (FEEDS, "CreateFeedResponse", {"feedId"}),
        (FEEDS, "FeedDocument", {"url"}),
    ],
)
def test_what_the_gateway_needs_amazon_always_gives(
    model: str, definition: str, needed: set[str], models: dict[str, Model]
) -> None:
    assert needed <= _required(models[model]["definitions"][definition])


def test_what_amazons_sandbox_says_of_a_report_is_read(
    amazon: ScriptedAmazon, models: dict[str, Model]
) -> None:
    amazon.will(answer(good_answer(models[REPORTS], "getReport")))

    told = AmazonReportsGateway({"garage": seller()}, amazon.calls).status("garage", "ID323")

    assert (told.amazon_report_id, told.processing_status) == ("ReportId1", "IN_PROGRESS")
    assert told.data_start == datetime(2024, 3, 11, 13, 47, 20, 677_000, tzinfo=UTC)


def test_what_amazons_sandbox_says_of_a_feed_is_read(
    amazon: ScriptedAmazon, models: dict[str, Model]
) -> None:
    amazon.will(answer(good_answer(models[FEEDS], "getFeed")))

    told = AmazonFeedsGateway({"garage": seller()}, amazon.calls).feed("garage", "feedId1")

    assert (told.feed_id, told.processing_status) == ("FeedId1", "CANCELLED")
    assert told.created_at == datetime(2024, 3, 11, 13, 16, 24, 630_000, tzinfo=UTC)
