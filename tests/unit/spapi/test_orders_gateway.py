from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.errors import Malformed, Refused, StalePageToken, Suspended
from domain.orders import AmazonOrder
from spapi.orders import AmazonOrdersGateway
from tests.fakes.amazon_http import ScriptedAmazon, answer, refusal, seller
from tests.unit.spapi.an_order import ITEM, ORDER, OURS

SINCE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


@pytest.fixture
def gateway(amazon: ScriptedAmazon) -> AmazonOrdersGateway:
    return AmazonOrdersGateway({"garage": seller()}, amazon.calls)


def fetched(amazon: ScriptedAmazon, gateway: AmazonOrdersGateway, **changes: Any) -> AmazonOrder:
    amazon.will(answer({"order": ORDER | changes}))
    order = gateway.get("garage", "302-0000001-0000001")
    assert order is not None
    return order


def test_an_order_arrives_with_everything_amazon_tells(
    amazon: ScriptedAmazon, gateway: AmazonOrdersGateway
) -> None:
    assert fetched(amazon, gateway) == OURS
    assert amazon.requests[0].url.path == "/orders/2026-01-01/orders/302-0000001-0000001"
    assert amazon.params() == {"includedData": "BUYER,RECIPIENT,FULFILLMENT,CANCELLATION,PACKAGES"}


def test_a_search_asks_for_sellers_own_orders_of_the_accounts_marketplaces(
    amazon: ScriptedAmazon, gateway: AmazonOrdersGateway
) -> None:
    amazon.will(answer({"orders": []}))

    gateway.search("garage", updated_after=SINCE, page_token=None)

    assert amazon.requests[0].url.path == "/orders/2026-01-01/orders"
    assert amazon.params() == {
        "lastUpdatedAfter": "2026-11-23T08:00:00.000Z",
        "marketplaceIds": "A1PA6795UKMFR9,A13V1IB3VIYZZH",
        "fulfilledBy": "MERCHANT",
        "includedData": "BUYER,RECIPIENT,FULFILLMENT,CANCELLATION,PACKAGES",
        "maxResultsPerPage": "100",
    }


def test_a_page_brings_its_orders_the_next_token_and_the_end_of_its_span(
    amazon: ScriptedAmazon, gateway: AmazonOrdersGateway
) -> None:
    amazon.will(
        answer(
            {
                "orders": [ORDER],
                "pagination": {"nextToken": "page-2"},
                "lastUpdatedBefore": "2026-11-23T10:00:00Z",
            }
        ),
        answer({"orders": [], "pagination": {}, "lastUpdatedBefore": "2026-11-23T10:00:00Z"}),
    )

    first = gateway.search("garage", updated_after=SINCE, page_token=None)
    second = gateway.search("garage", updated_after=SINCE, page_token=first.next_token)

    assert first.orders == (OURS,)
    assert first.next_token == "page-2"
    assert first.last_updated_before == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    assert amazon.params(1) == amazon.params(0) | {"paginationToken": "page-2"}
    assert (second.orders, second.next_token) == ((), None)


@pytest.mark.parametrize(
    ("_case", "broken", "told"),
    [
        ("no id", {"orderId": None}, ("", "orderId (string_type)")),
        (
            "no status",
            {"fulfillment": None},
            ("302-0000001-0000001", "fulfillment (model_type)"),
        ),
        (
            "an item without id",
            {"orderItems": [{**ITEM, "orderItemId": ""}]},
            ("302-0000001-0000001", "orderItems.0.orderItemId (string_too_short)"),
        ),
        (
            "a time without a zone",
            {"lastUpdatedTime": "2026-11-23T09:00:00"},
            ("302-0000001-0000001", "lastUpdatedTime (timezone_aware)"),
        ),
    ],
)
def test_one_unreadable_order_costs_only_itself(
    amazon: ScriptedAmazon,
    gateway: AmazonOrdersGateway,
    _case: str,
    broken: dict[str, Any],
    told: tuple[str, str],
) -> None:
    amazon.will(answer({"orders": [ORDER | broken, ORDER]}))

    page = gateway.search("garage", updated_after=SINCE, page_token=None)

    assert page.orders == (OURS,)
    assert page.unreadable == (told,)


def test_an_order_that_is_not_even_an_object_costs_only_itself(
    amazon: ScriptedAmazon, gateway: AmazonOrdersGateway
) -> None:
    amazon.will(answer({"orders": ["?", ORDER]}))

    page = gateway.search("garage", updated_after=SINCE, page_token=None)

    assert (page.orders, page.unreadable) == ((OURS,), (("", "answer (model_type)"),))


def test_an_answer_without_orders_is_malformed(
    amazon: ScriptedAmazon, gateway: AmazonOrdersGateway
) -> None:
    amazon.will(answer({"payload": {"Orders": []}}))

    with pytest.raises(Malformed):
        gateway.search("garage", updated_after=SINCE, page_token=None)


def test_an_unreadable_single_order_is_malformed_and_shows_no_value(
    amazon: ScriptedAmazon, gateway: AmazonOrdersGateway
) -> None:
    amazon.will(answer({"order": ORDER | {"buyer": "Buyer 17"}}))

    with pytest.raises(Malformed) as caught:
        gateway.get("garage", "302-0000001-0000001")

    assert str(caught.value) == "getOrder: unreadable buyer (model_type)"


def test_a_400_to_a_page_token_is_a_stale_token(
    amazon: ScriptedAmazon, gateway: AmazonOrdersGateway
) -> None:
    amazon.will(refusal(400, "InvalidInput", "Invalid Input"))

    with pytest.raises(StalePageToken) as caught:
        gateway.search("garage", updated_after=SINCE, page_token="old")

    assert (caught.value.code, caught.value.status) == ("InvalidInput", 400)


def test_a_400_without_a_page_token_is_a_refusal(
    amazon: ScriptedAmazon, gateway: AmazonOrdersGateway
) -> None:
    amazon.will(refusal(400, "InvalidInput"))

    with pytest.raises(Refused) as caught:
        gateway.search("garage", updated_after=SINCE, page_token=None)

    assert not isinstance(caught.value, StalePageToken)


def test_a_denied_search_waits_for_a_person(
    amazon: ScriptedAmazon, gateway: AmazonOrdersGateway
) -> None:
    amazon.will(refusal(403, "Unauthorized", "denied", "Role missing"))

    with pytest.raises(Suspended):
        gateway.search("garage", updated_after=SINCE, page_token="page-2")


def test_an_order_amazon_does_not_know_is_none(
    amazon: ScriptedAmazon, gateway: AmazonOrdersGateway
) -> None:
    amazon.will(refusal(404, "NotFound"))

    assert gateway.get("garage", "302-0000009-0000009") is None
