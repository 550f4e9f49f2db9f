"""The ledger: first writer wins, counts are queries, skipped orders are remembered."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from domain.ledger import ReportTally, RowOutcome, SkipReason
from domain.messages import RejectedRow, ReportKind
from store.database import Store, connect
from tests.fakes.mongo import TEST_KEY
from tests.fakes.stored_orders import entry, skipped, verdict

CREATED, UPDATED, UNCHANGED = RowOutcome.CREATED, RowOutcome.UPDATED, RowOutcome.UNCHANGED
BAD_ROW = RejectedRow(row=9, column="quantity", reason="not a number", order_id="701-9")
WORST_ROW = RejectedRow(row=10, column="amazon-order-id", reason="empty")


def test_an_entry_comes_back_as_it_was_recorded_with_the_stores_time(store: Store) -> None:
    before = store.now()
    wanted = entry(
        verdict(2, "701-1", CREATED, recovered=True),
        skipped(3, "S01-1", SkipReason.NOT_AN_AMAZON_ORDER),
        rejected=(BAD_ROW, WORST_ROW),
    )

    recorded = store.ledger.record(wanted, kind=ReportKind.ORDERS)

    assert recorded.imported_at is not None
    assert before <= recorded.imported_at <= store.now()
    assert (recorded.verdicts, recorded.rejected) == (wanted.verdicts, wanted.rejected)
    assert store.ledger.entry("r1", 0) == recorded
    assert store.ledger.entry("r1", 1) is None


def test_the_first_writer_of_a_chunk_wins(store: Store) -> None:
    first = store.ledger.record(entry(verdict(2, "701-1", CREATED)), kind=ReportKind.ORDERS)

    second = store.ledger.record(entry(verdict(2, "701-1", UNCHANGED)), kind=ReportKind.ORDERS)

    assert second == first
    assert second.verdicts[0].outcome is CREATED


def test_racing_writers_of_a_chunk_are_told_the_same(store: Store, url: str) -> None:
    start = threading.Barrier(4)

    def record(n: int) -> object:
        with connect(url, store.database.name, cipher=TEST_KEY) as own:
            start.wait()
            mine = entry(verdict(2, f"701-{n}", CREATED))
            return own.ledger.record(mine, kind=ReportKind.ORDERS)

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(record, range(4)))

    assert [each == told[0] for each in told] == [True] * 4


def test_recorded_chunks_are_known_by_number(store: Store) -> None:
    for chunk in (0, 2, 5):
        store.ledger.record(entry(chunk=chunk), kind=ReportKind.ORDERS)
    store.ledger.record(entry(report_id="r2", chunk=1), kind=ReportKind.ORDERS)

    assert store.ledger.imported("r1") == {0, 2, 5}
    assert store.ledger.imported("r1", [1, 2, 3, 5]) == {2, 5}
    assert store.ledger.imported("r1", []) == set()


def test_a_tally_counts_rows_and_distinct_orders(store: Store) -> None:
    store.ledger.record(
        entry(
            verdict(2, "701-1", CREATED, recovered=True),
            verdict(3, "701-1", CREATED, recovered=True),
            verdict(4, "701-2", CREATED),
            verdict(5, "701-3", UPDATED),
            verdict(6, "701-4", UNCHANGED),
            skipped(7, "701-5"),
            skipped(8, "701-5"),
        ),
        kind=ReportKind.ORDERS,
    )
    store.ledger.record(
        entry(
            verdict(11, "701-3", UNCHANGED),
            verdict(12, "701-4", UNCHANGED),
            verdict(13, "701-2", UPDATED),
            skipped(14, "701-6", SkipReason.UNKNOWN_STATUS),
            chunk=1,
            rejected=(BAD_ROW,),
        ),
        kind=ReportKind.ORDERS,
    )

    assert store.ledger.tally("r1") == ReportTally(
        rows=12,
        row_outcomes={
            RowOutcome.CREATED: 3,
            RowOutcome.UPDATED: 2,
            RowOutcome.UNCHANGED: 3,
            RowOutcome.SKIPPED: 3,
            RowOutcome.REJECTED: 1,
        },
        orders={"created": 2, "recovered": 1, "updated": 1, "unchanged": 1},
        skipped={SkipReason.FULFILLED_BY_AMAZON: 2, SkipReason.UNKNOWN_STATUS: 1},
        rejected=1,
        chunks=2,
    )


def test_the_tally_of_an_unknown_report_is_all_zero(store: Store) -> None:
    tally = store.ledger.tally("r?")

    assert (tally.rows, tally.chunks, tally.rejected, tally.skipped) == (0, 0, 0, {})
    assert set(tally.row_outcomes.values()) == {0}
    assert set(tally.orders.values()) == {0}


def test_a_skipped_order_is_noted_once_with_first_and_last_report(store: Store) -> None:
    for report_id, row in (("r1", 2), ("r2", 7), ("r3", 4)):
        store.ledger.record(
            entry(skipped(row, "701-1"), report_id=report_id), kind=ReportKind.ORDERS
        )

    (noted,) = store.database["skipped_rows"].find()

    assert noted["_id"] == "demo/701-1/fulfilled_by_amazon"
    assert (noted["first_report_id"], noted["first_row"]) == ("r1", 2)
    assert (noted["last_report_id"], noted["last_row"]) == ("r3", 4)


def test_a_chunk_that_was_not_recorded_may_have_noted_its_skips_already(store: Store) -> None:
    wanted = entry(skipped(2, "701-1"))
    store.ledger.record(wanted, kind=ReportKind.ORDERS)
    store.database["report_chunks"].delete_many({})

    store.ledger.record(wanted, kind=ReportKind.ORDERS)

    assert store.database["skipped_rows"].count_documents({}) == 1


def test_a_late_writer_does_not_turn_the_last_sighting_back(store: Store) -> None:
    store.ledger.record(entry(skipped(2, "701-1")), kind=ReportKind.ORDERS)
    later = {"last_report_id": "r9", "last_seen_at": store.now() + timedelta(hours=1)}
    store.database["skipped_rows"].update_one({}, {"$set": later})

    store.ledger.record(entry(skipped(5, "701-1"), report_id="r2"), kind=ReportKind.ORDERS)

    (noted,) = store.database["skipped_rows"].find()
    assert (noted["first_report_id"], noted["last_report_id"]) == ("r1", "r9")


def test_what_a_newer_worker_adds_to_an_entry_does_not_trouble_us(store: Store) -> None:
    wanted = entry(verdict(2, "701-1", CREATED), rejected=(BAD_ROW,))
    recorded = store.ledger.record(wanted, kind=ReportKind.ORDERS)
    added = {"x": 1, "verdicts.0.x": 1, "rejected.0.x": 1}
    store.database["report_chunks"].update_one({}, {"$set": added})

    assert store.ledger.entry("r1", 0) == recorded
    assert store.views.rejected_rows("r1") == [BAD_ROW]
