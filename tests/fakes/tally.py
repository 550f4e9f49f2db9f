"""What became of the orders and packages of the fault tests: in our store, and at Amazon.

Every order and package was put in by the test, so what must come out is known exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from actors.app import App
from domain.orders import EnrichmentState, Order, OrderStatus
from domain.reports import Report, ReportState
from domain.shipments import Outbound
from simulator.server import Simulator
from store.shipment_views import ShipmentRow

EVERYTHING = 10_000
"""More than there is of anything."""
UNDER_WAY = frozenset({Outbound.WAITING, Outbound.DUE, Outbound.IN_FEED})


@dataclass(frozen=True)
class Verdict:
    """What a fault cost."""

    fault: str
    messages_in: int
    lost: int
    duplicated: int
    recovery_s: float


@dataclass(frozen=True)
class Tally:
    """Counts for one account: ``orders`` are all ids placed, ``shipped`` those with a package."""

    app: App
    amazon: Simulator
    account: str
    orders: Collection[str]
    shipped: Collection[str]

    def known_orders(self) -> list[Order]:
        """Return all orders of the account."""
        return list(self.app.store.views.list_orders(account=self.account, limit=EVERYTHING))

    def reports(self) -> list[Report]:
        """Return all reports of the account."""
        return list(self.app.store.views.list_reports(account=self.account, limit=EVERYTHING))

    def shipments(self) -> list[ShipmentRow]:
        """Return all shipments of the account."""
        views = self.app.store.shipment_views
        return list(views.list_shipments(account=self.account, limit=EVERYTHING))

    def orders_are_in(self) -> bool:
        """Whether every report is closed, every order read, every package joined to its order."""
        orders, reports = self.known_orders(), self.reports()
        joined = [row for row in self.shipments() if row.shipment.outbound is Outbound.DUE]
        return (
            bool(reports)
            and not any(report.is_open for report in reports)
            and len(orders) == len(self.orders)
            and not any(_is_unread(order) for order in orders)
            and len(joined) == len(self.shipped)
        )

    def packages_are_out(self) -> bool:
        """Whether no shipment is under way, every feed is closed and every order shows it."""
        rows = self.shipments()
        return (
            len(rows) == len(self.shipped)
            and not any(row.shipment.outbound in UNDER_WAY for row in rows)
            and not any(self.open_feeds())
            and len(self._confirmed()) == len(self.shipped)
        )

    def orders_in(self, fault: str, recovery_s: float) -> Verdict:
        """Return what orders and entries a fault lost or doubled."""
        orders = self.known_orders()
        shipments = [row.order_id for row in self.shipments()]
        doubles = _doubles(
            [order.order_id for order in orders],
            [(line.report_id, line.row) for order in orders for line in order.lines],
            [item.order_item_id for order in orders for item in order.items],
            shipments,
        )
        whole = {order.order_id for order in orders if order.lines}
        lost = len(set(self.orders) - whole) + len(set(self.shipped) - set(shipments))
        return Verdict(fault, len(self.orders) + len(self.shipped), lost, doubles, recovery_s)

    def packages_out(self, fault: str, recovery_s: float) -> Verdict:
        """Return what packages a fault lost or doubled on their way to Amazon's verdict.

        Doubled is what is in several shipments or feeds, and what Amazon has twice.
        """
        accepted = [
            row.order_id for row in self.shipments() if row.shipment.outbound is Outbound.ACCEPTED
        ]
        units = self.units_at_amazon()
        arrived = set(accepted) & {order_id for order_id, count in units.items() if count}
        doubles = _doubles(accepted, self.rows_sent()) + sum(
            max(0, count - 1) for count in units.values()
        )
        lost = len(set(self.shipped) - arrived)
        return Verdict(fault, len(self.shipped), lost, doubles, recovery_s)

    def units_at_amazon(self) -> Counter[str]:
        """Return the units confirmed at Amazon, by order."""
        with self.amazon.world.lock:
            known = self.amazon.seller(self.account).orders.values()
            return Counter(
                {
                    order.order_id: sum(sum(p.contents.values()) for p in order.confirmed)
                    for order in known
                }
            )

    def rows_sent(self) -> list[str]:
        """Return the order id of every row in every feed that Amazon has."""
        with self.amazon.world.lock:
            feeds = list(self.amazon.seller(self.account).feeds.values())
            files = [feed.document.body for feed in feeds if feed.document and feed.document.body]
        lines = [line for body in files for line in body.decode().splitlines()[1:]]
        return [line.partition("\t")[0] for line in lines if line]

    def open_feeds(self) -> list[str]:
        """Name the feeds that are not through."""
        feeds = self.app.store.feed_views.list_feeds(account=self.account, limit=EVERYTHING)
        return [
            f"feed {each.feed_id} is {each.state}, owes {each.owed}, held {each.held!r}"
            for each in feeds
            if each.closed_at is None or each.owed or each.held
        ]

    def unfinished(self) -> list[str]:
        """Name what is not as it should be at the end."""
        orders, shown = self.known_orders(), self._confirmed()
        return [
            *(
                f"report {report.report_id} is {report.state}"
                for report in self.reports()
                if report.state is not ReportState.COMPLETE
            ),
            *(f"{order.order_id} is {order.enrichment}" for order in orders if _is_unread(order)),
            *(
                f"the shipment of {row.order_id} is {row.shipment.outbound}"
                for row in self.shipments()
                if row.shipment.outbound is not Outbound.ACCEPTED
            ),
            *(f"{order_id} does not show it" for order_id in set(self.shipped) - shown),
            *(f"{order_id} shows what is not" for order_id in shown - set(self.shipped)),
            *self.open_feeds(),
        ]

    def quarantined(self) -> int:
        """Return how many messages are in the quarantine."""
        return int(self.app.store.database["quarantine"].count_documents({}))

    def _confirmed(self) -> set[str]:
        """Return the orders that count as shipped and confirmed."""
        return {
            order.order_id
            for order in self.known_orders()
            if order.status is OrderStatus.FULFILLED
            and order.shipping.get("confirmation") == "confirmed"
        }


def _is_unread(order: Order) -> bool:
    return order.enrichment is EnrichmentState.DUE


def _doubles(*lists: Iterable[object]) -> int:
    counted = [list(each) for each in lists]
    return sum(len(each) - len(set(each)) for each in counted)
