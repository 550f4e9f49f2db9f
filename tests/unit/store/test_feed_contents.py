"""A feed of the largest size still fits into the document that keeps it."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import bson

from domain.feeds import FeedMember
from domain.fulfillment_file import MAX_BYTES, MAX_ROWS
from store.feed_contents import _compact

LARGEST_DOCUMENT = 16 * 1024 * 1024
"""Source: MongoDB Limits and Thresholds, BSON Document Size."""


def test_content_and_members_of_the_largest_fulfillment_feed_fit_into_a_document() -> None:
    member = FeedMember(
        record=1,
        order_id="111-0000000-0000000",
        shipment_id=str(UUID(int=0)),
        order_item_id="0" * 14,
        quantity=1,
        content_hash="0" * 64,
    )
    members = [_compact(replace(member, record=n)) for n in range(1, MAX_ROWS + 1)]
    order_ids = [f"111-0000000-{n:07d}" for n in range(MAX_ROWS)]

    size = len(bson.encode({"members": members, "order_ids": order_ids}))

    # As if gzip could make nothing of the content.
    assert size + MAX_BYTES < LARGEST_DOCUMENT
