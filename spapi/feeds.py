"""The Feeds API 2021-06-30, its steps apart, so that a crash between two of them loses nothing.

create_document -> upload -> create_feed -> feed … feed -> result
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import closing
from datetime import datetime

from pydantic import Field

from config.accounts import Account
from domain.amazon_feeds import AmazonFeed, AmazonFeeds, FeedDocument, FeedResult
from domain.errors import Refused
from spapi.documents import read_text
from spapi.gateway import Gateway
from spapi.operations import FeedOperations, Prepared
from spapi.presigned import build_presigned, open_presigned, send_presigned
from spapi.wire import AmazonJSON, Moment, Text, Texts, read, to_wire

UPLOAD = "uploadDocument"
PAGE_SIZE = 100
MAX_RESULT_BYTES = 64 << 20
"""The result of a feed of 25,000 messages, each with its issues, has some ten megabytes."""


class _NewDocument(AmazonJSON):
    document_id: str = Field(alias="feedDocumentId", min_length=1)
    url: str = Field(min_length=1, repr=False)


class _Created(AmazonJSON):
    feed_id: str = Field(alias="feedId", min_length=1)


class _Feed(AmazonJSON):
    feed_id: str = Field(alias="feedId", min_length=1)
    status: str = Field(alias="processingStatus")
    feed_type: str = Field(alias="feedType")
    created_at: Moment = Field(alias="createdTime")
    marketplaces: Texts = Field((), alias="marketplaceIds")
    started_at: Moment | None = Field(None, alias="processingStartTime")
    ended_at: Moment | None = Field(None, alias="processingEndTime")
    result_document_id: Text = Field("", alias="resultFeedDocumentId")

    def to_domain(self) -> AmazonFeed:
        return AmazonFeed(
            feed_id=self.feed_id,
            processing_status=self.status,
            feed_type=self.feed_type,
            created_at=self.created_at,
            marketplaces=self.marketplaces,
            processing_started_at=self.started_at,
            processing_ended_at=self.ended_at,
            result_document_id=self.result_document_id,
        )


class _Feeds(AmazonJSON):
    feeds: tuple[_Feed, ...]


class AmazonFeedsGateway(Gateway):
    """Sends feeds of the configured accounts.  Every method may raise what ``Calls.send`` does."""

    def create_document(self, account: str, content_type: str) -> FeedDocument:
        """Get a place to upload to; the document must be used within two days.

        Source: Feeds API 2021-06-30, createFeedDocument.
        """
        seller = self._writer(account, "createFeedDocument")
        # Given no file, the package's method stops before it would upload one.
        prepared = FeedOperations(seller.endpoint).create_feed_document(None, content_type)
        answer = self._calls.send(seller, "createFeedDocument", prepared)
        document = read(_NewDocument, answer.payload, "createFeedDocument")
        return FeedDocument(document.document_id, document.url, answer.served_at)

    def upload(self, account: str, url: str, content_type: str, body: bytes) -> None:
        """Upload the content; again is harmless.

        ``content_type`` is byte for byte the one of ``create_document``: it is signed.

        Raises:
            LinkExpired: the URL is no longer good (or signed for another type): create another.
            Unavailable: no answer; the content may be there or not.
        """
        seller = self._writer(account, UPLOAD)
        headers = {"content-type": content_type}
        request = build_presigned(self._calls, "PUT", url, headers=headers, body=body)
        with closing(send_presigned(self._calls, seller, UPLOAD, request)):
            self._calls.quotas.succeeded(seller.name, UPLOAD)

    def create_feed(
        self, account: str, feed_type: str, marketplaces: Collection[str], document_id: str
    ) -> str:
        """Send the feed and return Amazon's feed id.

        There is no idempotency key: after ``Unavailable`` it may have taken effect, and ``feeds``
        tells whether it has.

        Source: Feeds API 2021-06-30, createFeed.
        """
        seller = self._writer(account, "createFeed")
        prepared = FeedOperations(seller.endpoint).create_feed(
            feed_type, document_id, marketplaceIds=list(marketplaces)
        )
        answer = self._calls.send(seller, "createFeed", prepared)
        return read(_Created, answer.payload, "createFeed").feed_id

    def feed(self, account: str, feed_id: str) -> AmazonFeed:
        """Return Amazon's word on a feed.

        Source: Feeds API 2021-06-30, getFeed.
        """
        seller = self._account(account)
        answer = self._calls.send(
            seller, "getFeed", FeedOperations(seller.endpoint).get_feed(feed_id)
        )
        return read(_Feed, answer.payload, "getFeed").to_domain()

    def feeds(
        self, account: str, feed_type: str, created_since: datetime, marketplaces: Collection[str]
    ) -> AmazonFeeds:
        """Return all feeds of a type created since then, whatever their status, all pages.

        ``created_since`` is by Amazon's clock, see ``served_at``.

        Source: Feeds API 2021-06-30, getFeeds; a page token goes without any filter.
        """
        seller = self._account(account)
        operations = FeedOperations(seller.endpoint)
        prepared: Prepared = operations.get_feeds(
            feedTypes=feed_type,
            marketplaceIds=",".join(marketplaces),
            createdSince=to_wire(created_since),
            pageSize=PAGE_SIZE,
        )
        answer = self._calls.send(seller, "getFeeds", prepared)
        served_at = answer.served_at
        found = list(read(_Feeds, answer.payload, "getFeeds").feeds)
        while answer.next_token is not None:
            prepared = operations.get_feeds(nextToken=answer.next_token)
            answer = self._calls.send(seller, "getFeeds", prepared)
            found.extend(read(_Feeds, answer.payload, "getFeeds").feeds)
        return AmazonFeeds(tuple(feed.to_domain() for feed in found), served_at)

    def result(self, account: str, document_id: str) -> FeedResult:
        """Return what Amazon says about the feed's rows: a table or JSON, by the feed's type.

        Raises:
            Malformed: it is larger than any result can be.
        Source: Feeds API 2021-06-30, getFeedDocument.
        """
        seller = self._account(account)
        prepared = FeedOperations(seller.endpoint).describe_document(document_id)
        with open_presigned(self._calls, seller, "getFeedDocument", prepared) as download:
            text = read_text(
                download.chunks,
                charset=download.charset,
                gzip=download.gzip,
                max_bytes=MAX_RESULT_BYTES,
            )
        return FeedResult(text=text.text, charset=text.charset, truncated=text.truncated)

    def _writer(self, name: str, operation: str) -> Account:
        """Return the account if it may write: nothing is sent to a real one by accident."""
        account = self._account(name)
        if not account.amazon_writes:
            told = f"writing to Amazon is switched off for account {name}"
            raise Refused(operation, code="AmazonWritesOff", status=0, message=told)
        return account
