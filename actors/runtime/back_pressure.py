"""Back-pressure: a big report must not fill the importers' queue in front of a small account's.

At most ``policy.chunk_backlog`` chunks of one report are published and not yet in the ledger.
"""

from __future__ import annotations

from actors.ports import Clock, Ledger, Policy
from domain.errors import NotYet

LOOK_AGAIN_S = 0.25
COME_BACK_S = 15.0


class Backlog:
    """The chunks of one report that are on their way to the importers."""

    def __init__(self, ledger: Ledger, clock: Clock, policy: Policy, report_id: str) -> None:
        self._ledger, self._clock, self._policy = ledger, clock, policy
        self._report_id = report_id
        self._imported = ledger.imported(report_id)
        self._on_their_way: set[int] = set()

    def admits(self, chunk: int) -> bool:
        """Return whether the chunk is still to be published, waiting for room first.

        Raises:
            NotYet: there is no room within the patience of the policy.
        """
        if chunk in self._imported:
            return False
        waited_s = 0.0
        while not self._has_room():
            if waited_s >= self._policy.chunk_patience_s:
                raise NotYet("the importers are behind", retry_after_s=COME_BACK_S)
            self._clock.pause(LOOK_AGAIN_S)
            waited_s += LOOK_AGAIN_S
        self._on_their_way.add(chunk)
        return True

    def _has_room(self) -> bool:
        if len(self._on_their_way) < self._policy.chunk_backlog:
            return True
        self._on_their_way -= self._ledger.imported(self._report_id, self._on_their_way)
        return len(self._on_their_way) < self._policy.chunk_backlog
