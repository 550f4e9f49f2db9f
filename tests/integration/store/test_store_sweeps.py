"""What the sweepers ask the store, on the store's own time."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.enrichment_pass import Run
from domain.reports import ReportState
from store.database import Store
from store.sweeps import Sweeps
from tests.fakes.stored_orders import NOON, due, entry, order

QUARTER = timedelta(minutes=15)


def let_pass(store: Store, time: timedelta) -> None:
    """Let the watches age."""
    for raw in store.database["watches"].find():
        aged = {"next_at": raw["next_at"] - time, "since": raw["since"] - time}
        store.database["watches"].update_one({"_id": raw["_id"]}, {"$set": aged})


def let_lease_end(store: Store, account: str = "demo") -> None:
    store.database["passes"].update_one({"_id": account}, {"$set": {"lease_until": NOON}})


def open_in(store: Store, state: ReportState, slot: str = "slot 1", marketplace: str = "US") -> str:
    report = store.reports.open_for(due(slot, marketplace=marketplace), now=NOON)
    store.database["reports"].update_one({"_id": report.report_id}, {"$set": {"state": str(state)}})
    return report.report_id


def test_a_watch_begins_at_the_first_look_and_stays_while_nothing_moves(store: Store) -> None:
    sweeps = Sweeps(store.database)
    first = sweeps.watch("report/1", "poll 1", QUARTER)
    assert not first.is_overdue(sweeps.now())
    let_pass(store, QUARTER)
    again = sweeps.watch("report/1", "poll 1", QUARTER)
    assert again.is_overdue(sweeps.now())
    assert again.times == 0


def test_progress_starts_the_watch_anew(store: Store) -> None:
    sweeps = Sweeps(store.database)
    sweeps.watch("report/1", "poll 1", QUARTER)
    let_pass(store, QUARTER)
    moved = sweeps.watch("report/1", "poll 2", QUARTER)
    assert not moved.is_overdue(sweeps.now())
    assert moved.progress == "poll 2"


def test_many_are_watched_as_one_is(store: Store) -> None:
    sweeps = Sweeps(store.database)
    known = {f"shipments/refused/demo/{number}": "revision 3" for number in range(3)}
    sweeps.watches(known, QUARTER)
    let_pass(store, QUARTER)
    moved = "shipments/refused/demo/1"
    found = sweeps.watches({**known, moved: "revision 4", "report/1": "poll 1"}, QUARTER)
    now = sweeps.now()
    assert [key for key, watch in found.items() if watch.is_overdue(now)] == [
        "shipments/refused/demo/0",
        "shipments/refused/demo/2",
    ]
    assert found[moved] == sweeps.watch(moved, "revision 4", QUARTER)
    assert store.database["watches"].count_documents({}) == 4


def test_an_announcement_doubles_the_wait_and_two_at_once_count_as_one(store: Store) -> None:
    sweeps = Sweeps(store.database)
    watch = sweeps.watch("report/1", "poll 1", QUARTER)
    sweeps.announced("report/1", watch, QUARTER)
    sweeps.announced("report/1", watch, QUARTER)
    after = sweeps.watch("report/1", "poll 1", QUARTER)
    assert after.times == 1
    assert timedelta(minutes=29) < after.next_at - sweeps.now() <= 2 * QUARTER


def test_what_announcing_does_not_help_can_be_listed(store: Store) -> None:
    sweeps = Sweeps(store.database)
    for key, times in (("report/1", 3), ("report/2", 1), ("pass/demo", 2)):
        for _ in range(times):
            sweeps.announced(key, sweeps.watch(key, "stuck", QUARTER), QUARTER)
    assert [(each.key, each.watch.times) for each in sweeps.standing_still()] == [
        ("report/1", 3),
        ("pass/demo", 2),
    ]


def test_open_reports_come_with_what_is_imported_of_them(store: Store) -> None:
    sweeps = Sweeps(store.database)
    ready = open_in(store, ReportState.READY)
    open_in(store, ReportState.PARSED, "slot 2", "CA")
    for chunk in (0, 1):
        store.ledger.record(entry(report_id=ready, chunk=chunk), kind=due().kind)
    ((report, chunks),) = sweeps.open_reports(ReportState.READY, limit=10)
    assert (report.report_id, report.state, chunks) == (ready, ReportState.READY, 2)


def test_closed_reports_are_not_among_them(store: Store) -> None:
    report_id = open_in(store, ReportState.REQUESTED)
    store.reports.close(report_id, ReportState.ABANDONED)
    sweeps = Sweeps(store.database)
    assert [sweeps.open_reports(state, limit=10) for state in ReportState] == [[]] * 10


def test_only_a_parsed_report_is_reopened(store: Store) -> None:
    sweeps = Sweeps(store.database)
    parsed = open_in(store, ReportState.PARSED)
    sweeps.reopen(parsed)
    found = store.reports.get(parsed)
    assert found is not None
    assert found.state is ReportState.READY
    store.reports.close(parsed, ReportState.INCOMPLETE)
    sweeps.reopen(parsed)
    found = store.reports.get(parsed)
    assert found is not None
    assert not found.is_open


def test_an_import_of_a_file_counts_as_abandoned_after_its_time(store: Store) -> None:
    sweeps = Sweeps(store.database)
    report = store.reports.open_file("demo", digest="ab" * 32, now=NOON)
    open_in(store, ReportState.READY)
    day = timedelta(hours=24)
    assert sweeps.abandoned_imports(older_than=day, limit=10) == []
    began = {"created_at": sweeps.now() - day}
    store.database["reports"].update_many({}, {"$set": began})
    (found,) = sweeps.abandoned_imports(older_than=day, limit=10)
    assert found.report_id == report.report_id


def begin_pass(store: Store, wanted_at: datetime) -> None:
    assert isinstance(store.passes.take("demo", holder="h", wanted_at=wanted_at), Run)


def test_no_pass_is_wanted_where_none_ever_was(store: Store) -> None:
    assert Sweeps(store.database).pass_wanted("demo") is None


def test_a_pass_is_wanted_when_its_holder_is_gone_and_not_while_it_runs(store: Store) -> None:
    sweeps = Sweeps(store.database)
    begin_pass(store, sweeps.now())
    assert sweeps.pass_wanted("demo") is None
    let_lease_end(store)
    assert sweeps.pass_wanted("demo") == "revision 1"


def test_a_pass_is_wanted_when_a_wish_came_and_nobody_took_it(store: Store) -> None:
    sweeps = Sweeps(store.database)
    begin_pass(store, sweeps.now())
    store.passes.finish("demo", holder="h")
    assert sweeps.pass_wanted("demo") is None
    wish = {"wanted_at": sweeps.now() + timedelta(seconds=1)}
    store.database["passes"].update_one({"_id": "demo"}, {"$set": wish})
    assert sweeps.pass_wanted("demo") == "revision 2"


def test_a_reading_is_due_when_an_order_has_waited_long_enough(store: Store) -> None:
    sweeps = Sweeps(store.database)
    assert sweeps.reading_due("demo", since=QUARTER) is None
    waiting = order("1", next_read_at=sweeps.now() - timedelta(minutes=10))
    store.orders.change("demo", {"1": lambda _: waiting})
    assert sweeps.reading_due("demo", since=QUARTER) is None
    assert sweeps.reading_due("demo", since=timedelta(minutes=9)) == "revision 0"
    assert sweeps.reading_due("other", since=timedelta(minutes=9)) is None
    begin_pass(store, sweeps.now())
    assert sweeps.reading_due("demo", since=timedelta(minutes=9)) == "revision 1"
