"""The documents of feeds: their life, their content, Amazon's result; and their indexes."""

# mongoengine has no types; every class built on it counts as untyped.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

from datetime import timedelta

from mongoengine import (
    BinaryField,
    BooleanField,
    DateTimeField,
    Document,
    EmbeddedDocumentListField,
    IntField,
    ListField,
    StringField,
)

from store.documents import Part, about

FEEDS_KEPT = timedelta(days=400)
"""How long a feed, what it carried and what Amazon said of it are kept; no buyer data in either."""

KEPT = int(FEEDS_KEPT.total_seconds())


class FeedDocument(Document):
    """A feed; ``lane`` is account/feed type, ``open_lane`` the same while it is taken."""

    meta = about(
        "feeds",
        {
            "name": "one_open_per_lane",
            "fields": ["open_lane"],
            "unique": True,
            "partialFilterExpression": {"open_lane": {"$exists": True}},
        },
        {
            "name": "one_of_each_of_amazons",
            "fields": ["account", "amazon_feed_id"],
            "unique": True,
            "partialFilterExpression": {"amazon_feed_id": {"$exists": True}},
        },
        {"name": "attempts_of_lane", "fields": ["lane", "-attempt_at"]},
        {"name": "newest", "fields": ["-created_at"]},
        {"name": "newest_of_account", "fields": ["account", "-created_at"]},
        {"name": "by_state", "fields": ["state", "created_at"]},
        {
            "name": "owed",
            "fields": ["owed", "created_at"],
            "partialFilterExpression": {"owed": {"$exists": True}},
        },
        {"name": "drafts", "fields": ["drafted_at"], "expireAfterSeconds": 86_400},
        {"name": "kept", "fields": ["closed_at"], "expireAfterSeconds": KEPT},
    )

    id = StringField(primary_key=True)
    account = StringField(required=True)
    feed_type = StringField(required=True)
    marketplaces = ListField(StringField())
    state = StringField(required=True)
    lane = StringField(required=True)
    open_lane = StringField()
    content_key = StringField(required=True)
    content_type = StringField(required=True)
    content_hash = StringField(required=True)
    content_bytes = IntField(required=True)
    rows = IntField(required=True)
    flow_id = StringField(required=True)
    flow_started_at = DateTimeField(required=True)
    dry = BooleanField()
    revision = IntField()
    sending_until = DateTimeField()
    document_id = StringField()
    documented_at = DateTimeField()
    amazon_at = DateTimeField()
    attempts = IntField()
    attempt_at = DateTimeField()
    looks = IntField()
    amazon_feed_id = StringField()
    adopted = BooleanField()
    submitted_at = DateTimeField()
    poll_attempt = IntField()
    poll_holder = StringField()
    poll_until = DateTimeField()
    slow_at = DateTimeField()
    stuck_at = DateTimeField()
    processing_status = StringField()
    processed_at = DateTimeField()
    owed = StringField()
    held = StringField()
    released_at = DateTimeField()
    released_by = StringField()
    released_why = StringField()
    reason = StringField()
    created_at = DateTimeField(required=True)
    closed_at = DateTimeField()
    drafted_at = DateTimeField()


class FeedMemberDocument(Part):
    """One row of a feed and what it stands for."""

    record = IntField(required=True)
    order_id = StringField()
    shipment_id = StringField()
    order_item_id = StringField()
    sku = StringField()
    quantity = IntField()
    content_hash = StringField()


class FeedContentDocument(Document):
    """What a feed carries, gzip; written once.  ``_id`` is feed id/digest of content and members.

    The digest keeps apart what two workers made of the same tick; the feed names its own.
    """

    meta = about(
        "feed_contents",
        {"name": "of_order", "fields": ["account", "order_ids"]},
        {"name": "kept", "fields": ["created_at"], "expireAfterSeconds": KEPT},
    )

    id = StringField(primary_key=True)
    account = StringField(required=True)
    feed_id = StringField(required=True)
    content = BinaryField(required=True)
    members = EmbeddedDocumentListField(FeedMemberDocument)
    order_ids = ListField(StringField())
    created_at = DateTimeField(required=True)


class FeedResultDocument(Document):
    """What Amazon said of a feed, gzip; ``_id`` is the feed id."""

    meta = about(
        "feed_results", {"name": "kept", "fields": ["fetched_at"], "expireAfterSeconds": KEPT}
    )

    id = StringField(primary_key=True)
    account = StringField(required=True)
    content = BinaryField(required=True)
    charset = StringField()
    truncated = BooleanField()
    fetched_at = DateTimeField(required=True)
