"""Order statuses: Amazon's words, how far along they are, and what staff see.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from domain.orders import Order, OrderStatus


class Lifecycle(StrEnum):
    """How far an order is at Amazon, whichever way Amazon spells it."""

    UNKNOWN = "UNKNOWN"
    PENDING_AVAILABILITY = "PENDING_AVAILABILITY"
    PENDING = "PENDING"
    UNSHIPPED = "UNSHIPPED"
    PARTIALLY_SHIPPED = "PARTIALLY_SHIPPED"
    UNFULFILLABLE = "UNFULFILLABLE"
    SHIPPED = "SHIPPED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class StatusFact:
    """What Amazon said the status was, and Amazon's last-updated time, in whole seconds."""

    text: str
    at: datetime


def lifecycle(text: str) -> Lifecycle:
    """Return how far Amazon's word ``text`` (report or Orders API) is; total."""
    raise NotImplementedError


def status_fact(text: str, at: datetime | None, *, purchased_at: datetime) -> StatusFact:
    """Return the fact that orders against others; an absent time yields to any that is given."""
    raise NotImplementedError


def newer(current: StatusFact, incoming: StatusFact) -> bool:
    """Whether ``incoming`` overrules ``current``."""
    raise NotImplementedError


def shown_status(amazon_status: str, shipping: Mapping[str, Any]) -> OrderStatus:
    """Return what staff see: one pure function of Amazon's word and our own shipments."""
    raise NotImplementedError


def ready_to_ship(order: Order) -> bool:
    """Whether a warehouse may pack it now."""
    raise NotImplementedError


def why_not_ready(order: Order) -> list[str]:
    """Return why the order must not (yet) be packed, for staff; empty when it is ready."""
    raise NotImplementedError
