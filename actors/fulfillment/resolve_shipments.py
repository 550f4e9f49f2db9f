"""Stage: join what was entered to the order's items, and say where each shipment stands.

    ShipmentRecorded, OrderEnriched  ->  (due, waiting, refused; the order shows it)

It does not matter which comes first, entry or order: whichever is written last finds the other.
A shipment that waits for Amazon's record of its order lets the order be read soon.  Shipments in
a feed whose verdict said nothing are settled here too, by the packages the order shows.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.fulfillment.bookkeeping import BookKeeping
from actors.fulfillment.unverified import settled
from actors.ports import Clock, Feeds, Ledger, Orders, Policy, Shipments, TrackingInbox
from actors.runtime.stage import Produced, stage
from domain.messages import OrderEnriched, ShipmentRecorded
from domain.orders import Order
from domain.shipment_retries import retried_by_itself
from domain.shipment_skips import refused_if_skipped
from domain.shipment_visibility import wants_reading
from domain.shipments import ShipmentBook


@stage(consumes=(ShipmentRecorded, OrderEnriched), owed="tracking_waiting")
def resolve_shipments(  # noqa: PLR0913  its ports
    fact: ShipmentRecorded | OrderEnriched,
    *,
    shipments: Shipments,
    orders: Orders,
    ledger: Ledger,
    tracking_inbox: TrackingInbox,
    feeds: Feeds,
    policy: Policy,
    clock: Clock,
) -> Iterator[Produced]:
    """Bring the book of the order up to date with its entries and with the order.

    Raises:
        Contended: others were changing the same all the time.
        Unavailable: the store does not answer.
    """
    books = BookKeeping(fact.account, shipments, orders, tracking_inbox, policy, clock)
    now, verified = clock.now(), set[str]()

    def change(book: ShipmentBook, order: Order | None) -> ShipmentBook:
        if order is None and book.shipments:
            return refused_if_skipped(book, ledger.skipped(book.account, book.order_id))
        book = retried_by_itself(book, policy.fulfillment.transient_codes, now=now)
        return settled(book, order, feeds=feeds, now=now, verified=verified)

    kept = books.change([fact.order_id], change, cause="shipments")
    for feed in verified:
        if not shipments.in_feed(fact.account, feed):
            feeds.verified(feed)
    books.ask_reading(
        [key for key, each in kept.items() if wants_reading(each.book, each.order, now=now)]
    )
    yield from ()
