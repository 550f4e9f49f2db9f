"""One order in Amazon's JSON, and the same order as ours."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from domain.orders import AmazonOrder, Buyer, OrderItem
from domain.packages import Package, PackageItem

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
            "packageItems": [{"orderItemId": "00123456789012", "quantity": 1}],
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
            items=(PackageItem("00123456789012", 1),),
        ),
    ),
    programs=("PRIME",),
    seller_order_id="W-5",
)
