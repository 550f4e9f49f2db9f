"""Metrics hear of what a guarded write made true, once, and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import pytest

from domain.errors import NotYet
from domain.feed_polling import Verdict
from domain.feed_results import FeedVerdict
from domain.feeds import Feed, FeedOutcome, FeedState
from domain.ledger import RowOutcome
from domain.messages import ReportKind
from domain.reports import Report, ReportState
from domain.shipments import ShipmentBook
from store.database import Store
from tests.fakes.feed_values import NOON, new_feed
from tests.fakes.order_values import ORDER_ID
from tests.fakes.shipping_values import book_of, entry
from tests.fakes.stored_orders import due, verdict
from tests.fakes.stored_orders import entry as chunk
from tests.fakes.tracking import tracking_entered

FATAL = Verdict(FeedState.FATAL, FeedOutcome.FATAL, "FATAL", "")


def test_a_write_is_told_once_with_the_book_before_and_after(store: Store) -> None:
    told: list[tuple[int, int, int]] = []

    def note(before: ShipmentBook, after: ShipmentBook) -> None:
        told.append((len(before.shipments), len(after.shipments), after.revision))

    def enter(books: Mapping[str, ShipmentBook]) -> Mapping[str, ShipmentBook]:
        return {ORDER_ID: book_of(entry(), book=books[ORDER_ID])}

    store.shipments.on_written = note
    for _ in range(2):
        store.shipments.change("demo", [ORDER_ID], enter)

    assert told == [(0, 1, 1)]


def test_a_report_is_told_once_of_each_state_it_comes_to(store: Store) -> None:
    told: list[tuple[ReportState, bool]] = []

    def note(report: Report, state: ReportState, at: datetime) -> None:
        told.append((state, at >= (report.requested_at or at)))

    report_id = store.reports.open_for(due(), now=store.now()).report_id
    store.reports.on_moved = note
    store.reports.release_asking(report_id, asked_before=False)
    for _ in range(2):
        store.reports.requested(report_id, "A-1")
        store.reports.ready(report_id, "D-1")
        store.reports.close(report_id, ReportState.COMPLETE)

    states = [ReportState.REQUESTED, ReportState.READY, ReportState.COMPLETE]
    assert told == [(state, True) for state in states]


def test_the_rows_of_a_chunk_are_told_by_the_first_writer_only(store: Store) -> None:
    told: list[int] = []
    store.ledger.on_recorded = lambda recorded: told.append(recorded.rows)

    for outcome in (RowOutcome.CREATED, RowOutcome.UNCHANGED):
        store.ledger.record(chunk(verdict(2, "701-1", outcome)), kind=ReportKind.ORDERS)

    assert told == [1]


def test_a_tracking_entry_is_told_once_whichever_way_it_came(store: Store) -> None:
    told: list[str] = []
    store.tracking_inbox.on_recorded = lambda recorded: told.append(recorded.source_event_id)

    store.tracking_inbox.receive([tracking_entered("shop-1")])
    for event_id in ("shop-1", "shop-2", "shop-1", "shop-2"):
        store.tracking_inbox.record(tracking_entered(event_id))
    store.tracking_inbox.record(tracking_entered("shop-1", carrier="FedEx"))

    assert told == ["shop-1", "shop-2"]


def test_a_feed_is_told_once_of_each_step_and_of_the_verdict_its_members_took(
    store: Store,
) -> None:
    moves: list[FeedState] = []
    verdicts: list[tuple[str, FeedVerdict]] = []
    store.feeds.on_moved = lambda _feed, state: moves.append(state)
    store.feeds.on_judged = lambda feed, verdict: verdicts.append((feed.feed_id, verdict))
    nothing = FeedVerdict((), 0, 0)

    for _ in range(2):
        feed = store.feeds.prepare(new_feed())
    feed = store.feeds.uploaded(store.feeds.documented(store.feeds.claim(feed.feed_id), "d", NOON))
    feed = store.feeds.creating(feed)
    for _ in range(2):
        feed = store.feeds.created(feed.feed_id, "A-1")
    store.feeds.processed(feed, FATAL, None)
    for _ in range(2):
        store.feeds.close(feed.feed_id, FeedOutcome.FATAL, verdict=nothing)

    assert moves == [FeedState.PREPARED, FeedState.SUBMITTED, FeedState.FATAL]
    assert verdicts == [(feed.feed_id, nothing)]


def test_a_feed_that_is_withdrawn_or_released_is_told_with_its_account(store: Store) -> None:
    moves: list[tuple[str, FeedState]] = []

    def note(feed: Feed, state: FeedState) -> None:
        moves.append((feed.account, state))

    claimed = store.feeds.claim(store.feeds.prepare(new_feed()).feed_id)
    store.feeds.on_moved = note
    withdrawn = store.feeds.withdraw(claimed, "writing is off")
    with pytest.raises(NotYet):
        store.feeds.withdraw(claimed, "once more")
    store.feeds.release(withdrawn.feed_id, who="a person", why="it is gone")
    other = store.feeds.prepare(new_feed("12:20"))
    for _ in range(2):
        store.feeds.release(other.feed_id, who="a person", why="not needed")

    assert moves == [
        ("demo", FeedState.WITHDRAWN),
        ("demo", FeedState.PREPARED),
        ("demo", FeedState.WITHDRAWN),
    ]
