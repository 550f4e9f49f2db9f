"""What Amazon's own record of an order (Orders API) adds to ours.  Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.orders import AmazonOrder, Order


@dataclass(frozen=True, slots=True)
class FetchRefused:
    """The order is not ours to keep; ``reason`` is a sentence for staff."""

    order_id: str
    reason: str


def apply(order: Order | None, amazon: AmazonOrder, *, source: str, now: datetime) -> Order | None:
    """Return the order with what Amazon's record adds, or None for no change.

    Unknown orders (``order`` is None) are never created here.  ``source`` goes to the history,
    e.g. ``search`` or ``getOrder``.
    """
    raise NotImplementedError


def fetched(account: str, amazon: AmazonOrder, *, now: datetime) -> Order | FetchRefused:
    """Return a new order (provenance *fetched*) from Amazon's record, or why it is not ours."""
    raise NotImplementedError
