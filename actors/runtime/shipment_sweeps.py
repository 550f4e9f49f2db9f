"""The sweeps of shipments: rows of the table in ``actors.runtime.sweeps``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from heapq import nsmallest
from itertools import chain

from actors.runtime.sweepers import LIMIT, Sweep, SweepPorts
from domain.feeds import Feed, FeedOutcome, FeedState
from domain.messages import FeedProcessed, FulfillmentDue, OrderEnriched
from domain.shipment_outcomes import VISIBLE_WITHIN
from domain.shipments import WAITING_TOO_LONG
from domain.sweeping import StillBook, Watch

RESOLVE = "resolve_shipments"


def _joinable(ports: SweepPorts, max_age: timedelta) -> int:
    return _resolved_again(ports, "joinable", ports.shipments.joinable(older_than=max_age))


def _waiting(ports: SweepPorts, max_age: timedelta) -> int:
    return _resolved_again(ports, "waiting", ports.shipments.waiting(older_than=max_age))


def _unseen(ports: SweepPorts, max_age: timedelta) -> int:
    return _resolved_again(ports, "unseen", ports.shipments.unseen(older_than=max_age))


def _refused(ports: SweepPorts, max_age: timedelta) -> int:
    del max_age
    codes = ports.transient_codes
    return _resolved_again(ports, "refused", ports.shipments.refused_with(codes))


def _unverified(ports: SweepPorts, max_age: timedelta) -> int:
    del max_age
    feeds = ports.shipments.left_in(unverified=True)
    inside = [ports.shipments.in_feed(feed.account, feed.feed_id) for feed in feeds]
    # An order may have packages in several of them.
    return _resolved_again(ports, "unverified", list(dict.fromkeys(chain(*inside))))


def _resolved_again(ports: SweepPorts, why: str, books: Sequence[StillBook]) -> int:
    """Let the shipments of these orders be judged anew; soon at first, then ever more rarely.

    Each row watches for itself: one that has not helped for days says nothing about the others.
    The longest overdue go first, so that many that are announced in vain hide none.
    """
    overdue = nsmallest(LIMIT, _overdue(ports, why, books), key=lambda found: found[1].next_at)
    for key, watch, book in overdue:
        about, now = f"swept/{key}/{watch.progress}/{watch.times}", ports.store.now()
        ports.publish(
            OrderEnriched.first(key=about, account=book.account, at=now, order_id=book.order_id)
        )
        ports.store.announced(key, watch, FIRST_LOOK)
    return len(overdue)


def _overdue(
    ports: SweepPorts, why: str, books: Sequence[StillBook]
) -> Iterator[tuple[str, Watch, StillBook]]:
    for start in range(0, len(books), LIMIT):
        some = {_key(why, book): book for book in books[start : start + LIMIT]}
        progress = {key: f"revision {book.revision}" for key, book in some.items()}
        watches, now = ports.store.watches(progress, FIRST_LOOK), ports.store.now()
        for key, watch in watches.items():
            if watch.is_overdue(now):
                yield key, watch, some[key]


def _key(why: str, book: StillBook) -> str:
    return f"shipments/{why}/{book.account}/{book.order_id}"


def _due(ports: SweepPorts, max_age: timedelta) -> int:
    count = 0
    for account in ports.accounts:
        progress = ports.shipments.due_without_feed(account)
        if progress is None:
            continue
        key = f"fulfillment/{account}"
        watch, now = ports.store.watch(key, progress, max_age), ports.store.now()
        if watch.is_overdue(now):
            about = f"swept/{key}/{progress}/{watch.since.isoformat()}/{watch.times}"
            ports.publish(FulfillmentDue.first(key=about, account=account, at=now, due_at=now))
            ports.store.announced(key, watch, max_age)
            count += 1
    return count


def _left_in(ports: SweepPorts, max_age: timedelta) -> int:
    return sum(
        _told_again(ports, feed, max_age) for feed in ports.shipments.left_in(unverified=False)
    )


def _told_again(ports: SweepPorts, feed: Feed, max_age: timedelta) -> int:
    key = f"left-in/{feed.feed_id}"
    watch = ports.store.watch(key, str(feed.state), max_age)
    if not watch.is_overdue(ports.store.now()):
        return 0
    ports.publish(
        FeedProcessed.again(
            key=f"{key}/{watch.times}",
            account=feed.account,
            flow_id=feed.flow_id,
            flow_started_at=feed.flow_started_at,
            feed=feed.feed_id,
            feed_type=feed.feed_type,
            outcome=_outcome(feed).value,
        )
    )
    ports.store.announced(key, watch, max_age)
    return 1


def _outcome(feed: Feed) -> FeedOutcome:
    """Return what a feed that is over came to."""
    if feed.state is FeedState.WITHDRAWN:
        return FeedOutcome.WITHDRAWN
    if feed.released_at is not None or not feed.processing_status:
        return FeedOutcome.RELEASED
    return FeedOutcome(feed.processing_status.lower())


FIRST_LOOK = timedelta(minutes=5)
SHIPMENT_SWEEPS: tuple[Sweep, ...] = (
    Sweep(
        "shipment: waiting, and its order has moved on",
        timedelta(minutes=10),
        "joined again (OrderEnriched)",
        "TrackingWaiting",
        RESOLVE,
        _joinable,
    ),
    Sweep(
        "shipment: waiting for a known order",
        WAITING_TOO_LONG,
        "the order is read again",
        "TrackingWaiting",
        RESOLVE,
        _waiting,
    ),
    Sweep(
        "shipment: due, and no feed under way",
        timedelta(minutes=45),
        "FulfillmentDue",
        "TrackingNotSent",
        "batch_fulfillment",
        _due,
    ),
    Sweep(
        "shipment: in a feed that is over",
        timedelta(minutes=15),
        "FeedProcessed again",
        "FeedStuck",
        "apply_fulfillment_result",
        _left_in,
    ),
    Sweep(
        "shipment: in a feed whose verdict says nothing",
        FIRST_LOOK,
        "the order is read: its packages tell; hours later it goes again",
        "ShipmentsNotApplied",
        RESOLVE,
        _unverified,
    ),
    Sweep(
        "shipment: accepted, not shown by Amazon",
        VISIBLE_WITHIN,
        "the order is read again; not shown then, it counts as not_applied",
        "ShipmentsNotApplied",
        RESOLVE,
        _unseen,
    ),
    Sweep(
        "shipment: refused with a code that heals",
        FIRST_LOOK,
        "sent again, at first after half an hour, then ever later",
        "RowsRejected",
        RESOLVE,
        _refused,
    ),
)
