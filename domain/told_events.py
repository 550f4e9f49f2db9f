"""What we tell other systems: public events, JSON over AMQP.

The contract for subscribers; docs/messages holds the JSON Schemas made from these models.  Fields
are only ever added; a changed meaning is a new version.  No buyer data.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from domain.orders import OrderStatus, Provenance

EXAMPLE: dict[str, Any] = {
    "event_id": "0f9a4a1e-3d55-5d0c-8d4e-6a5b8c0c2f10",
    "version": 1,
    "occurred_at": "2026-11-23T14:02:11.480Z",
    "account": "demo",
    "order_id": "111-1234567-1234567",
    "marketplace_id": "ATVPDKIKX0DER",
    "status": "ORDER_NEW",
    "amazon_status": "Unshipped",
}


def _example(event_type: str, **facts: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [EXAMPLE | {"type": event_type} | facts]})


class OutboundEvent(BaseModel):
    """What every event of ours carries."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    event_id: str
    """Derived from what happened; delivery is at least once, so drop ids you have seen."""
    type: str
    """Also the routing key."""
    version: Literal[1]
    occurred_at: AwareDatetime
    account: str


class OrderEvent(OutboundEvent):
    """An order as it stood right after what happened."""

    order_id: str
    marketplace_id: str
    status: OrderStatus
    """What staff see."""
    amazon_status: str
    """Amazon's own word."""


class OrderImportedV1(OrderEvent):
    """An order was created here.  Buyer and address come later, by ``orders export``."""

    model_config = _example("order.imported", provenance="report", amazon_status="Pending")

    type: Literal["order.imported"]
    provenance: Provenance


class OrderEnrichedV1(OrderEvent):
    """The buyer, the address and the order-item ids of an order are here for the first time."""

    model_config = _example("order.enriched")

    type: Literal["order.enriched"]


class OrderStatusEvent(OrderEvent):
    """The status staff see became another one."""

    previous_status: OrderStatus
    confirmation: str
    """Amazon's confirmation of our shipments: empty, ``sent`` or ``confirmed``."""


class OrderCanceledV1(OrderStatusEvent):
    """An order was cancelled at Amazon: do not ship it."""

    model_config = _example(
        "order.canceled",
        status="ORDER_CANCELED",
        amazon_status="CANCELLED",
        previous_status="ORDER_NEW",
        confirmation="",
    )

    type: Literal["order.canceled"]


class OrderFulfilledV1(OrderStatusEvent):
    """Every unit of an order is shipped, as far as is known here."""

    model_config = _example(
        "order.fulfilled",
        status="ORDER_FULFILLED",
        amazon_status="SHIPPED",
        previous_status="ORDER_NEW",
        confirmation="confirmed",
    )

    type: Literal["order.fulfilled"]


class OrderCancelRequestedV1(OrderEvent):
    """The buyer asked to cancel an order; Amazon leaves the decision to the seller."""

    model_config = _example("order.cancel-requested", order_item_ids=["05015851154158"])

    type: Literal["order.cancel-requested"]
    order_item_ids: tuple[str, ...]
    """The items the buyer does not want any more."""


OUTBOUND_MODELS: dict[str, type[OutboundEvent]] = {
    "order.imported": OrderImportedV1,
    "order.enriched": OrderEnrichedV1,
    "order.canceled": OrderCanceledV1,
    "order.cancel-requested": OrderCancelRequestedV1,
    "order.fulfilled": OrderFulfilledV1,
}
"""What we say, by routing key."""
