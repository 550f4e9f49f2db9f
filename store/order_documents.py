"""The documents of orders: their fields and their indexes."""

# mongoengine has no types; every class built on it counts as untyped.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    Document,
    EmbeddedDocumentField,
    EmbeddedDocumentListField,
    IntField,
    ListField,
    LongField,
    ObjectIdField,
    StringField,
)

from store.documents import Part, about
from store.fields import EncryptedField


class ReportLineDocument(Part):
    """A row of a report as an order keeps it."""

    report_id = StringField(required=True)
    row = IntField(required=True)
    sku = StringField()
    asin = StringField()
    product_name = StringField()
    quantity = IntField(required=True)
    item_status = StringField()
    currency = StringField()
    item_price_minor = LongField()
    shipping_price_minor = LongField()


class OrderItemDocument(Part):
    """An item as the Orders API tells it."""

    order_item_id = StringField(required=True)
    sku = StringField()
    asin = StringField()
    title = StringField()
    quantity_ordered = IntField(required=True)
    quantity_fulfilled = IntField(required=True)
    quantity_unfulfilled = IntField(required=True)
    currency = StringField()
    unit_price_minor = LongField()
    cancel_requested = BooleanField()
    cancel_reason = StringField()
    report_rows = ListField(IntField())
    ambiguous = BooleanField()


class PackageItemDocument(Part):
    """Units of an order item in a package."""

    order_item_id = StringField(required=True)
    quantity = IntField(required=True)


class PackageDocument(Part):
    """A package as Amazon shows it."""

    reference_id = StringField()
    carrier = StringField()
    tracking_number = StringField()
    shipped_at = DateTimeField()
    status = StringField()
    items = EmbeddedDocumentListField(PackageItemDocument)


class GatheringDocument(Part):
    """The rows one report has told so far of an order whose rows come apart."""

    report_id = StringField(required=True)
    as_of = DateTimeField(required=True)
    lines = EmbeddedDocumentListField(ReportLineDocument)


class ReportChangeDocument(Part):
    """What one report did to an order."""

    report_id = StringField(required=True)
    outcome = StringField(required=True)


class HistoryDocument(Part):
    """Something that happened to an order."""

    at = DateTimeField(required=True)
    what = StringField(required=True)
    cause = StringField(required=True)


class OutEventDocument(Part):
    """A fact not yet published to other systems."""

    event_id = StringField(required=True)
    type = StringField(required=True)
    at = DateTimeField(required=True)
    body = DictField()


class OrderDocument(Document):
    """An order; ``_id`` is account/order id.  Kept; its buyer is purged by age."""

    meta = about(
        "orders",
        {
            "name": "due_for_reading",
            "fields": ["account", "ship_by", "next_read_at"],
            "partialFilterExpression": {"next_read_at": {"$exists": True}},
        },
        {
            "name": "unread",
            "fields": ["account", "amazon_status_at"],
            "partialFilterExpression": {"enrichment": "due"},
        },
        {"name": "newest", "fields": ["-purchased_at", "-id"]},
        {"name": "newest_of_status", "fields": ["account", "status", "-purchased_at", "-id"]},
        {"name": "changed", "fields": ["changed_at", "id"]},
        {"name": "unsent", "fields": ["outbox.at"]},
        {
            "name": "over",
            "fields": ["over_at", "id"],
            "partialFilterExpression": {"over_at": {"$exists": True}},
        },
    )

    id = StringField(primary_key=True)
    account = StringField(required=True)
    order_id = StringField(required=True)
    status = StringField(required=True)
    amazon_status = StringField(required=True)
    amazon_status_at = DateTimeField(required=True)
    amazon_stage_since = DateTimeField()
    purchased_at = DateTimeField(required=True)
    provenance = StringField(required=True)
    first_report_id = StringField()
    revision = IntField(required=True, min_value=1)
    imported_at = DateTimeField(required=True)
    marketplace_id = StringField()
    sales_channel = StringField()
    flags = ListField(StringField())
    fulfilled_by = StringField()
    merchant_order_id = StringField()
    ship_service_level = StringField()
    is_business_order = BooleanField()
    lines = EmbeddedDocumentListField(ReportLineDocument)
    lines_as_of = DateTimeField()
    lines_report_id = StringField()
    gathering = EmbeddedDocumentField(GatheringDocument)
    changes = EmbeddedDocumentListField(ReportChangeDocument)
    items = EmbeddedDocumentListField(OrderItemDocument)
    buyer = EncryptedField()
    enrichment = StringField(required=True)
    missing = ListField(StringField())
    read_at = DateTimeField()
    next_read_at = DateTimeField()
    ship_by = DateTimeField()
    deliver_by = DateTimeField()
    delivered_at = DateTimeField()
    packages = EmbeddedDocumentListField(PackageDocument)
    programs = ListField(StringField())
    purged_at = DateTimeField()
    purged_because = StringField()
    purge_note = StringField()
    over_at = DateTimeField()
    shipping = DictField()
    history = EmbeddedDocumentListField(HistoryDocument)
    outbox = EmbeddedDocumentListField(OutEventDocument)
    changed_at = DateTimeField()
    writers = ListField(ObjectIdField())
