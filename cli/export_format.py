"""What ``orders export`` writes: one order a line, for systems that ship.

The JSON Schema in docs/messages/order-export.schema.json is generated from these classes.  Fields
are only ever added; a changed meaning is a new ``format``.
"""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from domain.order_status import ready_to_ship, why_not_ready
from domain.orders import Buyer, Order, OrderItem

FORMAT: Literal["order-export/1"] = "order-export/1"


class Exported(BaseModel):
    """A part of the line."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class BuyerData(StrEnum):
    """What the line tells of the buyer."""

    GIVEN = "given"
    HIDDEN = "hidden"
    NOT_KNOWN = "not_known"
    REMOVED = "removed"


class ExportedItem(Exported):
    """An item of the order, as Amazon tells it."""

    order_item_id: str
    """Text, not a number: leading zeros count."""
    sku: str
    asin: str
    title: str
    quantity_ordered: int
    quantity_fulfilled: int
    quantity_unfulfilled: int
    currency: str
    unit_price_minor: int | None
    """In minor units of the currency (cents; whole yen)."""
    cancel_requested: bool
    cancel_reason: str


class ExportedBuyer(Exported):
    """Who bought."""

    email: str
    """Amazon's anonymized address."""
    name: str
    phone: str
    """The delivery address's; Amazon gives no other."""


class ExportedAddress(Exported):
    """Where it goes: always ship to this name, which may differ from the buyer's."""

    name: str
    company_name: str
    address_line_1: str
    address_line_2: str
    address_line_3: str
    city: str
    state: str
    postal_code: str
    country_code: str
    address_type: str


class ExportedOrder(Exported):
    """One order, complete as of the line's cursor."""

    cursor: str
    """Pass it as --since to go on after this line."""
    format: Literal["order-export/1"] = FORMAT
    account: str
    order_id: str
    status: str
    """ORDER_NEW, ORDER_FULFILLED or ORDER_CANCELED."""
    amazon_status: str
    """Amazon's own word."""
    amazon_status_at: datetime
    ready_to_ship: bool
    """Ship only when true."""
    not_ready_because: tuple[str, ...]
    cancel_requested: bool
    """The buyer asked to cancel an item."""
    purchased_at: datetime
    imported_at: datetime | None
    marketplace_id: str
    sales_channel: str
    merchant_order_id: str
    is_business_order: bool | None
    ship_service_level: str
    ship_by: datetime | None
    deliver_by: datetime | None
    enrichment: str
    """How complete items and buyer are: due, incomplete(pending), incomplete(role), complete, …"""
    items: tuple[ExportedItem, ...]
    buyer_data: BuyerData
    """given; hidden (exported without --reveal); not_known (yet); removed (kept long enough)."""
    purged_at: datetime | None = None
    """Since when the buyer's data is removed here: remove your copy of it, too."""
    buyer: ExportedBuyer | None
    ship_to: ExportedAddress | None


def exported(order: Order, *, cursor: str, reveal: bool) -> ExportedOrder:
    """Return the line of an order; without ``reveal`` it tells nothing of the buyer."""
    shown = order.buyer if reveal else None
    same = set(ExportedOrder.model_fields) - {"cursor", "format", "items", "buyer", "enrichment"}
    return ExportedOrder(
        **{name: getattr(order, name) for name in same if hasattr(order, name)},
        cursor=cursor,
        ready_to_ship=ready_to_ship(order),
        not_ready_because=tuple(why_not_ready(order)),
        enrichment=order.enrichment.value,
        items=tuple(_item(each) for each in order.items),
        buyer_data=_buyer_data(order, reveal=reveal),
        buyer=shown and _buyer(shown),
        ship_to=shown and _ship_to(shown),
    )


def _buyer_data(order: Order, *, reveal: bool) -> BuyerData:
    if order.purged_at is not None:
        return BuyerData.REMOVED
    if order.buyer is None:
        return BuyerData.NOT_KNOWN
    return BuyerData.GIVEN if reveal else BuyerData.HIDDEN


def _item(item: OrderItem) -> ExportedItem:
    return ExportedItem(**{name: getattr(item, name) for name in ExportedItem.model_fields})


def _buyer(buyer: Buyer) -> ExportedBuyer:
    return ExportedBuyer(email=buyer.email, name=buyer.name, phone=buyer.phone)


def _ship_to(buyer: Buyer) -> ExportedAddress:
    same = [name for name in ExportedAddress.model_fields if name != "name"]
    return ExportedAddress(
        name=buyer.recipient_name, **{name: getattr(buyer, name) for name in same}
    )


def export_schema() -> str:
    """Return docs/messages/order-export.schema.json."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of `python -m cli orders export`",
        **ExportedOrder.model_json_schema(mode="serialization"),
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
