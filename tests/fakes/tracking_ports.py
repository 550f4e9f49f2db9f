"""The tracking inbox and the rejected events in memory: same promises as the store's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.errors import Unavailable
from domain.messages import TrackingEntered
from domain.rejected_events import RejectedEvent
from domain.tracking import Entry, content_digest


@dataclass
class MemoryInbox:
    """``is_away`` makes every call fail as a store out of reach does.

    Entries whose event id is in ``chokes_on`` make a call fail as a defect does.
    """

    received: dict[tuple[str, str], TrackingEntered] = field(default_factory=dict)
    recorded: set[tuple[str, str]] = field(default_factory=set)
    taken: set[tuple[str, str]] = field(default_factory=set)
    is_away: bool = False
    chokes_on: Container[str] = ()

    def receive(self, entries: Sequence[TrackingEntered]) -> set[int]:
        self._answer()
        if any(entry.source_event_id in self.chokes_on for entry in entries):
            raise OverflowError("MongoDB can only handle up to 8-byte ints")
        for entry in entries:
            self.received.setdefault(_key(entry), entry)
        return {number for number, entry in enumerate(entries) if not self._is_same(entry)}

    def record(self, entry: TrackingEntered) -> Entry:
        self._answer()
        self.received.setdefault(_key(entry), entry)
        if not self._is_same(entry):
            return Entry.CONFLICTING
        if _key(entry) in self.recorded:
            return Entry.KNOWN
        self.recorded.add(_key(entry))
        return Entry.RECORDED

    def of_orders(
        self, account: str, order_ids: Collection[str]
    ) -> dict[str, tuple[TrackingEntered, ...]]:
        self._answer()
        found: dict[str, list[TrackingEntered]] = {}
        for (owner, _), entry in self.received.items():
            if owner == account and entry.order_id in order_ids:
                found.setdefault(entry.order_id, []).append(entry)
        return {key: tuple(sorted(each, key=_age)) for key, each in found.items()}

    def taken_in(self, entries: Collection[TrackingEntered]) -> None:
        self._answer()
        self.taken |= {_key(entry) for entry in entries}

    def untaken(self) -> list[TrackingEntered]:
        waiting = self.recorded - self.taken
        return [entry for key, entry in self.received.items() if key in waiting]

    def unrecorded(self) -> list[TrackingEntered]:
        return [entry for key, entry in self.received.items() if key not in self.recorded]

    def _is_same(self, entry: TrackingEntered) -> bool:
        return content_digest(self.received[_key(entry)]) == content_digest(entry)

    def _answer(self) -> None:
        if self.is_away:
            raise Unavailable("the store does not answer")


@dataclass
class MemoryRejections:
    """``away_at_acked``: so many calls of ``acked`` find the store out of reach.

    ``after_acked`` happens once, right after it was noted that deliveries are acked.
    """

    kept: list[RejectedEvent] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    unacked: dict[tuple[str, int], RejectedEvent] = field(default_factory=dict)
    is_away: bool = False
    away_at_acked: int = 0
    after_acked: Callable[[], object] | None = None

    def keep(self, rejected: RejectedEvent, *, key: str) -> None:
        if key not in self.keys:
            self.keys.add(key)
            self.kept.append(rejected)

    def keep_delivered(
        self, rejected: RejectedEvent, *, session: str, tag: int, redelivered: bool
    ) -> None:
        if self.is_away:
            raise Unavailable("the store does not answer")
        if (session, tag) in self.unacked:
            return
        if rejected.names_itself:
            self.kept = [each for each in self.kept if not _is_same_event(each, rejected)]
            self.kept.append(rejected)
            return
        for (holder, number), same in list(self.unacked.items()):
            if redelivered and same == rejected and holder != session:
                del self.unacked[holder, number]
                break
        else:
            self.kept.append(rejected)
        self.unacked[session, tag] = rejected

    def acked(self, session: str) -> None:
        if self.away_at_acked:
            self.away_at_acked -= 1
            raise Unavailable("the store does not answer")
        self.unacked = {key: each for key, each in self.unacked.items() if key[0] != session}
        if self.after_acked is not None:
            self.after_acked()
            self.after_acked = None


def _is_same_event(one: RejectedEvent, other: RejectedEvent) -> bool:
    return (one.type, one.body) == (other.type, other.body)


def _age(entry: TrackingEntered) -> tuple[datetime, str]:
    return entry.entered_at, entry.source_event_id


def _key(entry: TrackingEntered) -> tuple[str, str]:
    return entry.account, entry.source_event_id
