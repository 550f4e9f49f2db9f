"""Amazon's own records of orders, made up for tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.orders import AmazonOrder, Buyer, OrderItem

PLACED = datetime(2026, 11, 22, 14, 3, 11, tzinfo=UTC)


def amazon_order(order_id: str, **changes: Any) -> AmazonOrder:
    """Return an unshipped order of one item with everything Amazon can tell."""
    order = AmazonOrder(
        order_id=order_id,
        status="UNSHIPPED",
        purchased_at=PLACED,
        last_updated_at=PLACED + timedelta(minutes=40),
        marketplace_id="ATVPDKIKX0DER",
        sales_channel="Amazon.com",
        fulfilled_by="MERCHANT",
        items=(
            OrderItem(
                order_item_id="011" + order_id[-7:] + "0000",
                sku="BP-100",
                asin="B00TEST001",
                title="Brake Pad Set",
                quantity_ordered=1,
                quantity_fulfilled=0,
                quantity_unfulfilled=1,
            ),
        ),
        buyer=Buyer(
            email="buyer-17@example.invalid",
            name="Buyer 17",
            phone="000-0017",
            recipient_name="Recipient 17",
            address_line_1="17 Example Street",
            city="Exampleville",
            postal_code="00017",
            country_code="US",
        ),
        ship_by=PLACED + timedelta(days=2),
    )
    return replace(order, **changes)
