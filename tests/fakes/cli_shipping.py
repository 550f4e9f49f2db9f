"""The command line over shipments in memory: entries are worked off as they are published."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from actors.fulfillment.bookkeeping import BookKeeping
from actors.ports import Policy
from config.carriers import carriers
from domain.feeds import Feed, FeedState
from domain.fulfillment_rules import FulfillmentRules
from domain.messages import Event, TrackingEntered
from domain.orders import Order
from domain.shipment_visibility import is_missed
from domain.shipments import Outbound, Reason, ShipmentBook
from store.shipment_mapping import bare, refused_codes
from store.shipment_views import ShipmentRow
from tests.fakes.cli_app import FakeApp
from tests.fakes.clock import FakeClock
from tests.fakes.memory_feeds import MemoryFeeds
from tests.fakes.memory_ports import MemoryOrders
from tests.fakes.memory_shipments import MemoryShipments
from tests.fakes.order_values import NOW
from tests.fakes.tracking_ports import MemoryInbox

DEMO = "demo"


@dataclass
class ShippingViews:
    """What people look at, over the books in memory."""

    shipments: MemoryShipments

    def list_shipments(
        self,
        *,
        account: str | None = None,
        order_id: str | None = None,
        outbounds: Collection[Outbound] = (),
        reason: Reason | None = None,
        limit: int = 50,
    ) -> list[ShipmentRow]:
        return [
            row
            for row in self._rows()
            if account in (None, row.account)
            and order_id in (None, row.order_id)
            and (not outbounds or row.shipment.outbound in outbounds)
            and reason in (None, row.shipment.reason)
        ][:limit]

    def shipment(self, shipment_id: str) -> ShipmentRow | None:
        return next((r for r in self._rows() if r.shipment.shipment_id == shipment_id), None)

    def book(self, account: str, order_id: str) -> ShipmentBook | None:
        return self.shipments.all.get((account, order_id))

    def refused_with(
        self, codes: Collection[str], *, account: str | None = None, limit: int = 500
    ) -> list[ShipmentRow]:
        mine = (row for row in self._rows() if account in (None, row.account))
        return [row for row in mine if refused_codes(row.shipment) & set(codes)][:limit]

    def missed(self, *, account: str | None = None) -> list[ShipmentRow]:
        mine = (row for row in self._rows() if account in (None, row.account))
        return [row for row in mine if is_missed(row.shipment)]

    def with_tracking_number(self, tracking_number: str) -> list[ShipmentRow]:
        number = bare(tracking_number)
        return [r for r in self._rows() if bare(r.shipment.content.tracking_number) == number]

    def _rows(self) -> list[ShipmentRow]:
        return [
            ShipmentRow(book.account, book.order_id, book.ship_by, shipment)
            for book in self.shipments.all.values()
            for shipment in book.shipments
        ]


@dataclass
class FeedsViews:
    """What people look at, over the feeds in memory."""

    memory: MemoryFeeds

    def list_feeds(
        self, *, account: str | None = None, states: Collection[FeedState] = (), limit: int = 50
    ) -> list[Feed]:
        return [
            feed
            for feed in reversed(self.memory.all.values())
            if account in (None, feed.account) and (not states or feed.state in states)
        ][:limit]

    def feeds(self, feed_ids: Collection[str]) -> list[Feed]:
        return [feed for feed in self.memory.all.values() if feed.feed_id in feed_ids]


@dataclass
class ShippingApp(FakeApp):
    """``hand_in`` puts an order, or a book as it is, into its store.

    What is published is worked off at once, unless ``has_workers`` is False.
    """

    in_memory: bool = False
    has_workers: bool = True
    shipments: MemoryShipments = field(default_factory=MemoryShipments)
    orders: MemoryOrders = field(default_factory=lambda: MemoryOrders(FakeClock(NOW)))
    feeds: MemoryFeeds = field(default_factory=lambda: MemoryFeeds(FakeClock(NOW)))
    inbox: MemoryInbox = field(default_factory=MemoryInbox)
    writes: frozenset[str] = frozenset({DEMO})

    def __post_init__(self) -> None:
        super().__post_init__()
        rules = FulfillmentRules(carriers=carriers(), marketplaces={DEMO: ("ATVPDKIKX0DER",)})
        self.policy = Policy(
            first_seen=self.settings.order_import.first_seen,
            amazon_writes=self.writes,
            fulfillment=rules,
        )
        self.ports: Any = SimpleNamespace(
            shipments=self.shipments,
            orders=self.orders,
            tracking_inbox=self.inbox,
            policy=self.policy,
            clock=FakeClock(NOW),
        )
        self.store.shipment_views = ShippingViews(self.shipments)
        self.store.tracking_inbox = self.inbox
        self.store.shipments = self.shipments
        self.store.feeds = self.ports.feeds = self.feeds
        self.store.feed_views = FeedsViews(self.feeds)
        self.publish: Any = self._publish

    def hand_in(self, *, order: Order | None = None, book: ShipmentBook | None = None) -> None:
        if order is not None:
            self.orders.all[order.account, order.order_id] = order
        if book is not None:
            self.shipments.all[book.account, book.order_id] = book

    def _publish(self, event: Event) -> None:
        self.published.append(event)
        if self.has_workers and isinstance(event, TrackingEntered):
            ports = self.ports
            BookKeeping(
                event.account,
                self.shipments,
                self.orders,
                self.inbox,
                self.policy,
                ports.clock,
            ).change([event.order_id], cause="shipments")
