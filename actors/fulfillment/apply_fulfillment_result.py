"""Stage: give the shipments of a feed what became of it.

    FeedProcessed  ->  (accepted, refused, due again; the orders show it; the lane is free)

Books and orders are written first, the feed is closed last: a replay in between gives the same
once more, which changes nothing.  Rows of which Amazon's verdict says nothing stay in their feed
until the packages of their orders have been read.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.fulfillment.bookkeeping import BookKeeping
from actors.ports import Clock, Feeds, Orders, Policy, Shipments, TrackingInbox
from actors.runtime.stage import Produced, stage
from domain.feed_effects import effect_of
from domain.feeds import FULFILLMENT, FeedOutcome
from domain.messages import FeedProcessed
from domain.orders import Order
from domain.shipments import ShipmentBook


@stage(consumes=(FeedProcessed,), owed="feed_unapplied")
def apply_fulfillment_result(  # noqa: PLR0913  its ports
    processed: FeedProcessed,
    *,
    feeds: Feeds,
    shipments: Shipments,
    orders: Orders,
    tracking_inbox: TrackingInbox,
    policy: Policy,
    clock: Clock,
) -> Iterator[Produced]:
    """Tell the members of a fulfillment feed its outcome, then close it.

    Raises:
        Contended: others were changing the same all the time.
        Unavailable: the store does not answer.
    """
    feed = feeds.get(processed.feed) if processed.feed_type == FULFILLMENT else None
    if feed is None:
        return
    # What is owed now is newer than what this message was sent for.
    outcome = feed.owed or FeedOutcome(processed.outcome)
    effect = effect_of(
        feed,
        outcome,
        feeds.members(feed.feed_id),
        feeds.result(feed.feed_id),
        now=clock.now(),
    )
    books = BookKeeping(feed.account, shipments, orders, tracking_inbox, policy, clock)

    def told(book: ShipmentBook, order: Order | None) -> ShipmentBook:
        del order
        return effect.changes[book.order_id](book)

    books.change(list(effect.changes), told, cause=f"feed {feed.feed_id}")
    books.ask_reading(effect.to_read)
    why = effect.unverified
    feeds.close(feed.feed_id, outcome, verified=not why, reason=why, verdict=effect.verdict)
    yield from ()
