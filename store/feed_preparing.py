"""Preparing feeds: one open feed per lane, whoever comes first, and not too soon after the last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from domain.errors import Contended, NotYet
from domain.feeds import Feed, FeedState, FeedTiming, Lane, NewFeed, lane_of
from store.feed_contents import FeedContents
from store.feed_documents import FeedDocument
from store.mapping import from_document, to_document
from store.moments import store_now
from store.tables import Database, Raw, collection_of

ROUNDS = 8
IS_DRAFT = {"state": {"$exists": False}}
REPLACED = "replaced by a newer one: writing to Amazon was switched off"


def feed_from(raw: Mapping[str, Any]) -> Feed:
    """Return the feed a document holds.

    Raises:
        Malformed: the document is not a feed.
    """
    return from_document(Feed, {**raw, "feed_id": raw["_id"]})


class Preparing:
    """Opens feeds (collection ``feeds``)."""

    def __init__(
        self,
        database: Database,
        contents: FeedContents,
        timing: FeedTiming,
        opened: Callable[[Feed], None] = lambda _feed: None,
    ) -> None:
        """``opened`` is told of every feed that this opened."""
        self._database, self._contents, self._timing = database, contents, timing
        self._opened = opened
        self._feeds = collection_of(database, FeedDocument)

    def lane(self, account: str, feed_type: str) -> Lane:
        """Return how a lane is.  Indexes: ``one_open_per_lane``, ``attempts_of_lane``."""
        lane = lane_of(account, feed_type)
        return Lane(self._open_in(lane), self._ready_in_s(lane))

    def prepare(self, new: NewFeed) -> Feed:
        """Open a feed, or return the lane's.

        Indexes: ``_id``, ``one_open_per_lane``, ``attempts_of_lane``.
        """
        lane = lane_of(new.account, new.feed_type)
        for _ in range(ROUNDS):
            feed = self._get(new.feed_id) or self._standing(lane, new)
            feed = feed or self._open(new, lane)
            if feed is not None:
                return feed
        raise Contended(f"the lane {lane} was taken and left by others all the time")

    def _standing(self, lane: str, new: NewFeed) -> Feed | None:
        """Return the feed that has the lane; None when the new one may take it.

        Raises:
            NotYet: the last submission was a moment ago.
        """
        standing = self._open_in(lane)
        if standing is not None and _is_replaced_by(standing, new):
            self._replace(standing)
            standing = None
        if standing is not None or new.dry:
            return standing
        ready_in_s = self._ready_in_s(lane)
        if ready_in_s > 0:
            raise NotYet("the last feed was sent a moment ago", retry_after_s=ready_in_s)
        return None

    def _open(self, new: NewFeed, lane: str) -> Feed | None:
        """Open a feed, or return the one that has its id; None when its lane is taken.

        Its content is kept first.  The document is born as a draft, invisible to every query, and
        becomes a feed in one guarded update.  (In one step, as an insert, the embedded server
        would go on refusing a lane whose former feed has left it.)
        """
        content_key = self._contents.keep(new)
        made_at = store_now(self._database)
        with suppress(DuplicateKeyError):
            self._feeds.insert_one({"_id": new.feed_id, "drafted_at": made_at})
        document = _document(new, made_at) | {
            "lane": lane,
            "open_lane": lane,
            "content_key": content_key,
        }
        update = {"$set": document, "$unset": {"drafted_at": ""}}
        try:
            opened = self._feeds.update_one({"_id": new.feed_id, **IS_DRAFT}, update)
        except DuplicateKeyError:
            self._feeds.delete_one({"_id": new.feed_id, **IS_DRAFT})
            return None
        feed = self._get(new.feed_id)
        if feed is not None and opened.matched_count:
            self._opened(feed)
        return feed

    def _replace(self, dry: Feed) -> None:
        update = {
            "$set": {"state": FeedState.WITHDRAWN.value, "reason": REPLACED},
            "$unset": {"open_lane": ""},
            "$currentDate": {"closed_at": True},
        }
        guard = {"_id": dry.feed_id, "state": FeedState.PREPARED.value, "dry": True}
        self._feeds.update_one(guard, update)

    def _get(self, feed_id: str) -> Feed | None:
        raw = self._feeds.find_one({"_id": feed_id, "state": {"$exists": True}})
        return feed_from(raw) if raw else None

    def _open_in(self, lane: str) -> Feed | None:
        raw = self._feeds.find_one({"open_lane": lane})
        return feed_from(raw) if raw else None

    def _ready_in_s(self, lane: str) -> float:
        attempted = {"lane": lane, "attempt_at": {"$exists": True}}
        last = next(self._feeds.find(attempted).sort("attempt_at", -1).limit(1), None)
        if last is None:
            return 0.0
        ready_at = last["attempt_at"] + self._timing.spacing
        return float(max(0.0, (ready_at - store_now(self._database)).total_seconds()))


def _is_replaced_by(standing: Feed, new: NewFeed) -> bool:
    """Whether a standing feed only shows what would be sent, and the new one says more."""
    return standing.dry and not (new.dry and new.content_hash == standing.content_hash)


def _document(new: NewFeed, made_at: datetime) -> Raw:
    feed = Feed(
        feed_id=new.feed_id,
        account=new.account,
        feed_type=new.feed_type,
        marketplaces=new.marketplaces,
        state=FeedState.PREPARED,
        content_type=new.content_type,
        content_hash=new.content_hash,
        content_bytes=len(new.content),
        rows=len(new.members),
        flow_id=new.flow_id,
        flow_started_at=new.flow_started_at,
        dry=new.dry,
        created_at=made_at,
    )
    document = to_document(feed)
    # Its absence is what the unique index goes by.
    del document["feed_id"], document["amazon_feed_id"]
    return document
