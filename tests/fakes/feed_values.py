"""Feeds for tests: made up, small, complete."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from domain.feeds import FULFILLMENT, FULFILLMENT_CONTENT_TYPE, FeedMember, NewFeed, feed_id_of
from domain.messages import FulfillmentBatched, FulfillmentDue

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
US = "ATVPDKIKX0DER"
ORDER_ID, ITEM_ID = "111-0000000-0000001", "00012345"
FILE = (
    "order-id\torder-item-id\tquantity\tship-date\tcarrier-code\tcarrier-name\ttracking-number\n"
    f"{ORDER_ID}\t{ITEM_ID}\t2\t2026-11-23T11:00:00Z\tUPS\t\t1Z0000000000000017\n"
).encode()
MEMBER = FeedMember(
    record=1,
    order_id=ORDER_ID,
    shipment_id="demo/S-1",
    order_item_id=ITEM_ID,
    quantity=2,
    content_hash="c0ffee",
)


def tick(key: str = "12:00", account: str = "demo") -> FulfillmentDue:
    return FulfillmentDue.first(key=key, account=account, at=NOON, due_at=NOON)


def new_feed(key: str = "12:00", *, account: str = "demo", **changes: Any) -> NewFeed:
    due = tick(key, account)
    facts: dict[str, Any] = {
        "feed_id": feed_id_of(due, FULFILLMENT),
        "account": account,
        "feed_type": FULFILLMENT,
        "marketplaces": (US,),
        "content_type": FULFILLMENT_CONTENT_TYPE,
        "content": FILE,
        "members": (MEMBER,),
        "flow_id": due.flow_id,
        "flow_started_at": due.flow_started_at,
    }
    return NewFeed(**facts | changes)


def batched(key: str = "12:00", account: str = "demo") -> FulfillmentBatched:
    due = tick(key, account)
    return FulfillmentBatched.following(due, feed=feed_id_of(due, FULFILLMENT))
