"""An order as Orders API 2026-01-01 tells it, with what Amazon withholds left out.

Source: the model's definitions; access to order PII (buyer and recipient only with the
direct-to-consumer role, seller-fulfilled, and not while Pending; absent fields, never an error).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from simulator.clock import iso
from simulator.marketplaces import MARKETPLACES, money
from simulator.orders import CANCELLED, PARTIALLY_SHIPPED, SHIPPED, UNSHIPPED, Item, Order, Package

INCLUDED_DATA = (
    "BUYER",
    "RECIPIENT",
    "PROCEEDS",
    "EXPENSE",
    "PROMOTION",
    "CANCELLATION",
    "FULFILLMENT",
    "PACKAGES",
    "TAX",
    "PAYMENT",
    "FULFILLMENT_ORDERS",
)
_TOLD = (UNSHIPPED, PARTIALLY_SHIPPED, SHIPPED)
"""Statuses in which Amazon tells who bought.  Before, and once cancelled, it does not."""


def render(
    order: Order, included: Collection[str], now: datetime, *, restricted_role: bool
) -> dict[str, Any]:
    """Return the model's ``Order``.  ``restricted_role``: the account may see buyer data."""
    facts: dict[str, Any] = {
        "orderId": order.order_id,
        "createdTime": iso(order.placed_at),
        "lastUpdatedTime": iso(order.last_updated_at),
        "salesChannel": _sales_channel(order),
        "orderItems": [_item(order, item, included) for item in order.items],
    }
    if order.merchant_order_id:
        facts["orderAliases"] = [
            {"aliasId": order.merchant_order_id, "aliasType": "SELLER_ORDER_ID"}
        ]
    if order.programs:
        facts["programs"] = list(order.programs)
    facts |= _people(order, included, now, restricted_role=restricted_role)
    if "FULFILLMENT" in included:
        facts["fulfillment"] = _fulfillment(order)
    if "PACKAGES" in included and order.fulfilled_by == "MERCHANT":
        facts["packages"] = [_package(package, now) for package in order.packages]
    if "PROCEEDS" in included and order.status in _TOLD:
        total = sum(item.unit_price_minor * item.quantity for item in order.items)
        facts["proceeds"] = {"grandTotal": _money(total, order.currency)}
    return facts


def _people(
    order: Order, included: Collection[str], now: datetime, *, restricted_role: bool
) -> dict[str, Any]:
    if order.status not in _TOLD:
        return {}
    open_ = restricted_role and order.fulfilled_by == "MERCHANT"
    facts: dict[str, Any] = {}
    if "BUYER" in included and open_:
        facts["buyer"] = _present(
            buyerName=order.person.name,
            buyerEmail=order.person.email,
            buyerCompanyName=order.person.company,
            buyerPurchaseOrderNumber=order.purchase_order_number,
        )
    if "RECIPIENT" in included:
        address = _place(order) | (_addressee(order, now) if open_ else {})
        facts["recipient"] = {"deliveryAddress": address}
    return facts


def _place(order: Order) -> dict[str, Any]:
    """The coarse part of an address, which needs no role."""
    person = order.person
    return _present(
        city=person.city,
        stateOrRegion=person.state,
        postalCode=person.postal_code,
        countryCode=person.country,
    )


def _addressee(order: Order, now: datetime) -> dict[str, Any]:
    person = order.person
    late = order.status == SHIPPED and now > order.deliver_by
    return _present(
        name=person.recipient,
        companyName=person.company,
        addressLine1=person.address_line_1,
        addressLine2=person.address_line_2,
        addressLine3=person.address_line_3,
        phone="" if late else person.phone,
        addressType="COMMERCIAL" if order.is_business else "RESIDENTIAL",
    )


def _sales_channel(order: Order) -> dict[str, Any]:
    if order.sales_channel.startswith("Non-Amazon"):
        return {"channelName": "NON_AMAZON"}
    return {
        "channelName": "AMAZON",
        "marketplaceId": order.marketplace_id,
        "marketplaceName": MARKETPLACES[order.marketplace_id].channel,
    }


def _fulfillment(order: Order) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "fulfillmentStatus": order.status,
        "fulfilledBy": order.fulfilled_by,
        "fulfillmentServiceLevel": order.service_level.upper(),
    }
    if order.status in _TOLD:
        facts["shipByWindow"] = _window(order.placed_at, order.ship_by)
        facts["deliverByWindow"] = _window(order.ship_by, order.deliver_by)
    return facts


def _window(earliest: datetime, latest: datetime) -> dict[str, str]:
    return {"earliestDateTime": iso(earliest), "latestDateTime": iso(latest)}


def _item(order: Order, item: Item, included: Collection[str]) -> dict[str, Any]:
    product: dict[str, Any] = {
        "asin": item.asin,
        "title": item.title,
        "sellerSku": item.sku,
        "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"},
    }
    if order.status in _TOLD:
        product["price"] = {"unitPrice": _money(item.unit_price_minor, order.currency)}
    facts: dict[str, Any] = {
        "orderItemId": item.order_item_id,
        "quantityOrdered": item.quantity,
        "product": product,
    }
    if "FULFILLMENT" in included:
        left = 0 if item.cancelled else item.quantity - item.shipped
        facts["fulfillment"] = {"quantityFulfilled": item.shipped, "quantityUnfulfilled": left}
    if "CANCELLATION" in included and (told := _cancellation(order, item)):
        facts["cancellation"] = told
    return facts


def _cancellation(order: Order, item: Item) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    if item.cancel_request:
        facts["cancellationRequest"] = {"requester": "BUYER", "cancelReason": item.cancel_request}
    if order.status == CANCELLED and order.cancelled_by:
        facts["cancellationExecution"] = {"cancelledBy": order.cancelled_by}
    return facts


def _package(package: Package, now: datetime) -> dict[str, Any]:
    delivered = package.delivered_at is not None and package.delivered_at <= now
    return {
        "packageReferenceId": package.reference,
        "createdTime": iso(package.created_at),
        "packageStatus": {"status": "DELIVERED" if delivered else "SHIPPED"},
        "carrier": package.carrier,
        "shipTime": iso(package.shipped_at),
        "shippingService": package.service,
        "trackingNumber": package.tracking_number,
        "packageItems": [
            {"orderItemId": id_, "quantity": units} for id_, units in package.contents.items()
        ],
    }


def _money(minor: int, currency: str) -> dict[str, str]:
    return {"amount": money(minor, currency), "currencyCode": currency}


def _present(**facts: str) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if value}
