"""What the outcome of a fulfillment feed means for the shipments it carried.  Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from domain.amazon_feeds import FeedResult
from domain.feed_results import FeedVerdict, read_result
from domain.feeds import Feed, FeedMember, FeedOutcome
from domain.fulfillment_members import sent_rows, verdicts_by_order
from domain.shipment_outcomes import (
    Verdicts,
    prepared,
    submitted,
    with_unknown_effect,
    with_verdicts,
    without_effect,
)
from domain.shipments import Line, ShipmentBook

BookChange = Callable[[ShipmentBook], ShipmentBook]
WITHOUT_EFFECT = {
    FeedOutcome.WITHDRAWN: "the feed was never sent",
    FeedOutcome.CANCELLED: "Amazon cancelled the feed",
}
UNKNOWN_EFFECT = {
    FeedOutcome.FATAL: "Amazon gave the feed up, what took effect is not known",
    FeedOutcome.RELEASED: "the feed was released, what takes effect is not known",
    FeedOutcome.LATE: "the released feed was processed after all",
}


@dataclass(frozen=True, slots=True)
class Effect:
    """What an outcome does to the book of each order.

    ``unverified`` says why the rows of the orders in ``to_read`` are settled by reading those.
    ``verdict``: what Amazon said of each row, if the outcome is about rows.
    """

    changes: Mapping[str, BookChange]
    unverified: str = ""
    to_read: tuple[str, ...] = ()
    verdict: FeedVerdict | None = None


def by_order(members: Sequence[FeedMember]) -> dict[str, tuple[FeedMember, ...]]:
    """Return the members of each order, in the order of the file."""
    rows: defaultdict[str, list[FeedMember]] = defaultdict(list)
    for member in members:
        rows[member.order_id].append(member)
    return {order_id: tuple(each) for order_id, each in rows.items()}


def carried(
    book: ShipmentBook, members: Sequence[FeedMember], feed: str, *, now: datetime
) -> ShipmentBook:
    """Return the book with everything claimed that the feed carries of it; again changes nothing.

    Also what was corrected, or lost its order, after the file was written: the rows go to Amazon
    as they are, and the verdict will be on them.
    """
    for shipment_id, rows in _by_shipment(members).items():
        shipment = book.shipment(shipment_id)
        if shipment is None or shipment.in_feed or shipment.feed == feed:
            continue
        digest = rows[0].content_hash
        claimed = prepared(book, shipment_id, digest=digest, feed=feed, now=now)
        if claimed is None:
            late = replace(
                shipment,
                feed=feed,
                in_feed=digest,
                in_feed_lines=tuple(Line(row.order_item_id, row.quantity) for row in rows),
                submitted_at=None,
            )
            what = "put into a feed as it was when the file was written"
            claimed = book.with_shipment(late.noted(what, cause=f"feed {feed}", at=now))
        book = claimed
    return book


def taken_by_amazon(
    book: ShipmentBook, members: Sequence[FeedMember], feed: str, *, now: datetime
) -> ShipmentBook:
    """Return the book after Amazon took the feed."""
    return submitted(carried(book, members, feed, now=now), feed, now=now)


def effect_of(
    feed: Feed,
    outcome: FeedOutcome,
    members: Sequence[FeedMember],
    result: FeedResult | None,
    *,
    now: datetime,
) -> Effect:
    """Return what an outcome does.

    A feed whose outcome is not owed any more gives its verdict to what is still in it, and
    nothing else: its members may be in a newer one by now.
    """
    orders, name = by_order(members), feed.feed_id
    if outcome in WITHOUT_EFFECT:
        freed = partial(without_effect, feed=name, why=WITHOUT_EFFECT[outcome], now=now)
        return Effect(dict.fromkeys(orders, freed))
    if outcome in UNKNOWN_EFFECT:
        return Effect({key: _sent_again(feed, outcome, rows, now) for key, rows in orders.items()})
    text, truncated = (result.text, result.truncated) if result else ("", False)
    verdict = read_result(text, sent_rows(members), truncated=truncated)
    return _verdict(feed, orders, verdict, verdicts_by_order(members, verdict), now=now)


def _sent_again(
    feed: Feed, outcome: FeedOutcome, rows: Sequence[FeedMember], now: datetime
) -> BookChange:
    def again(book: ShipmentBook) -> ShipmentBook:
        members = [
            each.shipment_id
            for each in book.shipments
            if each.shipment_id in mine
            and (feed.owed is not None or (each.in_feed and each.feed == feed.feed_id))
        ]
        return with_unknown_effect(book, feed.feed_id, members, UNKNOWN_EFFECT[outcome], now=now)

    mine = _by_shipment(rows)
    return again


def _verdict(
    feed: Feed,
    orders: Mapping[str, tuple[FeedMember, ...]],
    verdict: FeedVerdict,
    verdicts: Mapping[str, Verdicts],
    *,
    now: datetime,
) -> Effect:
    def judged_by_amazon(order_id: str, book: ShipmentBook) -> ShipmentBook:
        if feed.owed is not None:
            book = taken_by_amazon(book, orders[order_id], feed.feed_id, now=now)
        return with_verdicts(book, feed.feed_id, verdicts.get(order_id, {}), now=now)

    unsettled = {row.record for row in verdict.rows if row.outcome == "unverified"}
    to_read = [
        order_id
        for order_id, rows in orders.items()
        if any(row.record in unsettled for row in rows)
    ]
    changes = {order_id: partial(judged_by_amazon, order_id) for order_id in orders}
    return Effect(changes, verdict.unverified, tuple(to_read), verdict)


def _by_shipment(members: Sequence[FeedMember]) -> dict[str, list[FeedMember]]:
    rows: defaultdict[str, list[FeedMember]] = defaultdict(list)
    for member in members:
        rows[member.shipment_id].append(member)
    return dict(rows)
