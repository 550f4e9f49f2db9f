"""The documents of reports and the ledger: their fields and their indexes."""

# mongoengine has no types; every class built on it counts as untyped.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

from datetime import timedelta

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    Document,
    EmbeddedDocumentListField,
    IntField,
    ListField,
    LongField,
    StringField,
)

from store.documents import Part, about

LEDGER_KEPT = timedelta(days=180)
"""How long reports and what became of their rows are kept; ``explain`` reaches back as far."""

SKIPS_KEPT = timedelta(days=400)


class ReportDocument(Document):
    """A request for a report; ``lane`` is there while it is open and says what it blocks."""

    meta = about(
        "reports",
        {
            "name": "one_open_per_lane",
            "fields": ["lane"],
            "unique": True,
            "partialFilterExpression": {"lane": {"$exists": True}},
        },
        {"name": "newest", "fields": ["-created_at"]},
        {"name": "proven", "fields": ["account", "kind", "marketplace", "state", "-data_end"]},
        {
            "name": "imports_of_file",
            "fields": ["file_digest", "-file_import"],
            "partialFilterExpression": {"file_digest": {"$exists": True}},
        },
        {"name": "drafts", "fields": ["drafted_at"], "expireAfterSeconds": 86_400},
        {
            "name": "kept",
            "fields": ["closed_at"],
            "expireAfterSeconds": int(LEDGER_KEPT.total_seconds()),
        },
    )

    id = StringField(primary_key=True)
    account = StringField(required=True)
    kind = StringField(required=True)
    marketplace = StringField()
    state = StringField(required=True)
    source = StringField(required=True)
    data_start = DateTimeField(required=True)
    data_end = DateTimeField(required=True)
    flow_id = StringField(required=True)
    flow_started_at = DateTimeField(required=True)
    chunk_rows = IntField(required=True, min_value=1)
    gap = BooleanField()
    asked_at = DateTimeField()
    amazon_report_id = StringField()
    document_id = StringField()
    requested_at = DateTimeField()
    poll_attempt = IntField()
    rows = LongField()
    chunks = IntField()
    truncated = BooleanField()
    reason = StringField()
    created_at = DateTimeField(required=True)
    closed_at = DateTimeField()
    lane = StringField()
    file_digest = StringField()
    file_import = IntField()
    drafted_at = DateTimeField()
    asked_before = BooleanField()
    asking_holder = StringField()
    asking_until = DateTimeField()
    poll_holder = StringField()
    poll_until = DateTimeField()
    reading_holder = StringField()
    reading_until = DateTimeField()
    under_way = DictField(field=DateTimeField())


class VerdictDocument(Part):
    """What became of one good row."""

    row = IntField(required=True)
    order_id = StringField(required=True)
    outcome = StringField(required=True)
    reason = StringField()
    recovered = BooleanField()


class RejectedRowDocument(Part):
    """A row that could not become an order line; never its values."""

    row = IntField(required=True)
    column = StringField(required=True)
    reason = StringField(required=True)
    order_id = StringField()


class ChunkDocument(Document):
    """What became of the rows of one chunk; written once.  ``_id`` is report id/chunk."""

    meta = about(
        "report_chunks",
        {"name": "of_report", "fields": ["report_id", "chunk"]},
        {"name": "of_order", "fields": ["account", "order_ids"]},
        {
            "name": "kept",
            "fields": ["imported_at"],
            "expireAfterSeconds": int(LEDGER_KEPT.total_seconds()),
        },
    )

    id = StringField(primary_key=True)
    account = StringField(required=True)
    report_id = StringField(required=True)
    kind = StringField(required=True)
    chunk = IntField(required=True)
    imported_at = DateTimeField(required=True)
    rows = IntField(required=True)
    outcomes = DictField(field=IntField())
    skips = DictField(field=IntField())
    order_ids = ListField(StringField())
    verdicts = EmbeddedDocumentListField(VerdictDocument)
    rejected = EmbeddedDocumentListField(RejectedRowDocument)


class SkippedRowDocument(Document):
    """An order that reports tell of and we leave alone; ``_id`` is account/order id/reason."""

    meta = about(
        "skipped_rows",
        {"name": "by_reason", "fields": ["account", "reason", "-last_seen_at"]},
        {"name": "newest", "fields": ["account", "-last_seen_at"]},
        {
            "name": "kept",
            "fields": ["last_seen_at"],
            "expireAfterSeconds": int(SKIPS_KEPT.total_seconds()),
        },
    )

    id = StringField(primary_key=True)
    account = StringField(required=True)
    order_id = StringField(required=True)
    reason = StringField(required=True)
    first_report_id = StringField(required=True)
    first_row = IntField(required=True)
    first_seen_at = DateTimeField(required=True)
    last_report_id = StringField(required=True)
    last_row = IntField(required=True)
    last_seen_at = DateTimeField(required=True)
