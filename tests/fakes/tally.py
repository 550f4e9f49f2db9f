"""What became of the orders and packages of the fault tests: in our store, and at Amazon.

Every order and package was put in by the test, so what must come out is known exactly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
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

PASS_UNDER_WAY = ("holder", "started_at", "page_token")


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
    """Counts for one account: ``orders`` are all ids placed, ``shipped`` the tracking numbers of
    those with a package.
    """

    app: App
    amazon: Simulator
    account: str
    orders: Collection[str]
    shipped: Mapping[str, str]

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

        Doubled is what is in several shipments or feeds, and what Amazon has twice.  What arrived
        has the tracking number that was entered.
        """
        accepted = [
            row.order_id for row in self.shipments() if row.shipment.outbound is Outbound.ACCEPTED
        ]
        units = self.units_at_amazon()
        arrived = {each for each in accepted if units[each][self.shipped.get(each, "")]}
        doubles = _doubles(accepted, self.rows_sent()) + sum(
            max(0, each.total() - 1) for each in units.values()
        )
        lost = len(set(self.shipped) - arrived)
        return Verdict(fault, len(self.shipped), lost, doubles, recovery_s)

    def units_at_amazon(self) -> dict[str, Counter[str]]:
        """Return the units confirmed at Amazon by tracking number, for each order."""
        with self.amazon.world.lock:
            known = self.amazon.seller(self.account).orders.values()
            return {
                order.order_id: Counter(
                    package.tracking_number
                    for package in order.confirmed
                    for units in package.contents.values()
                    for _ in range(units)
                )
                for order in known
            }

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
        return [
            *(
                f"report {report.report_id} is {report.state}"
                for report in self.reports()
                if report.state is not ReportState.COMPLETE
            ),
            *self._unfinished_orders(),
            *self._unfinished_entries(),
            *(
                f"the shipment of {row.order_id} is {row.shipment.outbound}"
                for row in self.shipments()
                if row.shipment.outbound is not Outbound.ACCEPTED
            ),
            *self.open_feeds(),
            *self._held_passes(),
        ]

    def _unfinished_orders(self) -> Iterator[str]:
        known = {order.order_id: order for order in self.known_orders()}
        shown, shipped = self._confirmed(), set(self.shipped)
        yield from (f"{order_id} is not here" for order_id in set(self.orders) - set(known))
        yield from (
            f"the reading of {order_id} is {order.enrichment}"
            for order_id, order in known.items()
            if order.enrichment is not EnrichmentState.COMPLETE
        )
        yield from (f"{order_id} does not show it" for order_id in shipped - shown)
        yield from (f"{order_id} shows what is not" for order_id in shown - shipped)

    def _unfinished_entries(self) -> Iterator[str]:
        entries = list(self.app.store.database["tracking_entries"].find())
        entered = Counter(raw["order_id"] for raw in entries)
        if entered != Counter(list(self.shipped)):
            yield f"{entered.total()} entries of {len(entered)} orders came in"
        for raw in entries:
            book = self.app.store.shipment_views.book(self.account, raw["order_id"])
            if raw.get("recorded_at") is None:
                yield f"the entry of {raw['order_id']} is not recorded"
            if book is None or book.seen != (raw["source_event_id"],):
                yield f"the entry of {raw['order_id']} is not in its book, once"

    def _held_passes(self) -> Iterator[str]:
        for raw in self.app.store.database["passes"].find():
            left = {name: raw[name] for name in PASS_UNDER_WAY if raw.get(name)}
            if left or raw["covered_through"] < raw["wanted_at"]:
                yield f"the pass of {raw['_id']} is not through: {sorted(left)}"

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
