"""The question behind the gauges of feeds: what is open, what is held, what Amazon said last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from domain.feeds import FULFILLMENT, LISTINGS, FeedState
from store.feed_documents import FeedDocument
from store.state_gauges import Look, Reading
from store.tables import Collection, Raw, collection_of

NAMES = {FULFILLMENT: "fulfillment", LISTINGS: "listings"}
REFUSED = frozenset({"FATAL", "CANCELLED"})


def feeds(look: Look) -> Iterator[Reading]:
    """How feeds stand.  Indexes: ``one_open_per_lane``, ``kept``, ``newest_of_account``."""
    table = collection_of(look.database, FeedDocument)
    open_ones = list(table.find({"open_lane": {"$exists": True}}))
    closed = table.find({"closed_at": {"$gte": look.recently}, "open_lane": {"$exists": False}})
    states = Counter(
        (raw["account"], raw["feed_type"], raw["state"]) for raw in (*open_ones, *closed)
    )
    for account in look.accounts:
        mine = [raw for raw in open_ones if raw["account"] == account]
        yield from _pending(look, account, mine)
        for feed_type, name in NAMES.items():
            for state in FeedState:
                count = states[(account, feed_type, state.value)]
                yield Reading("feeds", count, (account, name, state.value))
            held = sum(1 for raw in mine if raw["feed_type"] == feed_type and raw.get("held"))
            yield Reading("feeds_held", held, (account, name))
            yield from _newest(table, account, feed_type)


def _pending(look: Look, account: str, open_ones: list[Raw]) -> Iterator[Reading]:
    """How many feeds are on their way, and since when they are at Amazon, or else are made.

    Those that are only shown are nobody's work; those held are a person's, and counted by it.
    """
    moving = [raw for raw in open_ones if not raw.get("dry") and not raw.get("held")]
    since = [raw.get("submitted_at") or raw["created_at"] for raw in moving]
    yield Reading("pending_items", len(since), ("feed", account))
    age = look.age_s(min(since, default=None))
    yield Reading("oldest_pending_age_seconds", age, ("feed", account))


def _newest(table: Collection, account: str, feed_type: str) -> Iterator[Reading]:
    """What Amazon said of the newest feed it has processed."""
    processed = {"account": account, "feed_type": feed_type, "processed_at": {"$exists": True}}
    raw = table.find_one(processed, sort=[("created_at", -1)])
    refused = raw is not None and raw.get("processing_status") in REFUSED
    labels = (account, NAMES[feed_type])
    yield Reading("last_feed_refused", float(refused), labels)
    if raw is not None and raw.get("submitted_at"):
        took = raw["processed_at"] - raw["submitted_at"]
        yield Reading("last_feed_seconds", took.total_seconds(), labels)
