"""What people look at of feeds.  Reads only."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from domain.feeds import Feed, FeedState
from store.failures import translated
from store.feed_documents import FeedDocument
from store.feed_preparing import feed_from
from store.tables import Database, Raw, collection_of


class FeedViews:
    """Feeds, to be looked at."""

    def __init__(self, database: Database) -> None:
        self._feeds = collection_of(database, FeedDocument)

    @translated
    def list_feeds(
        self,
        *,
        account: str | None = None,
        states: Collection[FeedState] = (),
        limit: int = 50,
    ) -> list[Feed]:
        """Return feeds, the newest first.

        Indexes: ``by_state``, else ``newest`` or ``newest_of_account``.
        """
        # A draft without a state is nobody's feed yet.
        wanted: Raw = {"state": {"$exists": True}}
        if states:
            wanted["state"] = {"$in": sorted(each.value for each in states)}
        if account is not None:
            wanted["account"] = account
        found = self._feeds.find(wanted).sort("created_at", -1).limit(limit)
        return [feed_from(raw) for raw in found]

    @translated
    def feeds(self, feed_ids: Iterable[str]) -> list[Feed]:
        """Return the feeds there are of these, the oldest first.  Index: ``_id``."""
        wanted: Raw = {"_id": {"$in": list(feed_ids)}, "state": {"$exists": True}}
        return sorted(map(feed_from, self._feeds.find(wanted)), key=_age)


def _age(feed: Feed) -> tuple[str, str]:
    return str(feed.created_at), feed.feed_id
