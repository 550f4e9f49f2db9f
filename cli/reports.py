"""``report``: ask Amazon for order reports, import one from a file, look at what became of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from actors.app import App
from cli.failing import Stop
from cli.file_import import FileImported, OnRows, import_file, result_of
from cli.inline import is_in_memory
from cli.output import COUNT, console, json_option, place, plain, print_json, show, table
from cli.probing import ask_amazon
from cli.report_view import rejected_table, report_row, report_table, skipped_table, tally_table
from cli.requesting import Asked, marketplace_ids, request_reports
from cli.session import Session, account_option, pass_session
from domain.import_window import LONGEST
from domain.ledger import ReportTally
from domain.messages import RejectedRow
from domain.reports import Report, ReportState

SHOWN_REJECTS = 20


@click.group
def report() -> None:
    """Ask for order reports, import files, look at them."""


@report.command("request")
@account_option
@click.option(
    "--marketplace",
    "marketplaces",
    multiple=True,
    help="A country code (US, DE …) or Amazon's id; can be repeated. Default: all of the account.",
)
@click.option(
    "--days",
    type=click.IntRange(1, LONGEST.days),
    help="Reach back so many days at least, to look once more for orders that are missing.",
)
@json_option
@pass_session
def request(
    session: Session,
    *,
    account: str | None,
    marketplaces: Sequence[str],
    days: int | None,
    as_json: bool,
) -> None:
    """Ask Amazon for the order report now, out of turn."""
    name = session.account(account)
    ids = marketplace_ids(session.settings.account(name), marketplaces)
    with session.app() as app:
        if is_in_memory(app.broker):
            ask_amazon(session.settings, app.accounts[name])  # Told now, not after many retries.
        asked = request_reports(app, name, ids, days=days)
        done_here = is_in_memory(app.broker)
    if as_json:
        print_json({"reports": [_asked_row(each) for each in asked]})
    else:
        show(*_asked_screen(asked))
    for each in asked if done_here else ():
        _must_have_worked(each)


def _must_have_worked(asked: Asked) -> None:
    report = asked.report
    if report is None or report.is_open:
        raise Stop(f"the report of {place(asked.marketplace)} failed; what went wrong: failed list")
    if report.state in FAILED_STATES:
        raise Stop(f"report {report.report_id} is {report.state.value}: {report.reason}")


FAILED_STATES = frozenset(
    {ReportState.INCOMPLETE, ReportState.REFUSED, ReportState.FATAL, ReportState.ABANDONED}
)


def _asked_row(asked: Asked) -> dict[str, Any]:
    report = None if asked.report is None else report_row(asked.report)
    return {"marketplace": asked.marketplace, "flow_id": asked.flow_id, "report": report}


def _asked_screen(asked: Sequence[Asked]) -> Iterator[Table | str]:
    done_here = [each.report for each in asked if each.report is not None]
    if done_here:
        yield report_table("Asked for and worked off here, the broker is in memory", done_here)
    else:
        names = ", ".join(place(each.marketplace) for each in asked)
        yield f"Asked for the order report of {names}; the workers go on from here."
        yield "See how it goes: report list"


@report.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@account_option
@click.option("--charset", help="What the file is written in; found out when left out.")
@json_option
@pass_session
def import_report(
    session: Session, *, file: Path, account: str | None, charset: str | None, as_json: bool
) -> None:
    """Parse and import an order report from FILE, packed (gzip) or plain."""
    name = session.account(account)
    with session.app() as app, _progress(f"importing {file.name}", hidden=as_json) as on_rows:
        done = import_file(app, name, file, charset=charset, on_rows=on_rows)
        note = _tell_enrichment(app, done)
        rejected = app.store.views.rejected_rows(done.report.report_id, limit=SHOWN_REJECTS)
    if as_json:
        print_json(result_of(done))
    else:
        show(*_import_screen(file, done, rejected), note)
    if not done.is_complete:
        raise Stop(f"{file}: {done.report.state.value}: {done.report.reason}")


def _tell_enrichment(app: App, done: FileImported) -> str:
    """Say to the workers that orders wait for buyer data; they look by themselves, too."""
    if done.last is None or is_in_memory(app.broker):
        return "Buyer data and item ids come with the next reading of the account's orders."
    app.publish(done.last)
    return "Buyer data and item ids are being read from Amazon now."


def _import_screen(
    file: Path, done: FileImported, rejected: Sequence[RejectedRow]
) -> Iterator[Table | str]:
    yield f"{file}: {done.report.state.value} (report {done.report.report_id})"
    yield ""
    yield tally_table(done.tally)
    if done.tally.skipped:
        yield ""
        yield skipped_table(done.tally.skipped)
    if rejected:
        yield ""
        yield rejected_table(rejected, done.tally.rejected)
    yield ""


@contextmanager
def _progress(what: str, *, hidden: bool) -> Iterator[OnRows]:
    """Show rows as they are accounted for, when somebody looks at a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(pulse_style="cyan"),
        TextColumn("{task.completed} rows"),
        TimeElapsedColumn(),
    )
    off = hidden or not sys.stderr.isatty()
    with Progress(*columns, console=console(stderr=True), disable=off, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda rows: bar.advance(task, rows)


@report.command("list")
@account_option
@click.option("--limit", type=COUNT, default=20, show_default=True)
@json_option
@pass_session
def list_reports(session: Session, *, account: str | None, limit: int, as_json: bool) -> None:
    """Show the newest reports."""
    only = session.account_filter(account)
    with session.app() as app:
        reports = app.store.views.list_reports(account=only, limit=limit)
    if as_json:
        print_json({"reports": [report_row(each) for each in reports]})
    elif reports:
        show(report_table("Reports, newest first", reports), "", "More of one: report show ID")
    else:
        show("No report yet. Ask for one: report request; or import a file: report import FILE")


@report.command("show")
@click.argument("report_id", metavar="ID")
@json_option
@pass_session
def show_report(session: Session, *, report_id: str, as_json: bool) -> None:
    """Show one report: its window, its state, what became of its rows."""
    with session.app() as app:
        found = app.store.reports.get(report_id)
        if found is None:
            raise Stop(f"no report {report_id!r}; `report list` shows the newest")
        tally = app.store.ledger.tally(report_id)
        rejected = app.store.views.rejected_rows(report_id, limit=SHOWN_REJECTS)
    if as_json:
        print_json({**plain(found), "tally": tally, "rejected_rows": rejected})
    else:
        show(*_report_screen(found, tally, rejected))


def _report_screen(
    found: Report, tally: ReportTally, rejected: Sequence[RejectedRow]
) -> Iterator[Table | str]:
    facts = [(name.replace("_", " "), value) for name, value in report_row(found).items()]
    yield table(f"Report {found.report_id}", ("", ""), facts)
    yield ""
    yield tally_table(tally)
    if tally.skipped:
        yield ""
        yield skipped_table(tally.skipped)
    if rejected:
        yield ""
        yield rejected_table(rejected, tally.rejected)
