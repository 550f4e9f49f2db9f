"""A report from a file on disk, through the very stages that read Amazon's.

The stages run as functions, one chunk after the other, so a file needs no broker.  Importing it
again, twice at once, or after a crash in the middle ends in the same orders.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from actors.app import App
from actors.orders.import_orders import import_orders
from actors.orders.parse_order_report import parse_order_report
from actors.ports import Document
from actors.runtime.stage import Stage
from cli.failing import Stop
from cli.report_view import counts_of
from domain.errors import Malformed
from domain.ledger import ReportTally
from domain.messages import Event, OrderLinesParsed, OrderReportReady
from domain.reports import Report, ReportState
from spapi.charsets import known_charset
from spapi.documents import open_file

DIGEST_BYTES = 1 << 20

OnRows = Callable[[int], None]
"""Told how many rows more are accounted for."""


@dataclass(frozen=True, slots=True)
class FileOnDisk:
    """Stands where Amazon's reports do: whatever document is asked for is this file."""

    path: Path
    charset: str | None

    def open_document(self, account: str, document_id: str) -> AbstractContextManager[Document]:  # noqa: ARG002  the port's signature
        """Open the file, packed or plain."""
        return open_file(self.path, charset=self.charset)


@dataclass(frozen=True, slots=True)
class FileImported:
    """How the import ended: the report it became and what became of its rows."""

    report: Report
    tally: ReportTally
    last: Event | None
    """What tells the enrichment that orders wait for it; None when this run imported no rows."""

    @property
    def is_complete(self) -> bool:
        """Whether every row of a whole file is accounted for."""
        return self.report.state is ReportState.COMPLETE


def import_file(
    app: App, account: str, path: Path, *, charset: str | None, on_rows: OnRows
) -> FileImported:
    """Parse and import a file.

    Raises:
        Stop: there is no such file, or no such character set.
        Contended, Unavailable: the store; the same call goes on where this one stopped.
    """
    check_file(path, charset)
    reports = app.ports.reports
    report = app.store.reports.open_file(account, digest=digest_of(path), now=as_of(path))
    last: Event | None = None
    try:
        for event, rows in _stages(app, report, FileOnDisk(path, charset)):
            last = event
            on_rows(rows)
    except Malformed as exc:
        touched = bool(app.ports.ledger.imported(report.report_id))
        state = ReportState.INCOMPLETE if touched else ReportState.REFUSED
        reports.close(report.report_id, state, str(exc))
    # A run that died between its last two steps left a parsed report that nobody closed.
    ended = reports.close_if_accounted(report.report_id) or report
    return FileImported(ended, app.ports.ledger.tally(report.report_id), last)


def check_file(path: Path, charset: str | None) -> None:
    """Refuse what is no readable file before anything is written.

    Raises:
        Stop
    """
    if path.is_dir():
        raise Stop(f"{path} is a folder; name the report file in it")
    if not path.exists():
        raise Stop(f"no such file: {path}")
    if not path.is_file():
        raise Stop(f"{path} is a pipe or a device, and a report is read twice; save it as a file")
    if charset is not None and known_charset(charset) is None:
        raise Stop(f"{charset!r} is no character set reports come in; try utf-8, cp1252 or cp932")


def digest_of(path: Path) -> str:
    """Return the hex SHA-256 of the file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(DIGEST_BYTES):
            digest.update(piece)
    return digest.hexdigest()


def as_of(path: Path) -> datetime:
    """Return the moment the file speaks of: it is no newer than its last change."""
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return min(changed, datetime.now(UTC))


def _stages(app: App, report: Report, file: FileOnDisk) -> Iterator[tuple[Event, int]]:
    """Yield what the stages say after each chunk, and how many rows it accounts for."""
    ready = OrderReportReady.first(
        key=report.report_id,
        account=report.account,
        at=report.flow_started_at,
        report_id=report.report_id,
        document_id=file.path.name,
    )
    for said in _run(parse_order_report, ready, app, amazon_reports=file):
        if not isinstance(said, OrderLinesParsed):
            yield said, 0
            continue
        for imported in _run(import_orders, said, app):
            yield imported, len(said.lines) + len(said.rejected)


def _run(stage: Stage, event: Event, app: App, **instead: object) -> Iterator[Any]:
    ports = {name: instead.get(name) or getattr(app.ports, name) for name in stage.needs}
    return stage(event, **ports)


def result_of(done: FileImported) -> dict[str, Any]:
    """Return what ``report import --json`` prints."""
    return {**counts_of(done.tally), "complete": done.is_complete}
