"""Stage: bring a prepared feed to Amazon, effectively once.

    FulfillmentBatched  ->  FeedSubmitted, or FeedProcessed (withdrawn: it may not be sent)

A feed goes to Amazon in steps, each stored before the next begins: document made, content
uploaded, createFeed about to be sent, Amazon's feed id.  Whoever finds a feed between two steps
goes on from there.  createFeed is not idempotent: an attempt whose answer nobody knows is looked
for in Amazon's list before it is repeated.  Waiting is never sleeping: the message comes back.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.feed_ports import AmazonFeeds, Feeds
from actors.feeds.sending import Sending
from actors.ports import Policy
from actors.runtime.stage import stage
from domain.feeds import FeedOutcome
from domain.messages import FeedProcessed, FeedSubmitted, FulfillmentBatched


@stage(consumes=(FulfillmentBatched,), emits=(FeedSubmitted, FeedProcessed), owed="feed_unsent")
def submit_feed(
    batched: FulfillmentBatched, *, feeds: Feeds, amazon_feeds: AmazonFeeds, policy: Policy
) -> Iterator[FeedSubmitted | FeedProcessed]:
    """Send a prepared feed to Amazon, or find out whether it was sent.

    A feed that is dry or held stays as it is; nothing follows from it yet.

    Raises:
        Waiting: another worker is on it, Amazon is throttled or suspended, or it is too early to
            know what became of an attempt.
        Unavailable: no answer; the message comes again and finds out.
    """
    sending = Sending(feeds, amazon_feeds, policy.feeds)
    feed = feeds.claim(batched.feed)
    while feed.is_to_be_sent:
        feed = sending.go_on(feed, may_write=feed.account in policy.amazon_writes)
    if feed.amazon_feed_id:
        yield FeedSubmitted.following(
            batched, feed=feed.feed_id, amazon_feed_id=feed.amazon_feed_id
        )
    if feed.owed is FeedOutcome.WITHDRAWN:
        yield FeedProcessed.following(
            batched, feed=feed.feed_id, feed_type=feed.feed_type, outcome=feed.owed.value
        )
