"""Stage: put the shipments that are due into a feed.

    FulfillmentDue  ->  FulfillmentBatched

One feed is open at a time; what comes due meanwhile goes with the next, made from the newest
state.  The feed is kept first, with what each row stands for, and then claims its shipments; dying
in between is harmless, since the tick comes again, finds its feed, and claims once more.  While
writing to Amazon is switched off, the feed is kept to be shown, and claims nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.fulfillment.batching import feed_of, next_batch
from actors.fulfillment.bookkeeping import BookKeeping
from actors.ports import Clock, Feeds, Orders, Policy, Shipments, TrackingInbox
from actors.runtime.stage import stage
from domain.errors import NotYet
from domain.feed_effects import by_order, carried
from domain.feeds import FULFILLMENT, UNSENT_STATES, Feed, feed_id_of
from domain.messages import FulfillmentBatched, FulfillmentDue
from domain.orders import Order
from domain.shipments import ShipmentBook


@stage(consumes=(FulfillmentDue,), emits=(FulfillmentBatched,), owed="tracking_unsent")
def batch_fulfillment(  # noqa: PLR0913  its ports
    due: FulfillmentDue,
    *,
    feeds: Feeds,
    shipments: Shipments,
    orders: Orders,
    tracking_inbox: TrackingInbox,
    policy: Policy,
    clock: Clock,
) -> Iterator[FulfillmentBatched]:
    """Prepare the feed of this tick, unless another one has the lane or nothing is due.

    Raises:
        NotYet: the last feed was sent a moment ago.
        Contended, Unavailable: of the store.
    """
    books = BookKeeping(due.account, shipments, orders, tracking_inbox, policy, clock)
    feed = feeds.get(feed_id_of(due, FULFILLMENT)) or _prepared(due, feeds, books)
    if feed is None or feed.dry:
        return
    if feed.state in UNSENT_STATES:
        members = by_order(feeds.members(feed.feed_id))

        def claimed(book: ShipmentBook, order: Order | None) -> ShipmentBook:
            del order
            rows = members[book.order_id]
            return carried(book, rows, feed.feed_id, now=clock.now())

        books.change(list(members), claimed, cause=f"feed {feed.feed_id}")
    yield FulfillmentBatched.following(due, feed=feed.feed_id)


def _prepared(due: FulfillmentDue, feeds: Feeds, books: BookKeeping) -> Feed | None:
    """Keep the feed of this tick; None: there is nothing to send, or another has the lane."""
    lane = feeds.lane(due.account, FULFILLMENT)
    if lane.open_feed is not None and not lane.open_feed.dry:
        return None
    if lane.ready_in_s > 0:
        raise NotYet("the last feed was sent a moment ago", retry_after_s=lane.ready_in_s)
    batch = next_batch(books)
    if batch.file is None:
        return None
    new = feed_of(due, batch.file, books)
    feed = feeds.prepare(new)
    return feed if feed.feed_id == new.feed_id else None
