"""What other systems tell us: public events, JSON over AMQP.

They travel on the topic exchange ``ecommerce.amazon.events``; the routing key is the event's type.
These models are the contract: docs/messages holds the JSON Schemas made from them.  Fields are
only ever added, with defaults; a changed meaning is a new version.  Unknown fields are ignored, so
a sender may be ahead of us.  No buyer data in either direction.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from domain.errors import Malformed
from domain.messages import Event, TrackedItem, TrackingEntered

EXCHANGE = "ecommerce.amazon.events"
BARE_NUMBER = re.compile(r"[-+.0-9eE]+", re.ASCII)
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
AHEAD_AT_MOST = timedelta(days=1)
"""Clocks differ; but a time of truth far ahead would beat every true correction until it comes."""
REASONS_SHOWN = 5


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("contains control or invisible characters")
    return text


def _one_line(value: Any) -> Any:
    if not isinstance(value, str):
        return value  # Of another type altogether: the type check that follows says so.
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())


def _blank_is_absent(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def _written_out(value: Any) -> Any:
    # Pydantic takes 1700000000 and "1700000000" for seconds since 1970, longer ones for others.
    if not isinstance(value, str) or BARE_NUMBER.fullmatch(value):
        raise ValueError("is not a date and time with its offset from UTC")
    return value


def _plausible(at: datetime) -> datetime:
    if not EARLIEST <= at < LATEST:
        raise ValueError("is not between the years 2000 and 2100")
    return at.astimezone(UTC)


def _not_ahead(at: datetime, info: ValidationInfo) -> datetime:
    now: datetime = (info.context or {})["now"]
    if at > now + AHEAD_AT_MOST:
        raise ValueError("is more than a day ahead of the connector's clock")
    return at


Id = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=100),
    AfterValidator(_printable),
]
"""Text that identifies something: a tab or line break inside is refused, around it is dropped."""
Words = Annotated[str, StringConstraints(min_length=1, max_length=100), BeforeValidator(_one_line)]
"""Text for people: tabs and line breaks inside become spaces."""
OptionalId = Annotated[Id | None, BeforeValidator(_blank_is_absent)]
OptionalWords = Annotated[Words | None, BeforeValidator(_blank_is_absent)]
Moment = Annotated[
    AwareDatetime, Field(strict=False), BeforeValidator(_written_out), AfterValidator(_plausible)
]
"""ISO 8601 with an offset, e.g. ``2026-11-23T14:05:00+01:00`` or ``…Z``."""
TimeOfTruth = Annotated[Moment, AfterValidator(_not_ahead)]
"""Decides which of two events is newer."""


class InboundEvent(BaseModel, ABC):
    """What every event from another system carries."""

    model_config = ConfigDict(
        frozen=True, strict=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )

    event_id: Id
    """The sender's id of this event, unique for ever.  The same id again is the same event."""
    version: Literal[1]
    """Version of this message."""
    account: Id
    """Name of the seller account, as configured here."""

    @classmethod
    def read(cls, body: bytes, *, now: datetime) -> Self:
        """Read the JSON of an event that came in ``now``.

        Raises:
            Malformed: it is not such an event; the text names fields and rules, never values.
        """
        try:
            return cls.model_validate_json(body, context={"now": now})
        except ValidationError as exc:
            errors = exc.errors(include_url=False, include_input=False, include_context=False)
            reasons = [_reason(e["loc"], e["msg"]) for e in errors[:REASONS_SHOWN]]
            more = len(errors) - REASONS_SHOWN
            raise Malformed(
                "; ".join(reasons) + (f"; and {more} more" if more > 0 else "")
            ) from None

    @abstractmethod
    def fact(self) -> Event:
        """Return the fact our stages hear of; the same event gives the same fact."""


class TrackedItemV1(BaseModel):
    """Units of one order item in the package: by order-item id, or by SKU if only one fits."""

    model_config = ConfigDict(
        frozen=True, strict=True, hide_input_in_errors=True, use_attribute_docstrings=True
    )

    order_item_id: OptionalId = None
    """Amazon's order-item id, as text.  It wins over ``sku``."""
    sku: OptionalId = None
    """The seller SKU."""
    quantity: int = Field(ge=1, le=100_000)
    """Units of the item in this package."""

    @model_validator(mode="after")
    def _says_which_item(self) -> Self:
        if self.order_item_id is None and self.sku is None:
            raise ValueError("an item needs order_item_id or sku")
        return self


class TrackingEnteredV1(InboundEvent):
    """A package of an Amazon order was handed to a carrier."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "event_id": "9d0c3c1e-7f53-4f5e-9a4e-0a6f2f6f8a11",
                    "version": 1,
                    "account": "demo",
                    "order_id": "111-1234567-1234567",
                    "shipment_ref": "PACK-2041-1",
                    "carrier": "UPS",
                    "tracking_number": "1Z999AA10123456784",
                    "shipped_at": "2026-11-23T15:40:00-05:00",
                    "ship_method": "Ground",
                    "items": [{"order_item_id": "05015851154158", "quantity": 1}],
                    "entered_at": "2026-11-23T20:41:07Z",
                },
                {
                    "event_id": "shop-88213",
                    "version": 1,
                    "account": "demo",
                    "order_id": "111-7654321-7654321",
                    "carrier": "Yodel",
                    "tracking_number": "JD0002250000000000",
                    "shipped_at": "2026-11-23T09:00:00+00:00",
                    "items": [{"sku": "FLOOR-MAT-07", "quantity": 2}],
                    "entered_at": "2026-11-23T09:12:44Z",
                },
            ]
        }
    )

    order_id: Id
    """Amazon's order id, e.g. ``111-1234567-1234567``."""
    shipment_ref: OptionalId = None
    """The sender's own reference of the package.  The same reference with a later ``entered_at``
    corrects the earlier entry; another reference is another package."""
    carrier: Words
    """The carrier's name or code."""
    tracking_number: Id
    shipped_at: Moment
    """When the package was handed over; with an offset from UTC."""
    ship_method: OptionalWords = None
    """The service level, e.g. ``Ground``."""
    items: list[TrackedItemV1] = Field(min_length=1, max_length=200)
    """What is in the package."""
    entered_at: TimeOfTruth
    """When this was entered in the sending system; older entries never replace newer ones.  With an
    offset from UTC, and at most a day ahead of the connector's clock."""

    def fact(self) -> TrackingEntered:
        """Return the entry as our stages hear of it."""
        return TrackingEntered.first(
            key=f"tracking.entered/{self.event_id}",
            account=self.account,
            at=self.entered_at,
            source_event_id=self.event_id,
            order_id=self.order_id,
            shipment_ref=self.shipment_ref or "",
            carrier=self.carrier,
            tracking_number=self.tracking_number,
            shipped_at=self.shipped_at,
            ship_method=self.ship_method or "",
            items=tuple(
                TrackedItem(
                    order_item_id=item.order_item_id or "",
                    sku=item.sku or "",
                    quantity=item.quantity,
                )
                for item in self.items
            ),
            entered_at=self.entered_at,
        )


INBOUND_MODELS: dict[str, type[InboundEvent]] = {"tracking.entered": TrackingEnteredV1}
"""What we understand, by routing key."""


def _reason(location: tuple[int | str, ...], message: str) -> str:
    field = ".".join(map(str, location)) or "the message"
    return f"{field}: {message.removeprefix('Value error, ')}"
