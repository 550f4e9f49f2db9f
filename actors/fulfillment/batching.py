"""What the next fulfillment feed of an account would send: for the stage, and for people to see."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from actors.fulfillment.bookkeeping import BookKeeping, Kept
from domain.feeds import FULFILLMENT, FULFILLMENT_CONTENT_TYPE, NewFeed, feed_id_of
from domain.fulfillment_file import (
    FulfillmentFile,
    PackageRecords,
    fulfillment_files,
    package_records,
)
from domain.fulfillment_members import feed_members
from domain.fulfillment_rules import FulfillmentRules
from domain.messages import FulfillmentDue


@dataclass(frozen=True, slots=True)
class Batch:
    """The next file, and what has to wait for the one after it."""

    file: FulfillmentFile | None
    """None: nothing is due."""
    later: tuple[PackageRecords, ...]


def next_batch(books: BookKeeping) -> Batch:
    """Judge anew what counts as due, and return what goes into the next file.

    Raises:
        Contended, Unavailable: of the store.
    """
    rules = books.policy.fulfillment
    due = books.shipments.due(books.account, limit=rules.orders_per_feed)
    kept = books.change(due, cause="shipments")
    packages = _packages(kept, books.account, rules, books.clock.now())
    files = list(
        fulfillment_files(packages, carrier_name=rules.carrier_name, max_bytes=rules.max_bytes)
    )
    later = tuple(package for file in files[1:] for package in file.packages)
    return Batch(files[0] if files else None, later)


def feed_of(due: FulfillmentDue, file: FulfillmentFile, books: BookKeeping) -> NewFeed:
    """Return the feed that a tick makes of a file."""
    return NewFeed(
        feed_id=feed_id_of(due, FULFILLMENT),
        account=due.account,
        feed_type=FULFILLMENT,
        marketplaces=books.policy.fulfillment.marketplaces.get(due.account, ()),
        content_type=FULFILLMENT_CONTENT_TYPE,
        content=file.content,
        members=feed_members(file),
        flow_id=due.flow_id,
        flow_started_at=due.flow_started_at,
        dry=due.account not in books.policy.amazon_writes,
    )


def _packages(
    kept: dict[str, Kept], account: str, rules: FulfillmentRules, now: datetime
) -> list[PackageRecords]:
    zone = rules.zone(account)
    found = [
        package_records(shipment, each.order, zone=zone, now=now)
        for each in kept.values()
        if each.order is not None
        for shipment in each.book.shipments
    ]
    return [package for package in found if package is not None]
