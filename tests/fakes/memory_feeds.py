"""The feeds of the store in memory, for unit tests of stages: same promises, one thread."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from domain.amazon_feeds import FeedResult
from domain.errors import Contended, NotYet
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
from tests.fakes.clock import FakeClock

LEASE = timedelta(seconds=150)
CLOSED = {FeedState.WITHDRAWN, FeedState.RELEASED, FeedState.APPLIED, FeedState.UNVERIFIED}


@dataclass
class MemoryFeeds:
    clock: FakeClock
    timing: FeedTiming = field(default_factory=FeedTiming)
    all: dict[str, Feed] = field(default_factory=dict)
    made_of: dict[str, NewFeed] = field(default_factory=dict)
    results: dict[str, FeedResult] = field(default_factory=dict)
    claims: dict[str, datetime] = field(default_factory=dict)
    polls: dict[str, datetime] = field(default_factory=dict)

    def now(self) -> datetime:
        return self.clock.now()

    def lane(self, account: str, feed_type: str) -> Lane:
        lane = [f for f in self.all.values() if (f.account, f.feed_type) == (account, feed_type)]
        sent = [f.attempt_at for f in lane if f.attempt_at is not None]
        ready = max(sent) + self.timing.spacing - self.now() if sent else timedelta()
        open_feeds = [feed for feed in lane if feed.closed_at is None]
        assert len(open_feeds) <= 1
        return Lane(next(iter(open_feeds), None), max(0.0, ready.total_seconds()))

    def prepare(self, new: NewFeed) -> Feed:
        lane = self.lane(new.account, new.feed_type)
        if new.feed_id in self.all:
            return self.all[new.feed_id]
        if lane.open_feed is not None:
            return lane.open_feed
        if lane.ready_in_s:
            raise NotYet("the last feed was sent a moment ago", retry_after_s=lane.ready_in_s)
        self.made_of[new.feed_id] = new
        self.all[new.feed_id] = Feed(
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
            created_at=self.now(),
        )
        return self.all[new.feed_id]

    def get(self, feed_id: str) -> Feed | None:
        return self.all.get(feed_id)

    def content(self, feed_id: str) -> bytes:
        return self.made_of[feed_id].content

    def members(self, feed_id: str) -> tuple[FeedMember, ...]:
        return self.made_of[feed_id].members

    def result(self, feed_id: str) -> FeedResult | None:
        return self.results.get(feed_id)

    def claim(self, feed_id: str) -> Feed:
        feed = self.all[feed_id]
        if not feed.is_to_be_sent:
            return feed
        until = self.claims.get(feed_id, self.now())
        if until > self.now():
            raise NotYet("claimed", retry_after_s=(until - self.now()).total_seconds())
        return self._keep(self._set(feed_id, revision=feed.revision + 1), LEASE)

    def give_back(self, feed: Feed) -> None:
        if self.all[feed.feed_id].revision == feed.revision:
            self.claims.pop(feed.feed_id, None)

    def documented(self, feed: Feed, document_id: str, amazon_at: datetime | None) -> Feed:
        facts = {"document_id": document_id, "documented_at": self.now()}
        if not feed.attempts:
            facts["amazon_at"] = amazon_at
        return self._step(feed, UNSENT_STATES, LEASE, state=FeedState.DOCUMENTED, **facts)

    def uploaded(self, feed: Feed) -> Feed:
        return self._step(feed, {FeedState.DOCUMENTED}, LEASE, state=FeedState.UPLOADED)

    def creating(self, feed: Feed) -> Feed:
        return self._step(
            feed,
            {FeedState.UPLOADED, FeedState.CREATING},
            max(LEASE, self.timing.settle),
            state=FeedState.CREATING,
            attempts=feed.attempts + 1,
            attempt_at=self.now(),
            looks=0,
        )

    def not_created(self, feed: Feed, *, held: str = "") -> Feed:
        facts: dict[str, Any] = {"attempts": feed.attempts - 1, "held": held}
        if feed.attempts == 1:
            facts |= {"state": FeedState.UPLOADED, "attempt_at": None}
        else:
            facts |= {"looks": 1}
        return self._step(feed, {FeedState.CREATING}, None, **facts)

    def created(self, feed_id: str, amazon_feed_id: str, *, adopted: bool = False) -> Feed:
        feed = self.all[feed_id]
        if amazon_feed_id in {f.amazon_feed_id for i, f in self.all.items() if i != feed_id}:
            raise Contended(amazon_feed_id)
        if feed.amazon_feed_id or feed.state not in {FeedState.CREATING, FeedState.RELEASED}:
            return feed
        self.claims.pop(feed_id, None)
        sent = feed.state is FeedState.CREATING
        return self._set(
            feed_id,
            state=FeedState.SUBMITTED if sent else feed.state,
            amazon_feed_id=amazon_feed_id,
            adopted=adopted,
            submitted_at=self.now(),
            held="",
        )

    def known_at_amazon(self, account: str, amazon_feed_ids: Collection[str]) -> set[str]:
        return {f.amazon_feed_id for f in self.all.values()} & set(amazon_feed_ids)

    def looked(self, feed: Feed) -> Feed:
        return self._step(feed, {FeedState.CREATING}, self.timing.look_again, looks=feed.looks + 1)

    def start_over(self, feed: Feed) -> Feed:
        before = {FeedState.UPLOADED, FeedState.CREATING}
        return self._step(feed, before, LEASE, state=FeedState.PREPARED)

    def hold(self, feed: Feed, why: str) -> Feed:
        return self._step(feed, UNSENT_STATES | {FeedState.CREATING}, None, held=why)

    def withdraw(self, feed: Feed, why: str) -> Feed:
        return self._step(
            feed,
            UNSENT_STATES,
            None,
            state=FeedState.WITHDRAWN,
            owed=FeedOutcome.WITHDRAWN,
            reason=why,
            closed_at=self.now(),
        )

    def take_poll(self, feed_id: str, attempt: int, *, holder: str) -> Feed | None:
        feed = self.all[feed_id]
        judged = {FeedState.DONE, FeedState.CANCELLED, FeedState.FATAL, FeedState.LATE}
        if feed.state not in POLLED_STATES | judged or feed.poll_attempt not in (
            attempt,
            attempt - 1,
        ):
            return None
        if feed.poll_attempt < attempt:
            raise NotYet("the poll before is not over", retry_after_s=5)
        until = self.polls.get(feed_id, self.now())
        if until > self.now():
            raise NotYet("polled", retry_after_s=(until - self.now()).total_seconds())
        self.polls[feed_id] = self.now() + LEASE
        return feed

    def poll_done(self, feed_id: str, attempt: int) -> None:
        if self.all[feed_id].poll_attempt == attempt:
            self.polls.pop(feed_id, None)
            self._set(feed_id, poll_attempt=attempt + 1)

    def give_poll_back(self, feed: Feed) -> None:
        if self.all[feed.feed_id].poll_attempt == feed.poll_attempt:
            self.polls.pop(feed.feed_id, None)

    def note_age(self, feed_id: str, *, stuck: bool) -> bool:
        name = "stuck_at" if stuck else "slow_at"
        news = getattr(self.all[feed_id], name) is None
        if news:
            self._set(feed_id, **{name: self.now()})
        return news

    def submitted_before(self, feed: Feed, *, limit: int) -> Sequence[Feed]:
        assert feed.attempt_at is not None
        before = [f for f in self.all.values() if f.attempt_at and f.attempt_at < feed.attempt_at]
        before.sort(key=lambda each: each.attempt_at or self.now(), reverse=True)
        return before[:limit]

    def processed(
        self, feed: Feed, verdict: Verdict, result: FeedResult | None, *, held: str = ""
    ) -> None:
        if result is not None:
            self.results[feed.feed_id] = result
        if self.all[feed.feed_id].state is not feed.state:
            self.give_poll_back(feed)
            raise Contended("released")
        self._set(
            feed.feed_id,
            state=verdict.state,
            owed=verdict.outcome,
            processing_status=verdict.processing_status,
            held=held,
            processed_at=self.now(),
        )

    def moot(self, feed: Feed, reason: str) -> None:
        if self.all[feed.feed_id].state is FeedState.RELEASED:
            self._set(feed.feed_id, state=FeedState.APPLIED, reason=reason)

    def close(
        self,
        feed_id: str,
        outcome: FeedOutcome,
        *,
        verified: bool = True,
        reason: str = "",
        verdict: FeedVerdict | None = None,
    ) -> None:
        del verdict
        feed = self.all[feed_id]
        if feed.owed is not outcome:
            return
        facts: dict[str, Any] = {"owed": None, "reason": reason or feed.reason}
        if outcome not in {FeedOutcome.WITHDRAWN, FeedOutcome.RELEASED}:
            facts["state"] = FeedState.APPLIED if verified else FeedState.UNVERIFIED
        if not feed.held:
            facts["closed_at"] = self.now()
        self._set(feed_id, **facts)

    def verified(self, feed_id: str) -> None:
        if self.all[feed_id].state is FeedState.UNVERIFIED:
            self._set(feed_id, state=FeedState.APPLIED)

    def release(self, feed_id: str, *, who: str, why: str) -> Feed:
        feed = self.all[feed_id]
        if feed.closed_at is not None:
            return feed
        facts: dict[str, Any] = {}
        if feed.state in UNSENT_STATES:
            facts = {"state": FeedState.WITHDRAWN, "owed": FeedOutcome.WITHDRAWN}
        elif feed.state in {FeedState.CREATING, FeedState.SUBMITTED}:
            facts = {"state": FeedState.RELEASED, "owed": FeedOutcome.RELEASED}
        facts |= {"held": "", "released_by": who, "released_why": why}
        return self._set(feed_id, **facts, released_at=self.now(), closed_at=self.now())

    def _step(
        self, feed: Feed, states: Collection[FeedState], claim: timedelta | None, **facts: Any
    ) -> Feed:
        now_it_is = self.all[feed.feed_id]
        if now_it_is.revision != feed.revision or now_it_is.state not in states:
            raise NotYet("another worker took this feed over", retry_after_s=1.0)
        return self._keep(self._set(feed.feed_id, **facts), claim)

    def _keep(self, feed: Feed, claim: timedelta | None) -> Feed:
        self.claims.pop(feed.feed_id, None)
        if claim is not None:
            self.claims[feed.feed_id] = self.now() + claim
        return feed

    def _set(self, feed_id: str, **changes: Any) -> Feed:
        self.all[feed_id] = replace(self.all[feed_id], **changes)
        return self.all[feed_id]
