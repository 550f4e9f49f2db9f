"""Every query of a repository has a declared index; indexes are made once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from bson.codec_options import CodecOptions
from pymongo import MongoClient
from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from domain.amazon_feeds import FeedResult
from domain.errors import Permanent
from domain.feed_polling import Verdict
from domain.feeds import FULFILLMENT, FeedOutcome, FeedState
from domain.ledger import RowOutcome, SkipReason
from domain.messages import ReportKind
from domain.orders import OrderStatus
from domain.quota import Plan
from domain.reports import ReportState
from store.database import Store
from store.encryption import FieldCipher, Keyring
from store.migrations import DOCUMENTS, declared_indexes
from tests.fakes.feed_values import new_feed
from tests.fakes.mongo import TEST_KEY
from tests.fakes.stored_orders import BUYER_17, NOON, due, entry, order, skipped, verdict
from tests.fakes.tracking import tracking_entered

WHOLE_COLLECTION = {("aggregate", "orders", ()), ("find", "quotas", ())}
"""Counts over all accounts; the list of all buckets, which are few."""

OF_ENTRIES = tracking_entered().order_id
"""The order of all entries of these tests."""

Query = tuple[str, str, tuple[str, ...], tuple[str, ...]]
"""Command, collection, filtered fields, sorted fields."""


class Diary(CommandListener):
    """Notes every query that is sent."""

    def __init__(self) -> None:
        self.queries: set[Query] = set()

    def started(self, event: CommandStartedEvent) -> None:
        command, sort = event.command, tuple(event.command.get("sort", ()))
        match event.command_name:
            case "find":
                filters = [command["filter"]]
            case "update":
                filters = [each["q"] for each in command["updates"]]
            case "delete":
                filters = [each["q"] for each in command["deletes"]]
            case "aggregate":
                filters = [command["pipeline"][0].get("$match", {})]
            case _:
                return
        collection = command[event.command_name]
        for each in filters:
            fields = tuple(sorted(name for name in each if not name.startswith("$")))
            self.queries.add((event.command_name, collection, fields, sort))

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


@contextmanager
def watched(
    url: str, database: str, cipher: FieldCipher = TEST_KEY
) -> Iterator[tuple[Store, Diary]]:
    diary = Diary()
    client: MongoClient[dict[str, Any]] = MongoClient(url, event_listeners=[diary])
    options: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True, tzinfo=UTC)
    with client:
        found = client.get_database(database, codec_options=options)
        yield Store(client, found, cipher, chunk_rows=3, lookback=timedelta(days=3)), diary


def use_everything(store: Store) -> None:
    """Call every query of orders, reports, the ledger, passes, quotas and views."""
    store.orders.change("demo", {"1": lambda _: order("1", buyer=BUYER_17, next_read_at=NOON)})
    store.orders.change("demo", {"1": lambda old: old and replace(old, flags=("x",))})
    store.orders.get("demo", "1")
    store.orders.due_for_reading("demo", before=NOON, limit=5)
    store.orders.reseal()
    [first] = store.kept_buyers.over(before=NOON + timedelta(days=99), limit=1)
    store.kept_buyers.over(before=NOON + timedelta(days=99), behind=first, limit=1)
    use_reports(store)
    use_feeds(store)
    wanted_at = store.now()
    store.passes.take("demo", holder="h", wanted_at=wanted_at)
    store.passes.page_stored("demo", holder="h", next_token=None, last_updated_before=None)
    store.passes.finish("demo", holder="h")
    store.quotas.take("demo", "op", Plan(1, 1))
    store.quotas.failed("demo", "op", "503")
    store.quotas.push_back("demo", "op", 1)
    store.quotas.learn_rate("demo", "op", 1)
    store.quotas.suspend_account("demo", "x")
    store.quotas.succeeded("demo", "op")
    store.quotas.states()
    use_views(store)


def use_reports(store: Store) -> None:
    report = store.reports.open_for(due(), now=NOON)
    store.reports.open_for(due("slot 2"), now=NOON + timedelta(hours=1))
    store.reports.claim_asking(report.report_id, holder="h")
    store.reports.release_asking(report.report_id, asked_before=False)
    store.reports.requested(report.report_id, "A-1")
    store.reports.take_poll(report.report_id, 0, holder="h")
    store.reports.poll_done(report.report_id, 0)
    store.reports.ready(report.report_id, "doc")
    store.ledger.record(
        entry(verdict(2, "1", RowOutcome.CREATED), skipped(3, "2"), report_id=report.report_id),
        kind=ReportKind.ORDERS,
    )
    store.ledger.entry(report.report_id, 0)
    store.ledger.imported(report.report_id, [0])
    store.ledger.tally(report.report_id)
    store.reports.parsed(report.report_id, rows=2, chunks=1, truncated=False)
    store.reports.close_if_accounted(report.report_id)
    other = store.reports.open_file("demo", digest="ab" * 32, now=NOON)
    store.reports.close(other.report_id, ReportState.REFUSED)


def use_feeds(store: Store) -> None:
    feeds = store.feeds
    feeds.prepare(new_feed("dry", dry=True))
    feed = feeds.claim(feeds.prepare(new_feed()).feed_id)
    feed = feeds.creating(feeds.uploaded(feeds.documented(feed, "doc", NOON)))
    feeds.known_at_amazon("demo", ["A-1"])
    feed = feeds.created(feed.feed_id, "A-1")
    feeds.give_back(feed)
    feeds.note_age(feed.feed_id, stuck=True)
    feeds.take_poll(feed.feed_id, 0, holder="h")
    feeds.submitted_before(feed, limit=2)
    verdict = Verdict(FeedState.DONE, FeedOutcome.DONE, "DONE", "doc")
    feeds.processed(feed, verdict, FeedResult("", "utf-8", truncated=False))
    feeds.give_poll_back(feed)
    feeds.poll_done(feed.feed_id, 0)
    store.sweeps.feeds_in(list(FeedState), limit=5)
    store.sweeps.feeds_owing(limit=5)
    feeds.close(feed.feed_id, FeedOutcome.DONE)
    feeds.verified(feed.feed_id)
    feeds.moot(feed, "x")
    store.feed_views.list_feeds()
    store.feed_views.list_feeds(account="demo")
    store.feed_views.list_feeds(states=[FeedState.DONE])
    store.feed_views.feeds([feed.feed_id])
    feeds.release(feed.feed_id, who="a", why="b")
    feeds.lane("demo", FULFILLMENT)
    feeds.members(feed.feed_id)
    feeds.result(feed.feed_id)
    store.feed_contents.feed_ids_of("demo", "1")


def use_views(store: Store) -> None:
    views = store.views
    for account in (None, "demo"):
        views.list_orders(account=account)
        views.list_orders(account=account, statuses=[OrderStatus.NEW], after=order("9"))
        views.count_by_status(account=account)
        views.list_reports(account=account, kind=ReportKind.ORDERS)
        views.export(account=account, since="2026-03-02T12:00:00Z/demo/1")
    views.rejected_rows("r1")
    views.ledger_rows("demo", "1")
    views.skipped(account="demo")
    views.skipped(account="demo", reason=SkipReason.NOT_PENDING)
    views.skipped(account="demo", order_id="1")


def has_index(query: Query) -> bool:
    command, collection, filtered, ordered = query
    if (command, collection, filtered) in WHOLE_COLLECTION:
        return True
    if "_id" in filtered or ordered[:1] == ("_id",):
        return True
    indexes = [
        index
        for document in DOCUMENTS
        if document._get_collection_name() == collection
        for index in declared_indexes(document)
    ]
    return any(serves(index, set(filtered), ordered[:1]) for index in indexes)


def serves(index: dict[str, Any], filtered: set[str], ordered: tuple[str, ...]) -> bool:
    """Whether an index finds these fields, and in this order without sorting."""
    keys = [name for name, _ in index["keys"]]
    if not set(index.get("partialFilterExpression", ())) <= filtered:
        return False
    if not ordered:
        return keys[0] in filtered
    return ordered[0] in keys and set(keys[: keys.index(ordered[0])]) <= filtered


def test_every_query_has_a_declared_index(store: Store, url: str) -> None:
    with watched(url, store.database.name) as (seen, diary):
        use_everything(seen)

    assert len(diary.queries) > 30
    assert sorted(query for query in diary.queries if not has_index(query)) == []


def test_a_query_without_an_index_would_be_noticed(store: Store, url: str) -> None:
    with watched(url, store.database.name) as (seen, diary):
        seen.database["orders"].find_one({"merchant_order_id": "x"})

    (query,) = diary.queries
    assert not has_index(query)


def test_indexes_can_be_ensured_again_and_again(store: Store) -> None:
    before = store.database["orders"].index_information()

    store.ensure_indexes()

    assert store.database["orders"].index_information() == before
    assert {"due_for_reading", "newest", "newest_of_status", "changed"} < set(before)
    lane = store.database["reports"].index_information()["one_open_per_lane"]
    assert lane["unique"]
    assert lane["partialFilterExpression"] == {"lane": {"$exists": True}}


def test_an_index_of_the_same_name_and_another_kind_is_told(store: Store) -> None:
    store.database["orders"].drop_index("newest")
    store.database["orders"].create_index([("order_id", 1)], name="newest")

    with pytest.raises(Permanent, match="index newest of orders exists with another definition"):
        store.ensure_indexes()


def test_after_a_rotation_old_buyers_are_sealed_anew(store: Store, url: str) -> None:
    store.orders.change("demo", {"1": lambda _: order("1", buyer=BUYER_17)})
    store.orders.change("demo", {"2": lambda _: order("2")})
    rotated = FieldCipher(Keyring({**TEST_KEY.keyring.keys, "new": bytes(range(1, 33))}, "new"))

    with watched(url, store.database.name, rotated) as (ours, _):
        assert ours.orders.reseal() == 1
        assert ours.orders.reseal() == 0
        stored = ours.orders.get("demo", "1")

    assert stored is not None
    assert stored.buyer == BUYER_17
    assert stored.revision == 1
    with pytest.raises(Permanent, match="'new' is not configured"):
        store.orders.get("demo", "1")
