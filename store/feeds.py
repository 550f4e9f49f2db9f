"""Feeds: one document each, moved on by guarded updates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from domain.amazon_feeds import FeedResult
from domain.errors import Contended
from domain.feed_polling import Verdict
from domain.feed_results import FeedVerdict
from domain.feeds import (
    POLLED_STATES,
    UNSENT_STATES,
    Feed,
    FeedMember,
    FeedOutcome,
    FeedState,
    FeedTiming,
    Lane,
    NewFeed,
)
from store.failures import translated
from store.feed_contents import FeedContents
from store.feed_preparing import Preparing, feed_from
from store.feed_sending import FeedSending
from store.polls import Polls
from store.reports import LEASE
from store.tables import Database, Raw

ROUNDS = 8
JUDGED = (FeedState.DONE, FeedState.CANCELLED, FeedState.FATAL, FeedState.LATE)
"""The verdict is here; whether anybody was told of it is another thing."""
GIVEN = [str(state) for state in (*POLLED_STATES, *JUDGED)]

OnJudged = Callable[[Feed, FeedVerdict], None]
"""Is told of a feed whose members have taken Amazon's verdict on its rows."""


class Feeds(FeedSending):
    """The feeds of all accounts (collections ``feeds``, ``feed_contents``, ``feed_results``)."""

    def __init__(
        self,
        database: Database,
        *,
        timing: FeedTiming | None = None,
        lease: timedelta = LEASE,
    ) -> None:
        timing = timing or FeedTiming()
        super().__init__(database, timing=timing, lease=lease)
        self._contents = FeedContents(database)
        self._preparing = Preparing(
            database, self._contents, timing, lambda feed: self.on_moved(feed, FeedState.PREPARED)
        )
        self.on_judged: OnJudged = lambda _feed, _verdict: None
        """Told once of each feed; for metrics, must not raise."""

    @translated
    def lane(self, account: str, feed_type: str) -> Lane:
        """Return how a lane is.  Indexes: ``one_open_per_lane``, ``attempts_of_lane``."""
        return self._preparing.lane(account, feed_type)

    @translated
    def prepare(self, new: NewFeed) -> Feed:
        """Open a feed, or return the one that has its lane, or its id.

        The same tick again gets the feed it made, as that is now, and closed if it is.  What the
        returned feed carries is its own content and its own members, not those of ``new``.

        Raises:
            NotYet: the last feed of the lane was sent a moment ago.
            Contended: others took and left the lane all the time.
        """
        return self._preparing.prepare(new)

    def content(self, feed_id: str) -> bytes:
        """Return the exact bytes of a feed.  Raises: LookupError, if there is no such feed."""
        return self._contents.content(feed_id)

    def members(self, feed_id: str) -> tuple[FeedMember, ...]:
        """Return what each row stands for.  Raises: LookupError, if there is no such feed."""
        return self._contents.members(feed_id)

    def result(self, feed_id: str) -> FeedResult | None:
        """Return what Amazon said of the rows; None: nothing."""
        return self._contents.result(feed_id)

    @translated
    def take_poll(self, feed_id: str, attempt: int, *, holder: str) -> Feed | None:
        """Take the poll numbered ``attempt``; None when it is done already or nothing is open.

        A feed whose verdict is here is still given: its poll may have died before it could say
        so.  Index: ``_id``.

        Raises:
            NotYet: another worker is on this very poll, or died on it a moment ago; or the poll
                before it is not over.
        """
        known: Raw = {"_id": feed_id, "state": {"$in": GIVEN}}
        raw = Polls(self._database, self._feeds, self._lease_s).take(known, attempt, holder)
        return feed_from(raw) if raw else None

    @translated
    def poll_done(self, feed_id: str, attempt: int) -> None:
        """The poll's message to follow is published: the next number counts.  Index: ``_id``."""
        update = {
            "$set": {"poll_attempt": attempt + 1},
            "$unset": {"poll_holder": "", "poll_until": ""},
        }
        self._feeds.update_one({"_id": feed_id, "poll_attempt": attempt}, update)

    @translated
    def note_age(self, feed_id: str, *, stuck: bool) -> bool:
        """Note that Amazon takes long (or far too long); return whether that is news."""
        name = "stuck_at" if stuck else "slow_at"
        unknown = {"_id": feed_id, name: {"$exists": False}}
        return bool(self._feeds.update_one(unknown, {"$currentDate": {name: True}}).modified_count)

    @translated
    def submitted_before(self, feed: Feed, *, limit: int) -> list[Feed]:
        """Return the feeds of the lane submitted before this one, newest first.

        Index: ``attempts_of_lane``.
        """
        lane = {"lane": f"{feed.account}/{feed.feed_type}", "attempt_at": {"$lt": feed.attempt_at}}
        found = self._feeds.find(lane).sort("attempt_at", -1).limit(limit)
        return [feed_from(raw) for raw in found]

    @translated
    def processed(
        self, feed: Feed, verdict: Verdict, result: FeedResult | None, *, held: str = ""
    ) -> None:
        """Keep Amazon's verdict (submitted -> done, cancelled, fatal; released -> late).

        Raises:
            Contended: the feed was released in the meantime; the poll comes again.
        """
        if result is not None:
            self._contents.keep_result(feed.feed_id, feed.account, result)
        facts = {
            "state": verdict.state.value,
            "owed": verdict.outcome.value,
            "processing_status": verdict.processing_status,
            "held": held,
        }
        update = {"$set": facts, "$currentDate": {"processed_at": True}}
        polled = {"_id": feed.feed_id, "state": feed.state.value}
        if not self._feeds.update_one(polled, update).matched_count:
            self.give_poll_back(feed)
            raise Contended("the feed was released while its verdict was fetched")
        self.on_moved(self._known(feed.feed_id), verdict.state)

    @translated
    def give_poll_back(self, feed: Feed) -> None:
        """The poll was not made: another worker need not wait for it.  Index: ``_id``."""
        mine = {"_id": feed.feed_id, "poll_attempt": feed.poll_attempt}
        self._feeds.update_one(mine, {"$unset": {"poll_holder": "", "poll_until": ""}})

    @translated
    def moot(self, feed: Feed, reason: str) -> None:
        """Nothing more is to be learned from a released feed (-> applied).  Index: ``_id``."""
        released = {"_id": feed.feed_id, "state": FeedState.RELEASED.value}
        facts = {"state": FeedState.APPLIED.value, "reason": reason}
        self._feeds.update_one(released, {"$set": facts})

    @translated
    def close(
        self,
        feed_id: str,
        outcome: FeedOutcome,
        *,
        verified: bool = True,
        reason: str = "",
        verdict: FeedVerdict | None = None,
    ) -> None:
        """The members have taken this outcome; the lane is free unless it is held.

        ``verified`` False: Amazon's verdict said nothing about rows (-> unverified), see
        ``verified``.  ``verdict``: what it said of them.  Again is harmless.  Index: ``_id``.
        """
        facts: Raw = {"reason": reason} if reason else {}
        if outcome not in (FeedOutcome.WITHDRAWN, FeedOutcome.RELEASED):
            facts["state"] = (FeedState.APPLIED if verified else FeedState.UNVERIFIED).value
        guard = {"_id": feed_id, "owed": outcome.value}
        leaving = {"$unset": {"owed": "", "open_lane": ""}, "$currentDate": {"closed_at": True}}
        staying: Raw = {"$unset": {"owed": ""}}
        told = {"$set": facts} if facts else {}
        closed = self._feeds.update_one(guard | {"held": ""}, told | leaving).matched_count
        if not closed:
            kept = self._feeds.update_one(guard | {"held": {"$ne": ""}}, told | staying)
            closed = kept.matched_count
        if closed and verdict is not None:
            self.on_judged(self._known(feed_id), verdict)

    @translated
    def verified(self, feed_id: str) -> None:
        """The members of an unverified feed are settled (-> applied).  Index: ``_id``."""
        unverified = {"_id": feed_id, "state": FeedState.UNVERIFIED.value}
        self._feeds.update_one(unverified, {"$set": {"state": FeedState.APPLIED.value}})

    @translated
    def release(self, feed_id: str, *, who: str, why: str) -> Feed:
        """Let a person free the lane of a feed; one that has left its lane is returned as it is.

        What is ``owed`` to the members afterwards is to be announced (``FeedProcessed``); the
        sweepers do it, too.  Index: ``_id``.

        Raises:
            LookupError: there is no such feed.
            Contended: workers moved it on all the time.
        """
        for _ in range(ROUNDS):
            feed = self._known(feed_id)
            if feed.closed_at is not None:
                return feed
            facts = _released(feed) | {"held": "", "released_by": who, "released_why": why}
            update = {
                "$set": facts,
                "$unset": {"open_lane": "", "sending_until": ""},
                "$currentDate": {"released_at": True, "closed_at": True},
            }
            done = self._feeds.update_one({"_id": feed_id, "state": feed.state.value}, update)
            if done.matched_count and "state" in facts:
                self.on_moved(self._known(feed_id), FeedState(facts["state"]))
        raise Contended(f"feed {feed_id} is being worked on; try again")


def _released(feed: Feed) -> Raw:
    """Return what a release makes of a feed: its verdict, if it is here, still holds."""
    if feed.state in UNSENT_STATES:
        return {"state": FeedState.WITHDRAWN.value, "owed": FeedOutcome.WITHDRAWN.value}
    if feed.state in (FeedState.CREATING, FeedState.SUBMITTED):
        return {"state": FeedState.RELEASED.value, "owed": FeedOutcome.RELEASED.value}
    return {}
