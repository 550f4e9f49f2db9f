"""What a stage may reach for.  A stage's keyword arguments name its ports.

The concrete classes live in ``store`` and ``spapi`` and satisfy these Protocols structurally;
``actors.app`` fills one ``Ports`` and mypy proves the fit there.  Fakes are in ``tests/fakes``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from actors.amazon_ports import AmazonOrders, AmazonReports, Document
from actors.feed_ports import AmazonFeeds, Feeds
from actors.shipment_ports import Shipments
from actors.store_ports import (
    Decide,
    Ledger,
    Orders,
    Passes,
    RejectedEvents,
    Reports,
    TrackingInbox,
)
from domain.feeds import FeedTiming
from domain.fulfillment_rules import FulfillmentRules
from domain.order_import import FirstSeen

__all__ = [
    "AmazonFeeds",
    "AmazonOrders",
    "AmazonReports",
    "Clock",
    "Decide",
    "Document",
    "Feeds",
    "Ledger",
    "Orders",
    "Passes",
    "Policy",
    "Ports",
    "RejectedEvents",
    "Reports",
    "Shipments",
    "TrackingInbox",
]


class Clock(Protocol):
    """Our own time.  Anything about Amazon uses Amazon's times, leases use the store's."""

    def now(self) -> datetime:
        """Return the time, aware UTC."""
        ...

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        ...


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings that stages hand to the domain."""

    first_seen: FirstSeen
    marketplaces: Mapping[str, str] = field(default_factory=dict)
    """Marketplace id by sales channel as reports spell it, e.g. ``Amazon.com``."""
    poll_deadline: timedelta = timedelta(hours=2)
    """A report not ready by then is abandoned and asked for anew."""
    search_from: int = 30
    """So many orders never read are searched for; fewer are read singly (getOrder's burst)."""
    singles_at_once: int = 200
    """Orders read one by one in one go of a pass, before its lease is renewed."""
    chunk_backlog: int = 8
    """Chunks of one report published and not yet imported, at most."""
    chunk_standstill: timedelta = timedelta(minutes=15)
    """A chunk published so long ago and not imported counts as lost, and is published again."""
    chunk_patience_s: float = 30.0
    """How long the parser waits for importers before it gives its thread back."""
    amazon_writes: frozenset[str] = frozenset()
    """Accounts for which something may be sent to Amazon."""
    feeds: FeedTiming = field(default_factory=FeedTiming)
    """The waits of the feed machine."""
    fulfillment: FulfillmentRules = field(default_factory=FulfillmentRules)
    """How shipments become feeds."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Every port by name.  Filled once, in ``actors.app``, where mypy checks the fit."""

    clock: Clock
    policy: Policy
    reports: Reports
    ledger: Ledger
    orders: Orders
    passes: Passes
    amazon_reports: AmazonReports
    amazon_orders: AmazonOrders
    tracking_inbox: TrackingInbox
    shipments: Shipments
    rejected_events: RejectedEvents
    feeds: Feeds
    amazon_feeds: AmazonFeeds
