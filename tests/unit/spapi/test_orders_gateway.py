from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.errors import Malformed, Refused, StalePageToken, Suspended
from domain.orders import AmazonOrder, Buyer, OrderItem, Package
from spapi.orders import AmazonOrdersGateway
from tests.fakes.amazon_http import ScriptedAmazon, answer, refusal, seller

SINCE = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
ITEM = {
    "orderItemId": "00123456789012",
    "quantityOrdered": 3,
    "product": {
        "asin": "B00TEST001",
        "title": "Brake Pad Set",
        "sellerSku": "BP-100",
        "price": {"unitPrice": {"amount": "19.95", "currencyCode": "EUR"}},
    },
    "cancellation": {"cancellationRequest": {"requester": "BUYER", "cancelReason": "Mistake"}},
    "fulfillment": {"quantityFulfilled": 1, "quantityUnfulfilled": 2},
}
ORDER: dict[str, Any] = {
    "orderId": "302-0000001-0000001",
    "orderAliases": [{"aliasId": "W-5", "aliasType": "SELLER_ORDER_ID"}],
    "createdTime": "2026-11-22T14:03:11Z",
    "lastUpdatedTime": "2026-11-23T09:00:00.1239Z",
    "programs": ["PRIME"],
    "salesChannel": {
        "channelName": "AMAZON",
        "marketplaceId": "A1PA6795UKMFR9",
        "marketplaceName": "Amazon.de",
    },
    "buyer": {"buyerName": "Buyer 17", "buyerEmail": "buyer-17@example.invalid"},
    "recipient": {
        "deliveryAddress": {
            "name": "Recipient 17",
            "companyName": "Company 17",
            "addressLine1": "Street 1",
            "addressLine2": "Floor 2",
            "addressLine3": "Door 3",
            "city": "Town",
            "stateOrRegion": "Region",
            "postalCode": "01234",
            "countryCode": "DE",
            "phone": "+49 000 17",
            "addressType": "RESIDENTIAL",
        }
    },
    "fulfillment": {
        "fulfillmentStatus": "PARTIALLY_SHIPPED",
        "fulfilledBy": "MERCHANT",
        "shipByWindow": {"latestDateTime": "2026-11-24T22:59:59Z"},
        "deliverByWindow": {"latestDateTime": "2026-11-27T22:59:59Z"},
    },
    "orderItems": [ITEM],
    "packages": [
        {
            "packageReferenceId": "1",
            "carrier": "DHL",
            "trackingNumber": "00340434",
            "shipTime": "2026-11-23T08:30:00Z",
            "packageStatus": {"status": "IN_TRANSIT"},
        }
    ],
}
OURS = AmazonOrder(
    order_id="302-0000001-0000001",
    status="PARTIALLY_SHIPPED",
    purchased_at=datetime(2026, 11, 22, 14, 3, 11, tzinfo=UTC),
    last_updated_at=datetime(2026, 11, 23, 9, 0, 0, 123_000, tzinfo=UTC),
    marketplace_id="A1PA6795UKMFR9",
    sales_channel="Amazon.de",
    fulfilled_by="MERCHANT",
    items=(
        OrderItem(
            order_item_id="00123456789012",
            sku="BP-100",
            asin="B00TEST001",
            title="Brake Pad Set",
            quantity_ordered=3,
            quantity_fulfilled=1,
            quantity_unfulfilled=2,
            currency="EUR",
            unit_price_minor=1995,
            cancel_requested=True,
            cancel_reason="Mistake",
        ),
    ),
    buyer=Buyer(
        email="buyer-17@example.invalid",
        name="Buyer 17",
        phone="+49 000 17",
        recipient_name="Recipient 17",
        company_name="Company 17",
        address_line_1="Street 1",
        address_line_2="Floor 2",
        address_line_3="Door 3",
        city="Town",
        state="Region",
        postal_code="01234",
        country_code="DE",
        address_type="RESIDENTIAL",
    ),
    ship_by=datetime(2026, 11, 24, 22, 59, 59, tzinfo=UTC),
    deliver_by=datetime(2026, 11, 27, 22, 59, 59, tzinfo=UTC),
    packages=(
        Package(
            reference_id="1",
            carrier="DHL",
            tracking_number="00340434",
            shipped_at=datetime(2026, 11, 23, 8, 30, tzinfo=UTC),
            status="IN_TRANSIT",
        ),
    ),
    programs=("PRIME",),
    seller_order_id="W-5",
)


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


@pytest.mark.parametrize(
    "withheld",
    [
        {"buyer": None, "recipient": None},
        {"buyer": {}, "recipient": {}},
        {"buyer": {"buyerName": None}, "recipient": {"deliveryAddress": {"city": ""}}},
    ],
)
def test_a_buyer_amazon_withholds_is_none(
    amazon: ScriptedAmazon, gateway: AmazonOrdersGateway, withheld: dict[str, Any]
) -> None:
    assert fetched(amazon, gateway, **withheld).buyer is None


def test_a_part_of_the_address_is_kept(
    amazon: ScriptedAmazon, gateway: AmazonOrdersGateway
) -> None:
    partial = {"buyer": None, "recipient": {"deliveryAddress": {"postalCode": "01234"}}}

    assert fetched(amazon, gateway, **partial).buyer == Buyer(postal_code="01234")


def test_a_pending_order_comes_without_prices_and_parts(
    amazon: ScriptedAmazon, gateway: AmazonOrdersGateway
) -> None:
    item = {"orderItemId": "0007", "quantityOrdered": 2, "product": {"sellerSku": "BP-100"}}
    order = fetched(
        amazon,
        gateway,
        orderItems=[item],
        packages=None,
        orderAliases=None,
        programs=None,
        buyer=None,
        recipient=None,
        fulfillment={"fulfillmentStatus": "PENDING"},
    )

    (ours,) = order.items
    assert (ours.unit_price_minor, ours.currency) == (None, "")
    assert (ours.quantity_fulfilled, ours.quantity_unfulfilled) == (0, 2)
    assert not ours.cancel_requested
    assert (order.packages, order.programs, order.seller_order_id) == ((), (), "")
    assert (order.ship_by, order.deliver_by) == (None, None)


def test_an_order_from_elsewhere_is_told_in_the_reports_words(
    amazon: ScriptedAmazon, gateway: AmazonOrdersGateway
) -> None:
    channel = {"channelName": "NON_AMAZON"}

    assert fetched(amazon, gateway, salesChannel=channel).sales_channel == "Non-Amazon"


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("19.95", "EUR", 1995),
        ("20", "USD", 2000),
        ("5980", "JPY", 5980),
        ("5980.00", "JPY", 5980),
        ("1.234", "KWD", 1234),
        ("0.1", "PLN", 10),
        ("0.005", "EUR", 1),
        ("99999999.99", "BRL", 9999999999),
    ],
)
def test_money_is_exact_in_minor_units(
    amazon: ScriptedAmazon, gateway: AmazonOrdersGateway, amount: str, currency: str, minor: int
) -> None:
    price = {"unitPrice": {"amount": amount, "currencyCode": currency}}
    order = fetched(amazon, gateway, orderItems=[ITEM | {"product": {"price": price}}])

    assert order.items[0].unit_price_minor == minor


def test_an_amount_that_is_no_number_makes_the_order_unreadable(
    amazon: ScriptedAmazon, gateway: AmazonOrdersGateway
) -> None:
    price = {"unitPrice": {"amount": "NaN", "currencyCode": "EUR"}}

    with pytest.raises(Malformed):
        fetched(amazon, gateway, orderItems=[ITEM | {"product": {"price": price}}])
