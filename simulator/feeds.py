"""Feeds API 2021-06-30: documents, createFeed, getFeed, getFeeds, getFeedDocument, cancelFeed.

Feeds of one type of one seller are processed one after the other: one that is stuck holds up all
behind it.  Faults of a feed: ``feed_stuck`` {for_s?, in: IN_QUEUE | IN_PROGRESS}, ``feed_fatal``
{effect: none | some | all, document: bool}, ``feed_cancelled``, ``feed_ignored`` (said to be
applied, never shown), ``row_verdict`` {code, severity, message, order_id?, order_item_id?},
``result_missing``, ``result_empty``, ``result_truncated``,
``result_foreign`` {variant: xml | other}.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from simulator import paging
from simulator.call import Call, marketplace_ids, note_unknown
from simulator.clock import iso
from simulator.documents import Document
from simulator.faults import FEED, Fault
from simulator.feed_lane import CANCELLED, IN_QUEUE, STATUSES, enqueue, settle_lane
from simulator.feed_processing import FEED_TYPES
from simulator.wire import ApiError, Response, invalid_input, json_response, not_found

KEPT_DAYS = 90
DOCUMENT_LIFE = timedelta(days=2)
"""How long an input document may wait for its feed.  Source: createFeedDocument."""


@dataclass(slots=True, eq=False)
class Feed:
    """One feed.  ``document`` is None for a feed of another application made up by a test."""

    feed_id: str
    feed_type: str
    marketplaces: tuple[str, ...]
    created_at: datetime
    application: str
    document: Document | None = None
    due_at: datetime | None = None
    """When its turn may come; set when it is put in line."""
    status: str = IN_QUEUE
    started_at: datetime | None = None
    ended_at: datetime | None = None
    result_document_id: str = ""
    faults: dict[str, Fault] = field(default_factory=dict)

    def render(self) -> dict[str, Any]:
        """Return the model's ``Feed``: no word about the input document."""
        facts: dict[str, Any] = {
            "feedId": self.feed_id,
            "feedType": self.feed_type,
            "marketplaceIds": list(self.marketplaces),
            "createdTime": iso(self.created_at),
            "processingStatus": self.status,
        }
        if self.started_at:
            facts["processingStartTime"] = iso(self.started_at)
        if self.ended_at:
            facts["processingEndTime"] = iso(self.ended_at)
        if self.result_document_id:
            facts["resultFeedDocumentId"] = self.result_document_id
        return facts


def create_feed_document(call: Call) -> Response:
    """Make room for an upload; its URL demands exactly this content type."""
    body = call.request.json()
    note_unknown(call, body, {"contentType"})
    content_type = body.get("contentType")
    if not isinstance(content_type, str) or not content_type.strip():
        raise invalid_input("contentType is missing.")
    store = call.world.documents
    document = store.create(call.seller.seller_id, content_type, None, call.now)
    url = call.base_url + store.sign(document, "PUT", call.now)
    return json_response(201, {"feedDocumentId": document.document_id, "url": url})


def create_feed(call: Call) -> Response:
    """Queue a feed; the same document may be given again, which makes another feed."""
    body = call.request.json()
    known = {"feedType", "marketplaceIds", "inputFeedDocumentId", "feedOptions"}
    note_unknown(call, body, known)
    if body.get("feedType") not in FEED_TYPES:
        raise invalid_input("feedType is missing or not known.")
    document_id = str(body.get("inputFeedDocumentId", ""))
    document = call.world.documents.find(document_id, call.seller.seller_id)
    if document is None or call.now > document.created_at + DOCUMENT_LIFE:
        raise invalid_input("inputFeedDocumentId is missing, unknown or too old.")
    feed = Feed(
        feed_id=str(60_000_000_000 + call.world.next_id()),
        feed_type=body["feedType"],
        marketplaces=marketplace_ids(body),
        created_at=call.now,
        application=call.application,
        document=document,
        faults=call.world.faults.take_each(FEED, call.operation, call.seller.seller_id, call.now),
    )
    enqueue(call.world, call.seller, feed, call.now)
    return json_response(202, {"feedId": feed.feed_id})


def get_feed(call: Call) -> Response:
    """Tell how far a feed is."""
    return json_response(200, _find(call).render())


def get_feeds(call: Call) -> Response:
    """List the seller's feeds, newest first, those of other applications among them.

    A feed shows here ``feed_list_s`` after it was created.
    """
    oldest = call.now - timedelta(days=KEPT_DAYS)
    newest = call.now - timedelta(seconds=call.world.settings.feed_list_s)
    return paging.listing(
        call,
        key="feeds",
        type_parameter="feedTypes",
        statuses=STATUSES,
        found=[
            paging.Entry(f.feed_type, f.status, f.marketplaces, f.created_at, f.feed_id, f.render)
            for f in call.seller.feeds.values()
            if oldest <= f.created_at <= newest
        ],
    )


def get_feed_document(call: Call) -> Response:
    """Sign a URL for a result document (or for what was uploaded)."""
    document_id = call.path["feedDocumentId"]
    document = call.world.documents.find(document_id, call.seller.seller_id)
    if document is None:
        raise _unknown(document_id, wellformed=document_id.startswith("amzn1."))
    return json_response(200, {"feedDocumentId": document_id, **call.download(document)})


def cancel_feed(call: Call) -> Response:
    """Cancel a feed that is still queued."""
    feed = _find(call)
    if feed.status != IN_QUEUE:
        raise invalid_input(f"The feed is {feed.status}; only IN_QUEUE can be cancelled.")
    feed.status, feed.ended_at = CANCELLED, call.now
    settle_lane(call.world, call.seller, feed.feed_type, call.now)
    return Response(200)


def _find(call: Call) -> Feed:
    feed_id = call.path["feedId"]
    feed = call.seller.feeds.get(feed_id)
    if feed is None:
        raise _unknown(feed_id, wellformed=feed_id.isdigit())
    return feed


def _unknown(id_: str, *, wellformed: bool) -> ApiError:
    return not_found(id_) if wellformed else invalid_input(f"{id_!r} is not an id.")
