"""Shipments in feeds whose verdict said nothing: settled by what Amazon shows of their orders."""

from __future__ import annotations

from datetime import datetime

from actors.ports import Feeds
from domain.feeds import FeedState
from domain.orders import Order
from domain.shipment_visibility import settled_or_sent_again
from domain.shipments import ShipmentBook


def settled(
    book: ShipmentBook, order: Order | None, *, feeds: Feeds, now: datetime, verified: set[str]
) -> ShipmentBook:
    """Return the book with everything settled that can be; ``verified`` takes the feeds' ids."""
    for feed_id in sorted({each.feed for each in book.shipments if each.in_feed}):
        feed = feeds.get(feed_id)
        if feed is None or feed.state is not FeedState.UNVERIFIED or order is None:
            continue
        verified.add(feed_id)
        book = settled_or_sent_again(book, order, feed_id, now=now)
    return book
