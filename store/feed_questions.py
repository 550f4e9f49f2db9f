"""The question behind the gauges of feeds: what is open, what is held, what Amazon said last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from domain.feeds import FEED_NAMES, FULFILLMENT, SENDABLE_STATES, FeedState
from domain.schedule import JobKind
from store.feed_documents import FeedDocument
from store.shipment_documents import ShipmentBookDocument
from store.state_gauges import Look, Reading
from store.tables import Collection, Raw, collection_of

REFUSED = frozenset({"FATAL", "CANCELLED"})
JOBS = {FULFILLMENT: JobKind.FULFILLMENT}
"""Which job's aim a processed feed is."""


def feeds(look: Look) -> Iterator[Reading]:
    """How feeds stand.

    Indexes: ``one_open_per_lane``, ``kept``, ``newest_of_account``, ``owed``; ``unsent_in_feed``.
    """
    table = collection_of(look.database, FeedDocument)
    open_ones = list(table.find({"open_lane": {"$exists": True}}))
    owing = list(table.find({"owed": {"$exists": True}}))
    closed = table.find({"closed_at": {"$gte": look.recently}, "open_lane": {"$exists": False}})
    states = Counter(
        (raw["account"], raw["feed_type"], raw["state"]) for raw in (*open_ones, *closed)
    )
    for account in look.accounts:
        mine = [raw for raw in open_ones if raw["account"] == account]
        yield from _submitted(look, account, mine)
        unapplied = [_outcome_since(raw) for raw in owing if raw["account"] == account]
        yield from _pending(look, "feed_unapplied", account, unapplied)
        for feed_type, name in FEED_NAMES.items():
            for state in FeedState:
                count = states[(account, feed_type, state.value)]
                yield Reading("feeds", count, (account, name, state.value))
            held = sum(1 for raw in mine if raw["feed_type"] == feed_type and raw.get("held"))
            yield Reading("feeds_held", held, (account, name))
            yield from _newest(table, account, feed_type)
            yield from _success(table, account, feed_type)


def _submitted(look: Look, account: str, open_ones: list[Raw]) -> Iterator[Reading]:
    """How many feeds are to be sent, at Amazon, and not known to their packages; since when."""
    unsent = [raw["created_at"] for raw in open_ones if _is_to_be_sent(raw)]
    yield from _pending(look, "feed_unsent", account, unsent)
    there = [raw for raw in open_ones if raw["state"] == FeedState.SUBMITTED.value]
    yield from _pending(look, "feed", account, [raw["submitted_at"] for raw in there])
    books = collection_of(look.database, ShipmentBookDocument)
    unnoted = [
        raw["submitted_at"]
        for raw in there
        if books.find_one({"unsent_feeds": raw["_id"], "account": account}, {"_id": 1})
    ]
    yield from _pending(look, "feed_unnoted", account, unnoted)


def _is_to_be_sent(raw: Raw) -> bool:
    return raw["state"] in SENDABLE_STATES and not raw.get("held") and not raw.get("dry")


def _outcome_since(raw: Raw) -> datetime:
    """Return since when the members of a feed have an outcome to take."""
    known = (raw.get(name) for name in ("processed_at", "released_at", "closed_at"))
    since: datetime = next((at for at in known if at is not None), raw["created_at"])
    return since


def _pending(look: Look, kind: str, account: str, since: list[datetime]) -> Iterator[Reading]:
    yield Reading("pending_items", len(since), (kind, account))
    age = look.age_s(min(since, default=None))
    yield Reading("oldest_pending_age_seconds", age, (kind, account))


def _success(table: Collection, account: str, feed_type: str) -> Iterator[Reading]:
    """When Amazon last processed a feed; to have had nothing to send is no failure."""
    job = JOBS.get(feed_type)
    done = {"account": account, "feed_type": feed_type, "processing_status": "DONE"}
    raw = table.find_one(done, sort=[("created_at", -1)]) if job else None
    if job is not None and raw is not None:
        at: datetime = raw["processed_at"]
        yield Reading("job_last_success_timestamp_seconds", at.timestamp(), (job.value, account))


def _newest(table: Collection, account: str, feed_type: str) -> Iterator[Reading]:
    """What Amazon said of the newest feed it has processed."""
    processed = {"account": account, "feed_type": feed_type, "processed_at": {"$exists": True}}
    raw = table.find_one(processed, sort=[("created_at", -1)])
    refused = raw is not None and raw.get("processing_status") in REFUSED
    labels = (account, FEED_NAMES[feed_type])
    yield Reading("last_feed_refused", float(refused), labels)
    if raw is not None and raw.get("submitted_at"):
        took = raw["processed_at"] - raw["submitted_at"]
        yield Reading("last_feed_seconds", took.total_seconds(), labels)
