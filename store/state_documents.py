"""The documents of shared state: passes, quotas, disclosures, the schema's version."""

# mongoengine has no types; every class built on it counts as untyped.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

from mongoengine import (
    BooleanField,
    DateTimeField,
    Document,
    IntField,
    ListField,
    LongField,
    StringField,
)

from store.documents import about


class PassDocument(Document):
    """The enrichment pass of an account; ``_id`` is the account.  Kept."""

    meta = about("passes")

    id = StringField(primary_key=True)
    revision = IntField()
    wanted_at = DateTimeField()
    covered_through = DateTimeField()
    watermark = DateTimeField()
    holder = StringField()
    lease_until = DateTimeField()
    back_at = DateTimeField()
    started_at = DateTimeField()
    updated_after = DateTimeField()
    page_token = StringField()
    token_at = DateTimeField()
    searched = BooleanField()
    last_updated_before = DateTimeField()


class QuotaDocument(Document):
    """The bucket of an operation of an account; ``_id`` is account/operation.  Kept.

    The operation ``*`` is the account's own state of health.
    """

    meta = about("quotas")

    id = StringField(primary_key=True)
    account = StringField(required=True)
    operation = StringField(required=True)
    tat = DateTimeField()
    interval_ms = LongField()
    learned_ms = LongField()
    burst = IntField()
    failures = IntField()
    suspended_until = DateTimeField()
    pause_s = IntField()
    probing = BooleanField()
    reason = StringField()


class DisclosureDocument(Document):
    """Who was shown buyer data, when and why.  Kept."""

    meta = about("disclosures", {"name": "newest", "fields": ["-at"]})

    who = StringField(required=True)
    why = StringField(required=True)
    what = ListField(StringField())
    at = DateTimeField(required=True)


class SchemaDocument(Document):
    """Which data changes were made; ``_id`` is ``schema``."""

    meta = about("schema")

    id = StringField(primary_key=True)
    version = IntField(required=True)
    migrated_at = DateTimeField(required=True)
