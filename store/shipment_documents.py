"""The documents of shipments: one book per order, and its indexes."""

# mongoengine has no types; every class built on it counts as untyped.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

from mongoengine import (
    BooleanField,
    DateTimeField,
    Document,
    EmbeddedDocumentField,
    EmbeddedDocumentListField,
    IntField,
    ListField,
    StringField,
)

from store.documents import Part, about
from store.order_documents import HistoryDocument, OutEventDocument


class EnteredItemDocument(Part):
    """Units of an item as entered."""

    order_item_id = StringField()
    sku = StringField()
    quantity = IntField(required=True)


class ContentDocument(Part):
    """What a package is, as entered."""

    source_event_id = StringField(required=True)
    entered_at = DateTimeField(required=True)
    carrier = StringField()
    tracking_number = StringField()
    shipped_at = DateTimeField(required=True)
    ship_method = StringField()
    items = EmbeddedDocumentListField(EnteredItemDocument)


class LineDocument(Part):
    """Units of an order item in a package."""

    order_item_id = StringField(required=True)
    quantity = IntField(required=True)


class IssueDocument(Part):
    """What Amazon said about a row."""

    code = StringField()
    is_error = BooleanField(required=True)
    message = StringField()


class ShipmentDocument(Part):
    """One package."""

    shipment_id = StringField(required=True)
    shipment_ref = StringField()
    content = EmbeddedDocumentField(ContentDocument, required=True)
    first_entered_at = DateTimeField(required=True)
    is_decided = BooleanField(required=True)
    since = DateTimeField(required=True)
    stands_for = StringField()
    outbound = StringField(required=True)
    reason = StringField()
    explanation = StringField()
    lines = EmbeddedDocumentListField(LineDocument)
    carrier_code = StringField()
    carrier_name = StringField()
    warnings = ListField(StringField())
    feed = StringField()
    in_feed = StringField()
    in_feed_lines = EmbeddedDocumentListField(LineDocument)
    submitted_at = DateTimeField()
    send_again = BooleanField()
    accepted = StringField()
    accepted_lines = EmbeddedDocumentListField(LineDocument)
    maybe_lines = EmbeddedDocumentListField(LineDocument)
    accepted_at = DateTimeField()
    refused = StringField()
    refused_reason = StringField()
    refused_why = StringField()
    refusals = IntField()
    issues = EmbeddedDocumentListField(IssueDocument)
    seen = StringField()
    not_applied_at = DateTimeField()
    history = EmbeddedDocumentListField(HistoryDocument)


class ShipmentBookDocument(Document):
    """All shipments of an order; ``_id`` is account/order id.  Kept; there is no buyer in it.

    From ``due_by`` on, the fields say of the whole book what it is found by;
    ``store.shipment_mapping`` derives them at every write, and leaves out what does not apply.
    """

    meta = about(
        "shipment_books",
        {
            "name": "due",
            "fields": ["account", "due_by"],
            "partialFilterExpression": {"due_by": {"$exists": True}},
        },
        {
            "name": "waiting",
            "fields": ["waiting_since"],
            "partialFilterExpression": {"waiting_since": {"$exists": True}},
        },
        {
            "name": "unseen",
            "fields": ["unseen_since"],
            "partialFilterExpression": {"unseen_since": {"$exists": True}},
        },
        {
            "name": "in_feed",
            "fields": ["feeds", "account"],
            "partialFilterExpression": {"feeds": {"$exists": True}},
        },
        {
            "name": "unsent_in_feed",
            "fields": ["unsent_feeds", "account"],
            "partialFilterExpression": {"unsent_feeds": {"$exists": True}},
        },
        {
            "name": "refused_by_amazon",
            "fields": ["refused_codes"],
            "partialFilterExpression": {"refused_codes": {"$exists": True}},
        },
        {"name": "by_outbound", "fields": ["outbounds", "-changed_at", "id"]},
        {"name": "by_reason", "fields": ["reasons", "-changed_at", "id"]},
        {"name": "newest", "fields": ["-changed_at", "id"]},
        {"name": "by_tracking_number", "fields": ["tracking_numbers"]},
        {"name": "by_shipment", "fields": ["shipments.shipment_id"]},
        {"name": "unsent", "fields": ["outbox.at"]},
    )

    id = StringField(primary_key=True)
    account = StringField(required=True)
    order_id = StringField(required=True)
    shipments = EmbeddedDocumentListField(ShipmentDocument)
    seen = ListField(StringField())
    ship_by = DateTimeField()
    revision = IntField(required=True, min_value=1)
    outbox = EmbeddedDocumentListField(OutEventDocument)
    changed_at = DateTimeField()
    due_by = DateTimeField()
    waiting_since = DateTimeField()
    unseen_since = DateTimeField()
    missed = BooleanField()
    feeds = ListField(StringField())
    unsent_feeds = ListField(StringField())
    refused_codes = ListField(StringField())
    outbounds = ListField(StringField())
    reasons = ListField(StringField())
    tracking_numbers = ListField(StringField())
