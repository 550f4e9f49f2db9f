"""What the sweepers ask the store: what is unfinished, and how long it has been standing still.

The watches are documents of their own, so that a sweep touches nothing it does not announce.
"""

# mongoengine has no types; every class built on it counts as untyped.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from mongoengine import DateTimeField, Document, IntField, StringField
from pymongo import UpdateOne

from domain.feeds import POLLED_STATES, Feed, FeedState
from domain.reports import OPEN_STATES, Report, ReportState
from domain.sweeping import Watch, announced, seen
from store.bulk import write_all
from store.documents import about
from store.failures import translated
from store.feed_documents import FeedDocument
from store.feed_preparing import feed_from
from store.mapping import from_document, to_document
from store.moments import store_now
from store.order_documents import OrderDocument
from store.pass_turns import PassState
from store.report_documents import ChunkDocument, ReportDocument
from store.report_opening import report_from
from store.state_documents import PassDocument
from store.tables import Database, collection_of

WATCHES_KEPT = timedelta(days=30)
OPEN = [str(state) for state in OPEN_STATES]


class WatchDocument(Document):
    """The standstill of one thing; ``_id`` names it, e.g. ``report/<report id>``."""

    meta = about(
        "watches",
        {"name": "often_announced", "fields": ["-times"]},
        {
            "name": "kept",
            "fields": ["next_at"],
            "expireAfterSeconds": int(WATCHES_KEPT.total_seconds()),
        },
    )

    id = StringField(primary_key=True)
    progress = StringField(required=True)
    since = DateTimeField(required=True)
    next_at = DateTimeField(required=True)
    times = IntField(required=True)


@dataclass(frozen=True, slots=True)
class StandingStill:
    """Something that was announced again and again and does not move."""

    key: str
    watch: Watch


class Sweeps:
    """Questions of the sweepers.  All times are the store's."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watches = collection_of(database, WatchDocument)
        self._reports = collection_of(database, ReportDocument)
        self._chunks = collection_of(database, ChunkDocument)
        self._orders = collection_of(database, OrderDocument)
        self._passes = collection_of(database, PassDocument)
        self._feeds = collection_of(database, FeedDocument)

    @translated
    def now(self) -> datetime:
        """Return the store's time, aware UTC.

        Raises:
            Unavailable: the store cannot be reached; so do the other methods.
        """
        return store_now(self._database)

    @translated
    def watch(self, key: str, progress: str, max_age: timedelta) -> Watch:
        """Return for how long something has been standing at this point.  Index: ``_id``."""
        return self.watches({key: progress}, max_age)[key]

    @translated
    def watches(self, progress: Mapping[str, str], max_age: timedelta) -> dict[str, Watch]:
        """Return the same of many: the watches by key, given the points by key.  Index: ``_id``."""
        found = self._watches.find({"_id": {"$in": list(progress)}})
        known = {raw["_id"]: from_document(Watch, raw) for raw in found}
        now = store_now(self._database)
        watches = {
            key: seen(known.get(key), point, now, max_age) for key, point in progress.items()
        }
        begun = {key: watch for key, watch in watches.items() if watch is not known.get(key)}
        write_all(
            self._watches,
            [
                UpdateOne({"_id": key}, {"$set": to_document(watch)}, upsert=True)
                for key, watch in begun.items()
            ],
        )
        return watches

    @translated
    def announced(self, key: str, watch: Watch, max_age: timedelta) -> None:
        """It was announced once more at this point.  Index: ``_id``."""
        after = announced(watch, store_now(self._database), max_age)
        guard = {"_id": key, "progress": watch.progress, "times": watch.times}
        self._watches.update_one(guard, {"$set": to_document(after)})

    @translated
    def standing_still(self, *, times: int = 2, limit: int = 100) -> list[StandingStill]:
        """Return what announcing did not help so often, worst first.  Index: ``often_announced``.

        It may have moved since the sweepers last looked.
        """
        found = self._watches.find({"times": {"$gte": times}}).sort("times", -1).limit(limit)
        return [StandingStill(raw["_id"], from_document(Watch, raw)) for raw in found]

    @translated
    def open_reports(self, state: ReportState, *, limit: int) -> list[tuple[Report, int]]:
        """Return open reports in a state, oldest first, each with its chunks in the ledger.

        Indexes: ``one_open_per_lane``; ``of_report`` of the ledger.
        """
        wanted = {"lane": {"$exists": True}, "state": str(state)}
        found = self._reports.find(wanted).sort("created_at", 1).limit(limit)
        return [(report_from(raw), self._imported(raw["_id"])) for raw in found]

    @translated
    def reopen(self, report_id: str) -> None:
        """Let a parsed report be read again for the chunks that are missing.  Index: ``_id``."""
        parsed = {"_id": report_id, "state": ReportState.PARSED.value}
        self._reports.update_one(parsed, {"$set": {"state": ReportState.READY.value}})

    @translated
    def abandoned_imports(self, *, older_than: timedelta, limit: int) -> list[Report]:
        """Return imports of files that were begun and left.  Index: ``one_open_per_lane``."""
        begun = {"$lte": store_now(self._database) - older_than}
        wanted = {"lane": {"$exists": True}, "source": "file", "created_at": begun}
        return [report_from(raw) for raw in self._reports.find(wanted).limit(limit)]

    @translated
    def pass_wanted(self, account: str) -> str | None:
        """Return how far the account's pass is, if one is wanted and none runs.  Index: ``_id``."""
        state = from_document(PassState, self._passes.find_one({"_id": account}) or {})
        now = store_now(self._database)
        runs = state.lease_until is not None and state.lease_until > now
        uncovered = state.wanted_at is not None and (
            state.covered_through is None or state.covered_through < state.wanted_at
        )
        wanted = uncovered or state.started_at is not None
        return f"revision {state.revision}" if wanted and not runs else None

    @translated
    def reading_due(self, account: str, *, since: timedelta) -> str | None:
        """Return how far the account's pass is, if orders have been due that long.

        Indexes: ``due_for_reading``; ``_id`` of the pass.
        """
        now = store_now(self._database)
        overdue = {"account": account, "next_read_at": {"$lte": now - since}}
        if self._orders.find_one(overdue, {"_id": 1}) is None:
            return None
        return f"revision {(self._passes.find_one({'_id': account}) or {}).get('revision', 0)}"

    @translated
    def feeds_in(self, states: Collection[FeedState], *, limit: int) -> list[Feed]:
        """Return feeds that somebody should be working on: neither dry nor held, nothing owed.

        One that was released before Amazon's id was known has nothing to be polled by.  Oldest
        first.  Index: ``by_state``.
        """
        wanted = {
            "state": {"$in": sorted(str(state) for state in states)},
            "dry": False,
            "held": "",
            "owed": {"$exists": False},
        }
        found = self._feeds.find(wanted).sort("created_at", 1).limit(limit)
        feeds = map(feed_from, found)
        return [each for each in feeds if each.amazon_feed_id or each.state not in POLLED_STATES]

    @translated
    def feeds_owing(self, *, limit: int) -> list[Feed]:
        """Return feeds whose members have not taken their outcome, oldest first.

        Index: ``owed``.
        """
        found = self._feeds.find({"owed": {"$exists": True}}).sort("created_at", 1).limit(limit)
        return [feed_from(raw) for raw in found]

    def _imported(self, report_id: str) -> int:
        return self._chunks.count_documents({"report_id": report_id})
