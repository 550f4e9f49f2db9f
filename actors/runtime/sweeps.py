"""The table of sweeps: state, maximum age, what is done about it, which alarm fires.

A new state that something could get stuck in is a new row.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from actors.runtime.feed_sweeps import FEED_SWEEPS
from actors.runtime.shipment_sweeps import SHIPMENT_SWEEPS
from actors.runtime.sweepers import BACKLOG, LIMIT, Sweep, SweepPorts
from actors.runtime.tracking_sweeps import TRACKING_SWEEPS
from domain.messages import (
    Event,
    OpenListingsReportReady,
    OrderReportReady,
    RefreshDue,
    ReportDue,
    ReportKind,
    ReportRequested,
)
from domain.reports import Report, ReportState
from domain.sweeping import LONGEST

STANDSTILL = timedelta(minutes=15)
"""Longer than a pass is ever put off for (ten minutes)."""
READY = {
    ReportKind.ORDERS: OrderReportReady,
    ReportKind.OPEN_LISTINGS: OpenListingsReportReady,
}


def _due_again(report: Report, key: str) -> Event:
    return ReportDue.again(
        key=key,
        account=report.account,
        flow_id=report.flow_id,
        flow_started_at=report.flow_started_at,
        kind=report.kind,
        marketplace=report.marketplace,
    )


def _requested_again(report: Report, key: str) -> Event:
    return ReportRequested.again(
        key=key,
        account=report.account,
        flow_id=report.flow_id,
        flow_started_at=report.flow_started_at,
        kind=report.kind,
        report_id=report.report_id,
        attempt=report.poll_attempt,
    )


def _ready_again(report: Report, key: str) -> Event:
    return READY[report.kind].again(
        key=key,
        account=report.account,
        flow_id=report.flow_id,
        flow_started_at=report.flow_started_at,
        report_id=report.report_id,
        document_id=report.document_id,
    )


def _reports(
    state: ReportState, again: Callable[[Report, str], Event]
) -> Callable[[SweepPorts, timedelta], int]:
    def run(ports: SweepPorts, max_age: timedelta) -> int:
        count = 0
        for report, chunks in ports.store.open_reports(state, limit=LIMIT):
            if _is_closed(ports, report) or report.source == "file":
                continue
            key = f"report/{report.report_id}"
            progress = f"{report.state}, poll {report.poll_attempt}, {chunks} chunks"
            watch = ports.store.watch(key, progress, max_age)
            if not watch.is_overdue(ports.store.now()):
                continue
            if report.state is ReportState.PARSED:
                # Chunks got lost on their way to the importers: only a reading makes them again.
                ports.store.reopen(report.report_id)
            ports.publish(again(report, f"{progress}/{watch.times}"))
            ports.store.announced(key, watch, max_age)
            count += 1
        return count

    return run


def _is_closed(ports: SweepPorts, report: Report) -> bool:
    """Close a report whose rows are all accounted for; whoever was to do it died before."""
    if report.state is not ReportState.PARSED:
        return False
    after = ports.reports.close_if_accounted(report.report_id)
    return after is None or not after.is_open


def _passes(ports: SweepPorts, max_age: timedelta) -> int:
    return sum(
        _refresh(ports, f"pass/{account}", account, progress, max_age)
        for account in ports.accounts
        if (progress := ports.store.pass_wanted(account)) is not None
    )


def _readings(ports: SweepPorts, max_age: timedelta) -> int:
    return sum(
        _refresh(ports, f"readings/{account}", account, progress, STANDSTILL)
        for account in ports.accounts
        if (progress := ports.store.reading_due(account, since=max_age)) is not None
    )


def _refresh(ports: SweepPorts, key: str, account: str, progress: str, max_age: timedelta) -> int:
    watch, now = ports.store.watch(key, progress, max_age), ports.store.now()
    if not watch.is_overdue(now):
        return 0
    about = f"swept/{key}/{progress}/{watch.since.isoformat()}/{watch.times}"
    ports.publish(RefreshDue.first(key=about, account=account, at=now, due_at=now))
    ports.store.announced(key, watch, max_age)
    return 1


def _abandoned_imports(ports: SweepPorts, max_age: timedelta) -> int:
    abandoned = ports.store.abandoned_imports(older_than=max_age, limit=LIMIT)
    for report in abandoned:
        ports.reports.close(
            report.report_id, ReportState.INCOMPLETE, "the import was begun and not finished"
        )
    return len(abandoned)


SWEEPS: tuple[Sweep, ...] = (
    Sweep(
        "slot: claimed, not announced",
        timedelta(minutes=1),
        "taken over and announced by any scheduler",
        "SchedulerBehind",
    ),
    Sweep(
        "report: intended",
        timedelta(minutes=15),
        "ReportDue again",
        "ReportStuck",
        "request_report",
        _reports(ReportState.INTENDED, _due_again),
    ),
    Sweep(
        "report: requested, no poll",
        timedelta(minutes=20),
        "ReportRequested again, with the number of the poll that is due",
        "ReportStuck",
        "poll_report",
        _reports(ReportState.REQUESTED, _requested_again),
    ),
    Sweep(
        "report: ready, no new chunk imported",
        timedelta(minutes=15),
        "OrderReportReady or OpenListingsReportReady again: read anew for the missing chunks",
        "ReportStuck",
        "import_orders",
        _reports(ReportState.READY, _ready_again),
    ),
    Sweep(
        "report: parsed, no new chunk imported",
        timedelta(minutes=15),
        "closed if every row is accounted for, else read anew for the missing chunks",
        "ReportStuck",
        "import_orders",
        _reports(ReportState.PARSED, _ready_again),
    ),
    Sweep(
        "report: a file's import, begun and left",
        timedelta(hours=24),
        "closed as incomplete",
        "ImportAbandoned",
        run=_abandoned_imports,
    ),
    Sweep(
        "account: reading of orders wanted, none under way",
        timedelta(minutes=15),
        "RefreshDue",
        "OrdersNotRead",
        "enrich_orders",
        _passes,
    ),
    Sweep(
        "order: due for reading",
        timedelta(minutes=45),
        "RefreshDue",
        "OrdersNotRead",
        "enrich_orders",
        _readings,
    ),
    *TRACKING_SWEEPS,
    Sweep(
        "buyer data: its time of keeping is over",
        timedelta(hours=24),
        "removed by the daily job `privacy`",
        "BuyerDataOverdue",
    ),
    *SHIPMENT_SWEEPS,
    *FEED_SWEEPS,
    Sweep(
        "outbox: a fact not told",
        timedelta(minutes=5),
        "told by the sweep",
        "OutboxStuck",
        run=lambda ports, max_age: ports.tell_outbox(max_age),
    ),
    Sweep(
        "dead letter",
        timedelta(),
        "moved into the quarantine",
        "DeadLetters",
        run=lambda ports, _: ports.drain_dead_letters(),
    ),
)
"""Every state that something could stand in for too long."""


def sweeps_page(sweeps: tuple[Sweep, ...] = SWEEPS) -> str:
    """Return docs/sweeps.md."""
    rows = "\n".join(
        f"| {each.state} | {_words(each.max_age)} | {each.remedy} | {each.stage or '-'} "
        f"| {each.alarm} |"
        for each in sweeps
    )
    return PAGE.format(rows=rows, limit=LIMIT, backlog=BACKLOG, longest=_words(LONGEST))


def _words(time: timedelta) -> str:
    minutes = int(time.total_seconds() // 60)
    if minutes == 0:
        return "at once"
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"


PAGE = """\
# Sweeps

<!-- Generated from actors/runtime/sweeps.py by `python -m cli docs`; do not edit. -->

Every five minutes the scheduler looks for what has been standing in a state for longer than it
should, and announces it again.  That heals whatever got lost on the way, up to a deleted queue:
the store knows everything that is unfinished.

- Age counts from when the sweepers first saw the thing at this point; any progress starts it anew.
- What was announced again and still does not move is announced after twice the time, then twice
  that, at most every {longest}.
- At most {limit} things of a row are announced in one pass, the longest overdue first.
- A row is held back while more than {backlog} messages wait for its stage: then the thing is late,
  not lost.
- `python -m cli schedule run sweepers` does a pass now.

| state | maximum age | what is done | held back by a backlog of | alarm when that does not help |
|---|---|---|---|---|
{rows}
"""
