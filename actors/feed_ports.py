"""What a stage may ask about feeds: of the store and of Amazon.

``actors.ports`` gathers all ports.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from domain.amazon_feeds import AmazonFeed, FeedDocument, FeedResult
from domain.amazon_feeds import AmazonFeeds as AmazonFeedList
from domain.feed_polling import Verdict
from domain.feed_results import FeedVerdict
from domain.feeds import Feed, FeedMember, FeedOutcome, Lane, NewFeed


class Feeds(Protocol):
    """The feeds (store).  All times are the store's.

    Steps of sending are written under the claim of the feed that is passed in; they return the
    feed as it is then.
    """

    def lane(self, account: str, feed_type: str) -> Lane:
        """Return how a lane is."""
        ...

    def prepare(self, new: NewFeed) -> Feed:
        """Open a feed, or return the one that has its lane, or its id.

        The same tick again gets the feed it made, as that is now, and closed if it is.  What the
        returned feed carries is its own content and its own members, not those of ``new``.

        Raises:
            NotYet: the last feed of the lane was sent a moment ago.
            Contended: others took and left the lane all the time.
        """
        ...

    def get(self, feed_id: str) -> Feed | None:
        """Return a feed."""
        ...

    def content(self, feed_id: str) -> bytes:
        """Return the exact bytes of a feed.  Raises: LookupError."""
        ...

    def members(self, feed_id: str) -> tuple[FeedMember, ...]:
        """Return what each row of a feed stands for.  Raises: LookupError."""
        ...

    def result(self, feed_id: str) -> FeedResult | None:
        """Return what Amazon said of the rows; None: nothing."""
        ...

    def now(self) -> datetime:
        """Return the store's time."""
        ...

    def claim(self, feed_id: str) -> Feed:
        """Claim the sending of a feed; one that is not to be sent is returned as it is.

        Raises:
            NotYet: another worker has the claim (it outlives the time limit of a call), or it is
                too early to ask Amazon what became of an attempt.
            LookupError: there is no such feed.
        """
        ...

    def give_back(self, feed: Feed) -> None:
        """Nothing happened under this claim that another worker would have to wait for."""
        ...

    def documented(self, feed: Feed, document_id: str, amazon_at: datetime | None) -> Feed:
        """Amazon made a document for the content.

        Raises:
            NotYet: another worker took over; so do the other steps.
        """
        ...

    def uploaded(self, feed: Feed) -> Feed:
        """The content is in the document."""
        ...

    def creating(self, feed: Feed) -> Feed:
        """CreateFeed is about to be sent."""
        ...

    def not_created(self, feed: Feed, *, held: str = "") -> Feed:
        """Amazon did not take the attempt: all is as before it, but for why it is ``held`` now."""
        ...

    def created(self, feed_id: str, amazon_feed_id: str, *, adopted: bool = False) -> Feed:
        """Amazon has the feed; what is known already stays.  Needs no claim.

        Raises:
            Contended: Amazon's id belongs to another feed of ours.
        """
        ...

    def known_at_amazon(self, account: str, amazon_feed_ids: Collection[str]) -> set[str]:
        """Return which of Amazon's ids are of feeds we know."""
        ...

    def looked(self, feed: Feed) -> Feed:
        """Amazon's list does not have it; the next look is some minutes later."""
        ...

    def start_over(self, feed: Feed) -> Feed:
        """Its document is too old to be sent."""
        ...

    def hold(self, feed: Feed, why: str) -> Feed:
        """Keep the feed, and its lane with it, until a person decides."""
        ...

    def withdraw(self, feed: Feed, why: str) -> Feed:
        """Do not send the feed: its lane is free, its members are as before."""
        ...

    def take_poll(self, feed_id: str, attempt: int, *, holder: str) -> Feed | None:
        """Take the poll numbered ``attempt``; None when it is done already or nothing is open.

        Raises:
            NotYet: another worker is on this very poll, or the one before it is not over.
        """
        ...

    def poll_done(self, feed_id: str, attempt: int) -> None:
        """The poll's message to follow is published: the next number counts."""
        ...

    def give_poll_back(self, feed: Feed) -> None:
        """The poll was not made: another worker need not wait for it."""
        ...

    def note_age(self, feed_id: str, *, stuck: bool) -> bool:
        """Note that Amazon takes long (or far too long); return whether that is news."""
        ...

    def submitted_before(self, feed: Feed, *, limit: int) -> Sequence[Feed]:
        """Return the feeds of the lane submitted before this one, newest first."""
        ...

    def processed(
        self, feed: Feed, verdict: Verdict, result: FeedResult | None, *, held: str = ""
    ) -> None:
        """Keep Amazon's verdict; its outcome is owed to the members from now on.

        Raises:
            Contended: the feed was released in the meantime; the poll comes again.
        """
        ...

    def moot(self, feed: Feed, reason: str) -> None:
        """Nothing more is to be learned from a released feed."""
        ...

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

        ``verified`` False: Amazon's verdict said nothing about rows, they are to be settled by
        reading the orders, and then ``verified`` ends it.  ``verdict``: what it said of them, to
        be counted.  Again is harmless.
        """
        ...

    def verified(self, feed_id: str) -> None:
        """The members of an unverified feed are settled."""
        ...


class AmazonFeeds(Protocol):
    """Feeds API 2021-06-30 (spapi), its steps apart.

    Every method may raise ``Waiting`` (nothing was sent, or it was without effect), ``Refused``
    (without effect) and ``Unavailable`` (it may have taken effect).
    """

    def create_document(self, account: str, content_type: str) -> FeedDocument:
        """Get a place to upload to (createFeedDocument)."""
        ...

    def upload(self, account: str, url: str, content_type: str, body: bytes) -> None:
        """Upload the content, with the very content type of ``create_document``.

        Raises:
            LinkExpired: the URL is no longer good: create another document.
        """
        ...

    def create_feed(
        self, account: str, feed_type: str, marketplaces: Collection[str], document_id: str
    ) -> str:
        """Send the feed and return Amazon's feed id (createFeed); it is not idempotent."""
        ...

    def feed(self, account: str, feed_id: str) -> AmazonFeed:
        """Return Amazon's word on a feed (getFeed)."""
        ...

    def feeds(
        self, account: str, feed_type: str, created_since: datetime, marketplaces: Collection[str]
    ) -> AmazonFeedList:
        """Return all feeds of a type created since then, by Amazon's clock (getFeeds)."""
        ...

    def result(self, account: str, document_id: str) -> FeedResult:
        """Return what Amazon says about the rows (getFeedDocument and its presigned URL).

        Raises:
            Malformed: it is larger than any result can be.
        """
        ...
