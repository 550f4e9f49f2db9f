"""Stage: let shipments and their orders know that their feed is at Amazon.

    FeedSubmitted  ->  (the orders count as shipped, not confirmed yet)

Every poll of a feed says FeedSubmitted once more; after the first there is mostly nobody left to
tell.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.fulfillment.bookkeeping import BookKeeping
from actors.ports import Clock, Feeds, Orders, Policy, Shipments, TrackingInbox
from actors.runtime.stage import Produced, stage
from domain.feed_effects import by_order, taken_by_amazon
from domain.feeds import FULFILLMENT, FeedState
from domain.messages import FeedSubmitted
from domain.orders import Order
from domain.shipment_outcomes import submitted as sent
from domain.shipments import ShipmentBook


@stage(consumes=(FeedSubmitted,), owed="feed_unnoted")
def note_submission(  # noqa: PLR0913  its ports
    submitted: FeedSubmitted,
    *,
    feeds: Feeds,
    shipments: Shipments,
    orders: Orders,
    tracking_inbox: TrackingInbox,
    policy: Policy,
    clock: Clock,
) -> Iterator[Produced]:
    """Tell the books of the feed that Amazon has it.

    Raises:
        Contended: others were changing the same all the time.
        Unavailable: the store does not answer.
    """
    feed = feeds.get(submitted.feed)
    if feed is None or feed.feed_type != FULFILLMENT or feed.state is not FeedState.SUBMITTED:
        return
    books = BookKeeping(feed.account, shipments, orders, tracking_inbox, policy, clock)
    name, now = feed.feed_id, clock.now()
    if submitted.attempt:
        untold = shipments.unsent_in_feed(feed.account, name)
        books.change(untold, lambda book, _: sent(book, name, now=now), cause=f"feed {name}")
        return
    rows = by_order(feeds.members(name))

    def told(book: ShipmentBook, order: Order | None) -> ShipmentBook:
        del order
        return taken_by_amazon(book, rows[book.order_id], name, now=now)

    books.change(list(rows), told, cause=f"feed {name}")
    yield from ()
