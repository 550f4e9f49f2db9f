from __future__ import annotations

from typing import Any

import pytest

from domain.errors import Malformed
from domain.orders import AmazonOrder, Buyer
from spapi.orders import AmazonOrdersGateway
from tests.fakes.amazon_http import ScriptedAmazon, answer, seller
from tests.unit.spapi.an_order import ITEM, ORDER


@pytest.fixture
def gateway(amazon: ScriptedAmazon) -> AmazonOrdersGateway:
    return AmazonOrdersGateway({"garage": seller()}, amazon.calls)


def fetched(amazon: ScriptedAmazon, gateway: AmazonOrdersGateway, **changes: Any) -> AmazonOrder:
    amazon.will(answer({"order": ORDER | changes}))
    order = gateway.get("garage", "302-0000001-0000001")
    assert order is not None
    return order


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
        ("0.005", "EUR", None),
        ("1E+2", "EUR", 10000),
        ("99999999.99", "BRL", 9999999999),
    ],
)
def test_money_is_exact_in_minor_units(
    amazon: ScriptedAmazon,
    gateway: AmazonOrdersGateway,
    amount: str,
    currency: str,
    minor: int | None,
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
