"""What feeds carry and what Amazon said of them, kept packed."""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from dataclasses import asdict
from hashlib import sha256

from bson.binary import Binary
from pymongo.errors import DuplicateKeyError

from domain.amazon_feeds import FeedResult
from domain.feeds import FeedMember, NewFeed
from store.failures import translated
from store.feed_documents import FeedContentDocument, FeedDocument, FeedResultDocument
from store.mapping import from_document
from store.moments import store_now
from store.tables import Database, Raw, collection_of


class FeedContents:
    """Contents and results of feeds (collections ``feed_contents``, ``feed_results``)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._feeds = collection_of(database, FeedDocument)
        self._contents = collection_of(database, FeedContentDocument)
        self._results = collection_of(database, FeedResultDocument)

    @translated
    def keep(self, new: NewFeed) -> str:
        """Keep content and members, once, and return their key.  Index: ``_id``."""
        members = [_compact(member) for member in new.members]
        digest = sha256(new.content + json.dumps(members, sort_keys=True).encode()).hexdigest()
        key = f"{new.feed_id}/{digest[:16]}"
        document = {
            "_id": key,
            "account": new.account,
            "feed_id": new.feed_id,
            "content": _packed(new.content),
            "members": members,
            "order_ids": sorted({each.order_id for each in new.members if each.order_id}),
            "created_at": store_now(self._database),
        }
        with suppress(DuplicateKeyError):
            self._contents.insert_one(document)
        return key

    @translated
    def content(self, feed_id: str) -> bytes:
        """Return the exact bytes of a feed.  Index: ``_id``.

        Raises:
            LookupError: there is no such feed.
        """
        return gzip.decompress(self._carried(feed_id, "content")["content"])

    @translated
    def members(self, feed_id: str) -> tuple[FeedMember, ...]:
        """Return what each row of a feed stands for, in the order of the file.  Index: ``_id``.

        Raises:
            LookupError: there is no such feed.
        """
        raw = self._carried(feed_id, "members")
        return tuple(from_document(FeedMember, each) for each in raw["members"])

    @translated
    def keep_result(self, feed_id: str, account: str, result: FeedResult) -> None:
        """Keep what Amazon said of a feed; a later answer replaces it.  Index: ``_id``."""
        kept = {
            "account": account,
            "content": _packed(result.text.encode()),
            "charset": result.charset,
            "truncated": result.truncated,
            "fetched_at": store_now(self._database),
        }
        self._results.update_one({"_id": feed_id}, {"$set": kept}, upsert=True)

    @translated
    def result(self, feed_id: str) -> FeedResult | None:
        """Return what Amazon said of a feed; None: nothing.  Index: ``_id``."""
        raw = self._results.find_one({"_id": feed_id})
        if raw is None:
            return None
        text = gzip.decompress(raw["content"]).decode()
        return FeedResult(text=text, charset=raw["charset"], truncated=raw["truncated"])

    @translated
    def feed_ids_of(self, account: str, order_id: str) -> list[str]:
        """Return the ids of feeds that may have carried rows of an order.  Index: ``of_order``."""
        found = self._contents.find({"account": account, "order_ids": order_id}, {"feed_id": 1})
        return sorted({raw["feed_id"] for raw in found})

    def _carried(self, feed_id: str, part: str) -> Raw:
        feed = self._feeds.find_one({"_id": feed_id}, {"content_key": 1}) or {}
        raw = self._contents.find_one({"_id": feed.get("content_key")}, {part: 1})
        if raw is None:
            raise LookupError(f"no content of a feed {feed_id}")
        return raw


def _compact(member: FeedMember) -> Raw:
    """Leave out what is empty: a feed may have 25,000 members."""
    return {name: value for name, value in asdict(member).items() if value or name == "record"}


def _packed(content: bytes) -> Binary:
    return Binary(gzip.compress(content, mtime=0))
