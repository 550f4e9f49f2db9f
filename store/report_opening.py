"""Opening reports: one open report per lane, whoever comes first.

While a report is open its document has a ``lane`` (account, kind and marketplace; or account and
file), and a unique partial index lets a lane be taken once.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid5

from pymongo.errors import DuplicateKeyError

from domain.errors import Contended, NotYet
from domain.import_window import ImportWindow, import_window, reaching
from domain.messages import NAMESPACE, ReportDue, ReportKind
from domain.reports import OPEN_STATES, Report, ReportState
from store.mapping import from_document, in_ms, to_document
from store.moments import store_now
from store.report_documents import ReportDocument
from store.tables import Database, Raw, collection_of

REFRESHED_AFTER = timedelta(minutes=10)
"""A window younger than this is left alone: somebody may be about to ask for it."""
LOOK_AGAIN_S = 60.0
ROUNDS = 8
OPEN = sorted(str(state) for state in OPEN_STATES)
IS_DRAFT = {"state": {"$exists": False}}


def report_from(raw: Mapping[str, Any]) -> Report:
    """Return the report a document holds.

    Raises:
        Malformed: the document is not a report.
    """
    return from_document(Report, {**raw, "report_id": raw["_id"]})


class Openings:
    """Opens reports (collection ``reports``)."""

    def __init__(self, database: Database, *, chunk_rows: int, lookback: timedelta) -> None:
        self._database, self._chunk_rows, self._lookback = database, chunk_rows, lookback
        self._reports = collection_of(database, ReportDocument)

    def open_for(self, due: ReportDue, now: datetime) -> Report:
        """Return the open report of the lane, or open one.

        Indexes: ``one_open_per_lane``, ``_id``, ``proven``.

        Raises:
            NotYet: the open report does not reach back as far as a person wants this one to.
        """
        lane = f"{due.account}/{due.kind}/{due.marketplace}"
        for _ in range(ROUNDS):
            raw = self._reports.find_one({"lane": lane})
            report = report_from(raw) if raw else self._open(self._new(due, now), {"lane": lane})
            if report is not None:
                return _reaching_back(self._with_fresh_window(report, now), due)
        raise Contended(f"the lane {lane} was taken and left by others all the time")

    def open_file(self, account: str, digest: str, now: datetime, chunk_rows: int) -> Report:
        """Return the open report of this content, or open one.  Index: ``imports_of_file``."""
        lane = f"{account}/file/{digest}"
        for _ in range(ROUNDS):
            imports = list(self._reports.find({"file_digest": digest}).sort("file_import", -1))
            ours = next((raw for raw in imports if raw["account"] == account), None)
            if ours is not None and ours["state"] in OPEN:
                return report_from(ours)
            number = 1 + (imports[0]["file_import"] if imports else 0)
            report = _of_file(account, digest, number, now, chunk_rows)
            known = {"lane": lane, "file_digest": digest, "file_import": number}
            made = self._open(report, known)
            if made is not None and made.account == account and made.is_open:
                return made
        raise Contended("the same file was imported by others all the time")

    def _open(self, report: Report, known: Raw) -> Report | None:
        """Open a report, or return the one that has its id; None when its lane is taken.

        The document is born as a draft, invisible to every query, and becomes a report in one
        guarded update.  (In one step, as an insert, the embedded server would go on refusing a
        lane whose former report has left it.)
        """
        made_at = store_now(self._database)
        # The same tick may have been here before and left a draft behind, or its report.
        with suppress(DuplicateKeyError):
            self._reports.insert_one({"_id": report.report_id, "drafted_at": made_at})
        document = to_document(report) | known | {"created_at": made_at}
        del document["report_id"]
        update = {"$set": document, "$unset": {"drafted_at": ""}}
        try:
            self._reports.update_one({"_id": report.report_id, **IS_DRAFT}, update)
        except DuplicateKeyError:
            self._reports.delete_one({"_id": report.report_id, **IS_DRAFT})
            return None
        raw = self._reports.find_one({"_id": report.report_id, "state": {"$exists": True}})
        return report_from(raw) if raw else None

    def _new(self, due: ReportDue, now: datetime) -> Report:
        window = self._window(due.account, due.kind, due.marketplace, now)
        window = reaching(window, due.days)
        return Report(
            report_id=_id_of(due),
            account=due.account,
            kind=due.kind,
            marketplace=due.marketplace,
            state=ReportState.INTENDED,
            source="amazon",
            data_start=window.start,
            data_end=window.end,
            flow_id=due.flow_id,
            flow_started_at=due.flow_started_at,
            chunk_rows=self._chunk_rows,
            gap=window.gap,
        )

    def _with_fresh_window(self, report: Report, now: datetime) -> Report:
        """Let the window of a report that was never asked for reach to now."""
        if report.state is not ReportState.INTENDED or report.asked_at is not None:
            return report
        if now - report.data_end < REFRESHED_AFTER:
            return report
        window = self._window(report.account, report.kind, report.marketplace, now)
        window = reaching(window, (report.data_end - report.data_start).days)
        never_asked = {
            "_id": report.report_id,
            "state": ReportState.INTENDED.value,
            "asked_at": {"$exists": False},
            "data_end": report.data_end,
        }
        fresh = {"data_start": in_ms(window.start), "data_end": in_ms(window.end)}
        self._reports.update_one(never_asked, {"$set": {**fresh, "gap": window.gap}})
        raw = self._reports.find_one({"_id": report.report_id})
        return report_from(raw) if raw else report

    def _window(
        self, account: str, kind: ReportKind, marketplace: str, now: datetime
    ) -> ImportWindow:
        """Return what to ask for; an open-listings report has no window, it tells of now."""
        if kind is not ReportKind.ORDERS:
            now = now.replace(microsecond=0)
            return ImportWindow(now, now, gap=False)
        lane = {"account": account, "kind": str(kind), "marketplace": marketplace}
        complete = self._reports.find({**lane, "state": ReportState.COMPLETE.value})
        last = next(complete.sort("data_end", -1).limit(1), None)
        return import_window(now, last["data_end"] if last else None, self._lookback)


def _reaching_back(report: Report, due: ReportDue) -> Report:
    """Let a wish for a longer look back wait until the shorter one is through.

    A report that is closed is the one this tick opened before.
    """
    if report.is_open and report.data_end - report.data_start < timedelta(days=due.days or 0):
        why = f"the report {report.report_id}, which reaches back less, is still open"
        raise NotYet(why, retry_after_s=LOOK_AGAIN_S)
    return report


def _id_of(due: ReportDue) -> str:
    """Return the id of the tick's report; from the tick alone, so that it comes to the same id."""
    tick = uuid5(NAMESPACE, f"{due.event_id}/{due.kind}/{due.marketplace}").hex[:12]
    return f"{due.kind}-{due.flow_started_at:%Y%m%d-%H%M}-{tick}"


def _of_file(account: str, digest: str, number: int, now: datetime, chunk_rows: int) -> Report:
    report_id = f"file-{digest[:16]}-{number}"
    return Report(
        report_id=report_id,
        account=account,
        kind=ReportKind.ORDERS,
        marketplace="",
        state=ReportState.READY,
        source="file",
        data_start=now,
        data_end=now,
        flow_id=report_id,
        flow_started_at=now,
        chunk_rows=chunk_rows,
    )
