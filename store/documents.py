"""What all our documents have in common.

The document classes (``store.order_documents``, ``store.report_documents``,
``store.state_documents``) are the schema; repositories read and write the same collections, in
bulk where it is hot.  Reading is tolerant (``strict: False``): a newer worker may already have
added fields.  Indexes are made by ``store.migrations``, never by the way.
"""

# mongoengine has no types; every class built on it counts as untyped.
# mypy: disallow-subclassing-any=False

from __future__ import annotations

from typing import Any

from mongoengine import EmbeddedDocument


def about(collection: str, *indexes: dict[str, Any]) -> dict[str, Any]:
    """Return the meta of a document of ours."""
    return {
        "collection": collection,
        "strict": False,
        "auto_create_index": False,
        "index_cls": False,
        "indexes": list(indexes),
    }


class Part(EmbeddedDocument):
    """A part of a document."""

    meta = {"abstract": True, "strict": False}  # noqa: RUF012  # mongoengine rewrites it
