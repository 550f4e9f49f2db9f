"""What the settings say of fulfillment feeds.  Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from domain.carriers import CarrierTable
from domain.fulfillment_file import MAX_BYTES, CarrierName


@dataclass(frozen=True, slots=True)
class FulfillmentRules:
    """How shipments become feeds."""

    carriers: CarrierTable = field(default_factory=lambda: CarrierTable(()))
    carrier_name: CarrierName = CarrierName.OTHER_ONLY
    zones: Mapping[str, ZoneInfo] = field(default_factory=dict)
    """By account: the zone of the dates written for it."""
    marketplaces: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By account: Amazon's ids of where it sells."""
    orders_per_feed: int = 10_000
    max_bytes: int = MAX_BYTES
    transient_codes: frozenset[str] = frozenset()
    """Amazon's error codes that heal by themselves: what was refused with them is tried again."""

    def zone(self, account: str) -> ZoneInfo:
        """Return the zone of the dates written for an account."""
        return self.zones.get(account) or ZoneInfo("UTC")
