"""What people look at: lists, the export, single rows, skipped orders, disclosures."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.errors import Malformed
from domain.ledger import RowOutcome, SkipReason
from domain.messages import RejectedRow, ReportKind
from domain.orders import EnrichmentState, Order, OrderItem, OrderStatus
from domain.reports import ReportState
from store.database import Store
from store.report_views import LedgerRow
from tests.fakes.stored_orders import BUYER_17, NOON, create, due, entry, order, skipped, verdict

HOUR = timedelta(hours=1)
COMPLETE = EnrichmentState.COMPLETE
READY = {
    "amazon_status": "Unshipped",
    "enrichment": COMPLETE,
    "buyer": replace(BUYER_17, recipient_name="Buyer 17"),
    "items": (OrderItem("007", "SKU-2", "", "", 1, 0, 1),),
}


def ids(orders: list[Order]) -> list[str]:
    return [each.order_id for each in orders]


def settle(store: Store) -> None:
    """Let what was written be long ago: the export waits for nothing then."""
    changed = store.database["orders"].find({"changed_at": {"$gt": store.now() - HOUR}})
    for raw in changed:
        earlier = {"changed_at": raw["changed_at"] - 2 * HOUR}
        store.database["orders"].update_one({"_id": raw["_id"]}, {"$set": earlier})


@pytest.fixture
def listed(store: Store) -> Store:
    """Orders of two accounts, placed hour after hour."""
    create(
        store,
        order("1", purchased_at=NOON),
        order("2", purchased_at=NOON + HOUR, status=OrderStatus.CANCELED),
        order("3", purchased_at=NOON + 2 * HOUR, **READY),
        order("4", purchased_at=NOON + 2 * HOUR),
        order("5", purchased_at=NOON + 3 * HOUR, account="other"),
    )
    return store


def test_orders_are_listed_newest_first(listed: Store) -> None:
    assert ids(listed.views.list_orders()) == ["5", "4", "3", "2", "1"]
    assert ids(listed.views.list_orders(account="demo", limit=3)) == ["4", "3", "2"]


def test_what_is_ready_to_ship_is_listed_most_urgent_first(listed: Store) -> None:
    create(
        listed,
        order("6", ship_by=NOON + 2 * HOUR, **READY),
        order("7", ship_by=NOON + HOUR, **READY),
        order("8", ship_by=NOON, account="other", **READY),
        order("9", ship_by=NOON),
    )

    assert ids(listed.views.list_to_ship(account="demo")) == ["7", "6", "3"]
    assert ids(listed.views.list_to_ship(limit=2)) == ["8", "7"]


def test_orders_are_listed_by_status(listed: Store) -> None:
    views = listed.views

    assert ids(views.list_orders(statuses=[OrderStatus.CANCELED])) == ["2"]
    assert ids(views.list_orders(account="demo", statuses=[OrderStatus.NEW])) == ["4", "3", "1"]


def test_a_list_goes_on_behind_its_last_order(listed: Store) -> None:
    first = listed.views.list_orders(account="demo", limit=2)
    rest = listed.views.list_orders(account="demo", after=first[-1], limit=2)

    assert ids(first) + ids(rest) == ["4", "3", "2", "1"]


def test_orders_are_counted_by_status(listed: Store) -> None:
    assert listed.views.count_by_status() == {
        OrderStatus.NEW: 4,
        OrderStatus.FULFILLED: 0,
        OrderStatus.CANCELED: 1,
    }
    assert listed.views.count_by_status(account="other")[OrderStatus.NEW] == 1


def test_the_export_tells_complete_and_closed_orders_with_their_buyers(store: Store) -> None:
    create(
        store,
        order("1", **READY),
        order("2"),
        order("3", enrichment=EnrichmentState.CLOSED),
        order("4", enrichment=EnrichmentState.INCOMPLETE_ROLE),
        order("5", **READY, account="other"),
    )
    settle(store)

    told = [each for _, each in store.views.export()]

    assert ids(told) == ["1", "3", "5"]
    assert told[0].buyer == READY["buyer"]
    assert ids([each for _, each in store.views.export(account="other")]) == ["5"]


def test_the_export_goes_on_behind_any_cursor_and_ends(store: Store) -> None:
    create(store, *(order(str(n), enrichment=COMPLETE) for n in range(5)))
    settle(store)

    seen, cursor = [], ""
    while page := store.views.export(since=cursor, limit=2):
        cursor = page[-1][0]
        seen += [each.order_id for _, each in page]

    assert seen == ["0", "1", "2", "3", "4"]
    assert store.views.export(since=cursor) == []


def test_orders_changed_in_the_same_moment_are_all_exported(store: Store) -> None:
    create(store, *(order(str(n), enrichment=COMPLETE) for n in range(3)))
    store.database["orders"].update_many({}, {"$set": {"changed_at": NOON}})

    first = store.views.export(limit=1)
    rest = store.views.export(since=first[-1][0])

    assert ids([each for _, each in first + rest]) == ["0", "1", "2"]


def test_an_order_that_changes_is_exported_again(store: Store) -> None:
    create(store, order("1", enrichment=COMPLETE), order("2", enrichment=COMPLETE))
    settle(store)
    cursor = store.views.export()[-1][0]

    store.orders.change("demo", {"1": lambda old: old and replace(old, flags=("x",))})

    assert ids([each for _, each in store.views.export(since=cursor)]) == ["1"]


def test_what_was_written_a_moment_ago_is_exported_at_once(store: Store) -> None:
    create(store, order("1", enrichment=COMPLETE))

    assert ids([each for _, each in store.views.export()]) == ["1"]


@pytest.mark.parametrize(
    "cursor", ["x", "2026-03-02T12:00:00/demo/1", "2026-03-02T12:00:00Z", "2026-03-02T12:00:00Z/"]
)
def test_a_cursor_of_nobody_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(Malformed, match="not a cursor"):
        store.views.export(since=cursor)


def test_reports_are_listed_newest_first(store: Store) -> None:
    made = []
    for key, account in (("slot 1", "demo"), ("slot 2", "other"), ("slot 3", "demo")):
        report = store.reports.open_for(due(key, account=account), now=NOON)
        store.reports.close(report.report_id, ReportState.CANCELLED)
        made.append(report.report_id)
    store.database["reports"].insert_one({"_id": "a draft", "drafted_at": NOON})

    newest = [each.report_id for each in store.views.list_reports()]

    assert newest == made[::-1]
    assert len(store.views.list_reports(account="demo")) == 2
    assert len(store.views.list_reports(limit=1)) == 1
    assert store.views.list_reports(kind=ReportKind.OPEN_LISTINGS) == []


def test_rejected_rows_come_in_the_files_order(store: Store) -> None:
    rows = [RejectedRow(row=n, column="quantity", reason="not a number") for n in (9, 2, 5)]
    store.ledger.record(entry(rejected=(rows[0],), chunk=1), kind=ReportKind.ORDERS)
    store.ledger.record(entry(rejected=(rows[1], rows[2])), kind=ReportKind.ORDERS)
    store.ledger.record(entry(rejected=(rows[1],), report_id="r2"), kind=ReportKind.ORDERS)

    assert store.views.rejected_rows("r1") == [rows[1], rows[2], rows[0]]
    assert store.views.rejected_rows("r1", limit=1) == [rows[1]]


def test_every_row_about_an_order_is_found(store: Store) -> None:
    bad = RejectedRow(row=4, column="quantity", reason="not a number", order_id="701-1")
    first = store.ledger.record(
        entry(verdict(2, "701-1", RowOutcome.CREATED), skipped(3, "701-2")),
        kind=ReportKind.ORDERS,
    )
    second = store.ledger.record(
        entry(skipped(2, "701-1"), report_id="r2", chunk=7, rejected=(bad,)),
        kind=ReportKind.ORDERS,
    )
    assert first.imported_at is not None
    assert second.imported_at is not None

    assert store.views.ledger_rows("demo", "701-1") == [
        LedgerRow("demo", "r1", 0, 2, RowOutcome.CREATED, first.imported_at),
        LedgerRow(
            "demo",
            "r2",
            7,
            2,
            RowOutcome.SKIPPED,
            second.imported_at,
            SkipReason.FULFILLED_BY_AMAZON,
        ),
        LedgerRow(
            "demo",
            "r2",
            7,
            4,
            RowOutcome.REJECTED,
            second.imported_at,
            detail="quantity: not a number",
        ),
    ]
    assert store.views.ledger_rows("other", "701-1") == []


def test_skipped_orders_are_found_by_order_and_reason(store: Store) -> None:
    store.ledger.record(
        entry(skipped(2, "701-1"), skipped(3, "701-2", SkipReason.UNKNOWN_STATUS)),
        kind=ReportKind.ORDERS,
    )
    store.ledger.record(entry(skipped(9, "701-1"), report_id="r2"), kind=ReportKind.ORDERS)

    views = store.views
    (one,) = views.skipped(account="demo", order_id="701-1")

    assert (one.first_report_id, one.first_row) == ("r1", 2)
    assert (one.last_report_id, one.last_row) == ("r2", 9)
    assert one.reason is SkipReason.FULFILLED_BY_AMAZON
    assert [each.order_id for each in views.skipped(account="demo")] == ["701-1", "701-2"]
    unknown = views.skipped(account="demo", reason=SkipReason.UNKNOWN_STATUS)
    assert [each.order_id for each in unknown] == ["701-2"]
    assert views.skipped(account="other") == []
    assert views.skipped(account="demo", order_id="701-2", reason=SkipReason.NOT_PENDING) == []


def test_a_disclosure_is_recorded_with_who_what_and_why(store: Store) -> None:
    seen = [order("1"), order("2", account="other")]
    store.views.record_disclosure(seen, who="pat", reason="return 17")

    (told,) = store.database["disclosures"].find()

    assert (told["who"], told["why"], told["what"]) == ("pat", "return 17", ["demo/1", "other/2"])
    assert told["at"] <= store.now()
    with pytest.raises(ValueError, match="who and why"):
        store.views.record_disclosure(seen, who="pat", reason=" ")
