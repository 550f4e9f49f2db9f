"""The reading of a report's document: by one worker at a time, and what it has published so far."""

from __future__ import annotations

from datetime import timedelta

from domain.errors import NotYet
from store.mapping import in_ms
from store.moments import in_seconds, is_over, seconds_until, store_now
from store.tables import Collection, Database, Raw


class Readings:
    """The readings of reports.  Index of every query: ``_id``."""

    def __init__(self, database: Database, reports: Collection, lease_s: float) -> None:
        self._database, self._reports, self._lease_s = database, reports, lease_s

    def take(self, report_id: str, holder: str, standstill: timedelta) -> set[int]:
        """Claim the reading; return the chunks published less than the standstill ago.

        Raises:
            NotYet: another worker is reading, or died of it a moment ago.
        """
        lease = {"reading_holder": {"$literal": holder}, "reading_until": in_seconds(self._lease_s)}
        free: Raw = {"_id": report_id, **is_over("reading_until")}
        won = self._reports.update_one(free, [{"$set": lease}]).matched_count
        raw = self._reports.find_one({"_id": report_id}, {"under_way": 1, "reading_until": 1}) or {}
        now = store_now(self._database)
        if not won:
            wait = seconds_until(raw.get("reading_until"), now)
            raise NotYet("another worker is reading this report", retry_after_s=wait)
        under_way: Raw = raw.get("under_way") or {}
        # One noted in the future was noted before the clock was set back: it may be lost as well.
        return {int(chunk) for chunk, at in under_way.items() if abs(now - at) < standstill}

    def published(self, report_id: str, holder: str, chunk: int, imported: set[int]) -> None:
        """Note a chunk that is on its way now, forget those that arrived, and keep the claim.

        Raises:
            NotYet: the claim is another worker's by now.
        """
        now = store_now(self._database)
        kept_until = now + timedelta(seconds=self._lease_s)
        update: Raw = {
            "$set": {f"under_way.{chunk}": in_ms(now), "reading_until": in_ms(kept_until)}
        }
        if imported:
            update["$unset"] = {f"under_way.{each}": "" for each in imported}
        ours = {"_id": report_id, "reading_holder": holder}
        if not self._reports.update_one(ours, update).matched_count:
            raise NotYet("another worker reads this report now", retry_after_s=self._lease_s)

    def release(self, report_id: str, holder: str) -> None:
        """Let whoever comes next read the report at once."""
        ours = {"_id": report_id, "reading_holder": holder}
        self._reports.update_one(ours, {"$unset": {"reading_holder": "", "reading_until": ""}})
