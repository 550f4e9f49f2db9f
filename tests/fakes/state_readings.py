"""The readings of a store's gauges by name and labels, and what they are read from."""

from __future__ import annotations

from datetime import timedelta

from domain.feeds import FULFILLMENT
from domain.schedule import Job, JobKind
from store.database import Store

MARKETPLACE = "A1PA6795UKMFR9"
REPORTS = Job(JobKind.ORDER_REPORT, timedelta(minutes=30), "demo", MARKETPLACE)
SWEEPERS = Job(JobKind.SWEEPERS, timedelta(minutes=5))


def read(store: Store, *jobs: Job) -> dict[str, float]:
    gauges = store.state_gauges(
        jobs=jobs or (REPORTS, SWEEPERS), accounts=["demo"], stages=["import_orders"]
    )
    return {" ".join((each.gauge, *each.labels)): each.value for each in gauges.read()}


def put_feed(store: Store, feed_id: str, **facts: object) -> None:
    """Put a feed into the store as it is when it stands there; gauges read only these fields."""
    created = store.now() + timedelta(milliseconds=int(feed_id[1:]))
    known = {"_id": feed_id, "account": "demo", "feed_type": FULFILLMENT, "created_at": created}
    store.database["feeds"].insert_one({**known, **facts})


def put_book(store: Store, number: int, *shipments: dict[str, object], **facts: object) -> None:
    """Put the shipments of an order into the store; gauges read only these fields."""
    known = {"_id": f"demo/701-{number}", "account": "demo", "shipments": list(shipments)}
    outbounds = [each["outbound"] for each in shipments]
    store.database["shipment_books"].insert_one({**known, "outbounds": outbounds, **facts})
