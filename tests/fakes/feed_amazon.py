"""Amazon's feeds in memory: what is in its hands, and what it does at the wrong moment."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from domain.amazon_feeds import AmazonFeed, AmazonFeeds, FeedDocument, FeedResult
from domain.errors import ConnectorError, LinkExpired, Unavailable
from tests.fakes.clock import FakeClock
from tests.fakes.feed_values import US

UPLOAD = "https://upload.example/"
RESULT = FeedResult("Feed Processing Summary:\n", "utf-8", truncated=False)


@dataclass
class MemoryFeedAmazon:
    """Feeds get ``status`` at the ``ready_after``-th look at each."""

    clock: FakeClock
    ready_after: int = 1
    status: str = "DONE"
    result_document_id: str = "result-1"
    raises: dict[str, list[ConnectorError]] = field(default_factory=dict)
    """By operation: raised before the call has any effect."""
    raises_after: dict[str, list[ConnectorError]] = field(default_factory=dict)
    """By operation: raised when the call has had its effect."""
    meanwhile: dict[str, Callable[[], object]] = field(default_factory=dict)
    """By operation: what happens elsewhere while it is called."""
    documents: dict[str, bytes | None] = field(default_factory=dict)
    sent: dict[str, AmazonFeed] = field(default_factory=dict)
    made_of: dict[str, bytes | None] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    """Feeds the list does not show yet."""
    looks: dict[str, int] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)
    listed_since: list[datetime] = field(default_factory=list)

    def create_document(self, account: str, content_type: str) -> FeedDocument:
        self._before("create_document")
        document_id = f"doc-{len(self.documents) + 1}"
        self.documents[document_id] = None
        self._after("create_document")
        url = f"{UPLOAD}{document_id}?{content_type}"
        return FeedDocument(document_id, url, self.clock.now())

    def upload(self, account: str, url: str, content_type: str, body: bytes) -> None:
        self._before("upload")
        document_id, _, signed_for = url.removeprefix(UPLOAD).partition("?")
        if signed_for != content_type:
            raise LinkExpired("SignatureDoesNotMatch")
        self.documents[document_id] = body
        self._after("upload")

    def create_feed(
        self, account: str, feed_type: str, marketplaces: Collection[str], document_id: str
    ) -> str:
        self._before("create_feed")
        assert self.documents[document_id] is not None, "nothing was uploaded"
        feed_id = self.add(feed_type, tuple(marketplaces))
        self.made_of[feed_id] = self.documents[document_id]
        self._after("create_feed")
        return feed_id

    def add(self, feed_type: str, marketplaces: tuple[str, ...] = (US,)) -> str:
        """Let there be a feed; without a document it is somebody else's."""
        feed_id = f"amazon-{len(self.sent) + 1}"
        self.sent[feed_id] = AmazonFeed(
            feed_id, "IN_QUEUE", feed_type, self.clock.now(), marketplaces
        )
        return feed_id

    def feed(self, account: str, feed_id: str) -> AmazonFeed:
        self._before("feed")
        self.looks[feed_id] = self.looks.get(feed_id, 0) + 1
        if self.looks[feed_id] < self.ready_after:
            return self.sent[feed_id]
        return replace(
            self.sent[feed_id],
            processing_status=self.status,
            result_document_id=self.result_document_id,
        )

    def feeds(
        self, account: str, feed_type: str, created_since: datetime, marketplaces: Collection[str]
    ) -> AmazonFeeds:
        self._before("feeds")
        self.listed_since.append(created_since)
        found = [feed for feed in self.sent.values() if feed.feed_id not in self.hidden]
        return AmazonFeeds(tuple(found), self.clock.now())

    def result(self, account: str, document_id: str) -> FeedResult:
        self._before("result")
        return RESULT

    def _before(self, operation: str) -> None:
        self.calls.append(operation)
        self.meanwhile.pop(operation, lambda: None)()
        if self.raises.get(operation):
            raise self.raises[operation].pop(0)

    def _after(self, operation: str) -> None:
        if self.raises_after.get(operation):
            raise self.raises_after[operation].pop(0)


DROPPED = Unavailable("createFeed: the connection dropped")
