"""Packages as Amazon shows them.  Pure values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PackageItem:
    """Units of an order item in a package."""

    order_item_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Package:
    """A package as Amazon shows it (Orders API, includedData PACKAGES)."""

    reference_id: str
    carrier: str
    tracking_number: str
    shipped_at: datetime | None
    status: str
    items: tuple[PackageItem, ...] = ()
    """What is in it; empty if Amazon does not say."""
