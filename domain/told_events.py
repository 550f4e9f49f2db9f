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


class ShipmentIssue(BaseModel):
    """What Amazon said of a shipment, in its own code and words."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    code: str
    is_error: bool
    """False: a warning; Amazon took the shipment all the same."""
    message: str


class ShipmentEvent(OutboundEvent):
    """A shipment as it stood right after what happened."""

    order_id: str
    marketplace_id: str
    """Empty while the order is not known here."""
    shipment_id: str
    """Ours; the same for all corrections of a package."""
    shipment_ref: str
    """The sender's own reference of the package; empty if none was sent."""
    source_event_id: str
    """The ``event_id`` of the entry this is about: the one whose content counts."""
    outbound: str
    """Where it stands: ``accepted``, ``refused`` or ``manual``."""
    reason: str
    """Why, in a word; ``amazon`` when Amazon refused it.  Empty when it is accepted."""
    explanation: str
    """Why, in a sentence, and what to send or to do."""
    warnings: tuple[str, ...]
    """What looks wrong and did not keep it from being sent."""
    issues: tuple[ShipmentIssue, ...]


_SHIPMENT: dict[str, Any] = {
    "shipment_id": "6c2f7a34-6f0f-5d8c-9a53-0d3a5c1d7f21",
    "shipment_ref": "PKG-17-1",
    "source_event_id": "shop-4711",
    "warnings": [],
}


def _shipment_example(event_type: str, **facts: Any) -> ConfigDict:
    about_orders = {"status", "amazon_status"}
    base = {name: value for name, value in EXAMPLE.items() if name not in about_orders}
    example = base | {"type": event_type} | _SHIPMENT | facts
    return ConfigDict(json_schema_extra={"examples": [example]})


class ShipmentAcceptedV1(ShipmentEvent):
    """Amazon took a shipment: the buyer can see the package."""

    model_config = _shipment_example(
        "shipment.accepted", outbound="accepted", reason="", explanation="", issues=[]
    )

    type: Literal["shipment.accepted"]


class ShipmentRejectedV1(ShipmentEvent):
    """A shipment does not reach Amazon as it is: correct it, or do it in Seller Central."""

    model_config = _shipment_example(
        "shipment.rejected",
        outbound="refused",
        reason="over_quantity",
        explanation="item 05015851154158 has 1 units left to ship, 2 were entered",
        issues=[],
    )

    type: Literal["shipment.rejected"]


OUTBOUND_MODELS: dict[str, type[OutboundEvent]] = {
    "order.imported": OrderImportedV1,
    "order.enriched": OrderEnrichedV1,
    "order.canceled": OrderCanceledV1,
    "order.cancel-requested": OrderCancelRequestedV1,
    "order.fulfilled": OrderFulfilledV1,
    "shipment.accepted": ShipmentAcceptedV1,
    "shipment.rejected": ShipmentRejectedV1,
}
"""What we say, by routing key."""
