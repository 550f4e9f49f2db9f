"""Sending feeds: claims, and the steps written under them.

Whoever sends a feed has claimed it, and its claim has a number (``revision``): each step is
written only under that number, so that a worker that was overtaken does nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from pymongo.errors import DuplicateKeyError

from domain.errors import Contended, NotYet
from domain.feeds import SENDABLE_STATES, UNSENT_STATES, Feed, FeedOutcome, FeedState, FeedTiming
from store.failures import translated
from store.feed_documents import FeedDocument
from store.feed_preparing import feed_from
from store.mapping import in_ms
from store.moments import NOW, in_seconds, is_over, seconds_until, store_now
from store.tables import Database, Raw, collection_of

SENDABLE = sorted(str(state) for state in SENDABLE_STATES)
UNSENT = sorted(str(state) for state in UNSENT_STATES)
UPLOADED, CREATING = FeedState.UPLOADED.value, FeedState.CREATING.value

OnMoved = Callable[[Feed, FeedState], None]
"""Is told of a feed that a guarded write brought to a state, as it is now."""


class FeedSending:
    """The part of the feeds that ``submit_feed`` moves on.  All times are the store's."""

    def __init__(self, database: Database, *, timing: FeedTiming, lease: timedelta) -> None:
        self._database, self._timing = database, timing
        self._lease_s = lease.total_seconds()
        self._attempt_s = max(self._lease_s, timing.settle.total_seconds())
        self._feeds = collection_of(database, FeedDocument)
        self.on_moved: OnMoved = lambda _feed, _state: None
        """Told once of each move; for metrics, must not raise."""

    @translated
    def now(self) -> datetime:
        """Return the store's time, aware UTC."""
        return store_now(self._database)

    @translated
    def get(self, feed_id: str) -> Feed | None:
        """Return a feed.  Index: ``_id``."""
        raw = self._feeds.find_one({"_id": feed_id, "state": {"$exists": True}})
        return feed_from(raw) if raw else None

    @translated
    def claim(self, feed_id: str) -> Feed:
        """Claim the sending of a feed; one that is not to be sent is returned as it is.

        Index: ``_id``.

        Raises:
            NotYet: another worker has the claim (it outlives the time limit of a call), or it is
                too early to ask Amazon what became of an attempt.
            LookupError: there is no such feed.
        """
        free = {
            "_id": feed_id,
            "state": {"$in": SENDABLE},
            "held": "",
            "dry": False,
            **is_over("sending_until"),
        }
        claim = {
            "revision": {"$add": ["$revision", 1]},
            "sending_until": in_seconds(self._lease_s),
        }
        won = self._feeds.update_one(free, [{"$set": claim}]).matched_count
        raw = self._feeds.find_one({"_id": feed_id, "state": {"$exists": True}})
        if raw is None:
            raise LookupError(f"no feed {feed_id}")
        feed = feed_from(raw)
        if won or not feed.is_to_be_sent:
            return feed
        wait = seconds_until(raw.get("sending_until"), store_now(self._database))
        raise NotYet("somebody is sending this feed", retry_after_s=wait)

    @translated
    def give_back(self, feed: Feed) -> None:
        """Nothing happened under this claim that another worker would have to wait for."""
        mine = {"_id": feed.feed_id, "revision": feed.revision, "state": {"$in": SENDABLE}}
        self._feeds.update_one(mine, {"$unset": {"sending_until": ""}})

    @translated
    def documented(self, feed: Feed, document_id: str, amazon_at: datetime | None) -> Feed:
        """Amazon made a document for the content (-> documented).

        Amazon's clock of the first attempt stays: the feed may have existed since then.

        Raises:
            NotYet: another worker took over; so do the other steps.
        """
        first = amazon_at if not feed.attempts or feed.amazon_at is None else feed.amazon_at
        facts = {
            "state": FeedState.DOCUMENTED.value,
            "document_id": {"$literal": document_id},
            "documented_at": NOW,
            "amazon_at": in_ms(first) if first else None,
        }
        return self._step(feed, UNSENT, facts, self._lease_s)

    @translated
    def uploaded(self, feed: Feed) -> Feed:
        """The content is in the document (documented -> uploaded)."""
        return self._step(feed, [FeedState.DOCUMENTED.value], {"state": UPLOADED}, self._lease_s)

    @translated
    def creating(self, feed: Feed) -> Feed:
        """CreateFeed is about to be sent (uploaded, or creating and proven without effect)."""
        facts = {
            "state": CREATING,
            "attempts": feed.attempts + 1,
            "attempt_at": NOW,
            "looks": 0,
        }
        return self._step(feed, [UPLOADED, CREATING], facts, self._attempt_s)

    @translated
    def not_created(self, feed: Feed, *, held: str = "") -> Feed:
        """Amazon did not take the attempt: all is as before it, but for why it is ``held`` now."""
        facts: Raw = {"attempts": feed.attempts - 1, "held": {"$literal": held}}
        if feed.attempts == 1:
            facts |= {"state": UPLOADED, "attempt_at": None}
        else:
            # The look that allowed this attempt still counts.
            facts |= {"looks": 1}
        return self._step(feed, [CREATING], facts, 0.0)

    @translated
    def created(self, feed_id: str, amazon_feed_id: str, *, adopted: bool = False) -> Feed:
        """Amazon has the feed (creating -> submitted); what is known already stays.

        Not under a claim: an id is true whoever brings it, and the id of a feed that was released
        in the meantime lets its verdict be known.

        Raises:
            Contended: Amazon's id belongs to another feed of ours.
        """
        nameless = {
            "_id": feed_id,
            "state": {"$in": [CREATING, FeedState.RELEASED.value]},
            "amazon_feed_id": {"$exists": False},
        }
        submitted = FeedState.SUBMITTED.value
        facts = {
            "state": {"$cond": [{"$eq": ["$state", CREATING]}, submitted, "$state"]},
            "amazon_feed_id": {"$literal": amazon_feed_id},
            "adopted": adopted,
            "submitted_at": NOW,
            "held": "",
        }
        try:
            named = self._feeds.update_one(nameless, [{"$set": facts}, {"$unset": "sending_until"}])
        except DuplicateKeyError:
            raise Contended(f"{amazon_feed_id} is another feed of ours") from None
        feed = self._known(feed_id)
        if named.matched_count:
            self.on_moved(feed, FeedState.SUBMITTED)
        return feed

    @translated
    def known_at_amazon(self, account: str, amazon_feed_ids: Collection[str]) -> set[str]:
        """Return which of Amazon's ids are of feeds we know.  Index: ``one_of_each_of_amazons``."""
        wanted = {"account": account, "amazon_feed_id": {"$in": list(amazon_feed_ids)}}
        return {raw["amazon_feed_id"] for raw in self._feeds.find(wanted, {"amazon_feed_id": 1})}

    @translated
    def looked(self, feed: Feed) -> Feed:
        """Amazon's list does not have it; the next look is some minutes later."""
        again_s = self._timing.look_again.total_seconds()
        return self._step(feed, [CREATING], {"looks": feed.looks + 1}, again_s)

    @translated
    def start_over(self, feed: Feed) -> Feed:
        """Its document is too old to be sent (-> prepared)."""
        facts = {"state": FeedState.PREPARED.value}
        return self._step(feed, [UPLOADED, CREATING], facts, self._lease_s)

    @translated
    def hold(self, feed: Feed, why: str) -> Feed:
        """Keep the feed, and its lane with it, until a person decides."""
        return self._step(feed, SENDABLE, {"held": {"$literal": why}}, 0.0)

    @translated
    def withdraw(self, feed: Feed, why: str) -> Feed:
        """Do not send the feed: its lane is free, its members are as before."""
        facts = {
            "state": FeedState.WITHDRAWN.value,
            "owed": FeedOutcome.WITHDRAWN.value,
            "reason": {"$literal": why},
            "open_lane": None,
            "closed_at": NOW,
        }
        withdrawn = self._step(feed, UNSENT, facts, 0.0)
        self.on_moved(withdrawn, FeedState.WITHDRAWN)
        return withdrawn

    def _step(self, feed: Feed, states: list[str], facts: Raw, claim_s: float) -> Feed:
        """Write a step and keep the claim for so long; None takes a field away.  Index: ``_id``."""
        mine = {"_id": feed.feed_id, "revision": feed.revision, "state": {"$in": states}}
        gone = [name for name, value in facts.items() if value is None]
        kept = {name: value for name, value in facts.items() if value is not None}
        if claim_s:
            kept["sending_until"] = in_seconds(claim_s)
        else:
            gone.append("sending_until")
        update: list[Raw] = [{"$set": kept}]
        if gone:
            update.append({"$unset": gone})
        if not self._feeds.update_one(mine, update).matched_count:
            raise NotYet("another worker took this feed over", retry_after_s=1.0)
        return self._known(feed.feed_id)

    def _known(self, feed_id: str) -> Feed:
        feed = self.get(feed_id)
        if feed is None:
            raise LookupError(f"no feed {feed_id}")
        return feed
