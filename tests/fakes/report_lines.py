"""Lines of Amazon's order report, made up for tests."""

from __future__ import annotations

HEADER = (
    "amazon-order-id\tmerchant-order-id\tpurchase-date\tlast-updated-date\torder-status\t"
    "fulfillment-channel\tsales-channel\torder-channel\tship-service-level\tproduct-name\tsku\tasin\t"
    "item-status\tquantity\tcurrency\titem-price\titem-tax\tshipping-price\tshipping-tax\t"
    "gift-wrap-price\tgift-wrap-tax\titem-promotion-discount\tship-promotion-discount\tship-city\t"
    "ship-state\tship-postal-code\tship-country\tpromotion-ids\tcpf\tis-business-order\t"
    "purchase-order-number\tprice-designation"
)

DEFAULTS = {
    "amazon-order-id": "111-0000001-0000001",
    "purchase-date": "2026-11-22T14:03:11+00:00",
    "last-updated-date": "2026-11-22T14:03:40+00:00",
    "order-status": "Pending",
    "fulfillment-channel": "Merchant",
    "sales-channel": "Amazon.com",
    "ship-service-level": "Standard",
    "product-name": "Brake Pad Set",
    "sku": "BP-100",
    "asin": "B00TEST001",
    "quantity": "1",
    "currency": "USD",
    "is-business-order": "false",
}


def line(**cells: str) -> str:
    """Return one row; cells by column name with ``_`` for ``-``."""
    named = DEFAULTS | {name.replace("_", "-"): value for name, value in cells.items()}
    return "\t".join(named.get(column, "") for column in HEADER.split("\t"))


def order_id(number: int) -> str:
    """Return a well-formed order id."""
    return f"111-{number:07}-{number:07}"
