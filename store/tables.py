"""Our collections of one database, each with the document class that describes it."""

from __future__ import annotations

from typing import Any

import pymongo.collection
import pymongo.database
from mongoengine import Document
from mongoengine.queryset import QuerySet

Raw = dict[str, Any]
Database = pymongo.database.Database[Raw]
Collection = pymongo.collection.Collection[Raw]


def collection_of(database: Database, document: type[Document]) -> Collection:
    """Return the collection a document class describes."""
    return database[document._get_collection_name()]  # noqa: SLF001  mongoengine's only accessor


def query(database: Database, document: type[Document]) -> QuerySet:
    """Return mongoengine's query set over this very database, not over a global connection."""
    return QuerySet(document, collection_of(database, document))
