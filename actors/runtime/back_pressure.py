"""Back-pressure: a big report must not fill the importers' queue in front of a small account's.

At most ``policy.chunk_backlog`` chunks of one report are published and not yet in the ledger,
however often it is read.  One worker reads it at a time, and what it published is noted with the
report, after publishing: a crash in between publishes that chunk again.  A chunk that is not in
the ledger ``policy.chunk_standstill`` after that counts as lost, and comes again.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from actors.ports import Clock, Ledger, Policy, Reports
from domain.errors import NotYet
from domain.reports import Report

LOOK_AGAIN_S = 0.25
COME_BACK_S = 15.0


class Backlog:
    """The chunks of one report that are on their way to the importers; its reading, claimed."""

    def __init__(
        self,
        report: Report,
        holder: str,
        reports: Reports,
        ledger: Ledger,
        policy: Policy,
        clock: Clock,
    ) -> None:
        self._report_id, self._holder = report.report_id, holder
        self._reports, self._ledger, self._policy, self._clock = reports, ledger, policy, clock
        # Who reads a file imports it, too, chunk by chunk: nothing of it is ever on its way.
        self._is_shared = report.source != "file"
        self._imported: set[int] = set()
        self._arrived: set[int] = set()
        self._on_their_way: set[int] = set()

    def __enter__(self) -> Self:
        """Claim the reading, if there is room for a chunk: without, nothing need be fetched.

        Raises:
            NotYet: another worker is reading the report, or the importers are behind.
        """
        published: set[int] = set()
        if self._is_shared:
            published = self._reports.take_reading(
                self._report_id, holder=self._holder, standstill=self._policy.chunk_standstill
            )
        self._imported = set(self._ledger.imported(self._report_id))
        self._arrived = published & self._imported
        self._on_their_way = published - self._imported
        try:
            self._wait_for_room()
        except NotYet:
            self._release()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let the next worker read."""
        self._release()

    def admits(self, chunk: int) -> bool:
        """Return whether the chunk is still to be published, waiting for room first.

        Raises:
            NotYet: there is no room within the patience of the policy.
        """
        if chunk in self._imported or chunk in self._on_their_way:
            return False
        self._wait_for_room()
        return True

    def published(self, chunk: int) -> None:
        """Note a chunk that is on its way from now on.

        Raises:
            NotYet: another worker reads the report by now.
        """
        self._on_their_way.add(chunk)
        if self._is_shared:
            self._reports.chunk_published(
                self._report_id, chunk, holder=self._holder, imported=self._arrived
            )
        self._arrived = set()

    def _wait_for_room(self) -> None:
        waited_s = 0.0
        while not self._has_room():
            if waited_s >= self._policy.chunk_patience_s:
                raise NotYet("the importers are behind", retry_after_s=COME_BACK_S)
            self._clock.pause(LOOK_AGAIN_S)
            waited_s += LOOK_AGAIN_S

    def _has_room(self) -> bool:
        if len(self._on_their_way) < self._policy.chunk_backlog:
            return True
        arrived = self._ledger.imported(self._report_id, self._on_their_way)
        self._arrived |= arrived
        self._on_their_way -= arrived
        return len(self._on_their_way) < self._policy.chunk_backlog

    def _release(self) -> None:
        if self._is_shared:
            self._reports.release_reading(self._report_id, holder=self._holder)
