"""Numbered polls of what Amazon is at: each is taken once, and the next begins when it is over."""

from __future__ import annotations

from domain.errors import NotYet
from store.moments import in_seconds, is_over, seconds_until, store_now
from store.tables import Collection, Database, Raw

EARLY_S = 5.0


class Polls:
    """The polls of a collection.  Index of every query: ``_id``."""

    def __init__(self, database: Database, collection: Collection, lease_s: float) -> None:
        self._database, self._collection, self._lease_s = database, collection, lease_s

    def take(self, known: Raw, attempt: int, holder: str) -> Raw | None:
        """Take a poll of what ``known`` finds; None: it is over, or nothing is there to be polled.

        The message of a poll is published before the poll before it counts as over, so that a
        crash loses none; when the store was away in between, the message is here first, and waits.

        Raises:
            NotYet: another worker is on this very poll, or died on it a moment ago; or the poll
                before it is not over.
        """
        due = known | {"poll_attempt": attempt}
        lease = {"poll_holder": {"$literal": holder}, "poll_until": in_seconds(self._lease_s)}
        free = due | is_over("poll_until")
        won = self._collection.update_one(free, [{"$set": lease}]).matched_count
        raw = self._collection.find_one(due)
        if raw is None:
            if self._collection.find_one(known | {"poll_attempt": attempt - 1}, {"_id": 1}):
                raise NotYet("the poll before this one is not over", retry_after_s=EARLY_S)
            return None
        if won:
            return raw
        wait = seconds_until(raw.get("poll_until"), store_now(self._database))
        raise NotYet("another worker is on this poll", retry_after_s=wait)
