"""Amazon's verdict on a flat-file feed, row by row.  Pure.

A feed that is DONE may have rejected rows, and its result may be empty, cut off or another
feed's: a row counts as accepted only if the result says so.  The words for Error and Warning come
in the language of the marketplace.
Source: processing reports of POST_FLAT_FILE_FULFILLMENT_DATA seen in the field (two counts, a
blank line, a table from ``original-record-number`` on; record 0 is the file itself).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from domain.report_cells import clean
from domain.shipment_outcomes import RowOutcome
from domain.shipments import Issue

TABLE = "original-record-number"
LONGEST_MESSAGE = 1000
_COUNT = re.compile(r"(?<![0-9])([0-9]{1,9})\s*$", re.ASCII)
_LINE_END = re.compile(r"\r\n|\n|\r")
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


class Severity(StrEnum):
    """What kind of thing Amazon said about a row."""

    ERROR = "error"
    WARNING = "warning"
    UNKNOWN = "unknown"


_WORDS = {
    Severity.ERROR: re.compile(
        "error|fatal|fehler|schwerwiegend|erreur|fatale|errore|irreversibile|erro|fout|fel|błąd|"
        "hata|kritisch|krytyczny|エラー|致命的|错误|ошибка|خطأ|त्रुटि"
    ),
    Severity.WARNING: re.compile(
        "warning|warnung|avertissement|avviso|avvertimento|advertencia|aviso|waarschuwing|"
        "varning|ostrzeżenie|uyar[\u0131i]|警告|предупреждение|تحذير|चेतावनी"
    ),
}
"""Lower case.  Source: reports of several marketplaces, and the words of their languages."""


@dataclass(frozen=True, slots=True)
class SentRow:
    """A row as it was sent, to know one's own result from another's."""

    order_id: str
    order_item_id: str


@dataclass(frozen=True, slots=True)
class RowResult:
    """The verdict on one row; ``record`` counts the data rows from 1."""

    record: int
    outcome: RowOutcome
    issues: tuple[Issue, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedVerdict:
    """The verdict on a feed: one result per row sent, in their order.

    ``file_issues`` are about the file as a whole.  ``unverified`` says why rows could not be
    settled; empty if all were.
    """

    rows: tuple[RowResult, ...]
    processed: int | None
    successful: int | None
    file_issues: tuple[Issue, ...] = ()
    unverified: str = ""


@dataclass(frozen=True, slots=True)
class _Said:
    """One line of the table."""

    record: int | None
    order_id: str
    order_item_id: str
    code: str
    severity: Severity
    message: str


def read_result(text: str, sent: Sequence[SentRow], *, truncated: bool = False) -> FeedVerdict:
    """Return the verdict on the rows ``sent``, in file order; any text at all gives one.

    A file-level error rejects all rows.  Rows named with an error are rejected; all others are
    accepted only if the counts say that nothing else failed.
    """
    lines = _LINE_END.split(text)
    start = next((n for n, line in enumerate(lines) if _is_table(line)), len(lines))
    processed, successful = _counts(lines[:start])
    said = _table(lines[start:])
    reason = _distrust(sent, said, processed, truncated=truncated)
    if reason:
        return _unverified(sent, processed, successful, reason)
    said = _named(said, sent, processed, successful)
    file_issues = tuple(_issue(each) for each in said if each.record == 0)
    if any(issue.is_error for issue in file_issues):
        rows = tuple(RowResult(n, RowOutcome.REJECTED, file_issues) for n in _records(sent))
        return FeedVerdict(rows, processed, successful, file_issues)
    return _row_by_row(said, sent, (processed, successful), file_issues)


def _row_by_row(
    said: Sequence[_Said],
    sent: Sequence[SentRow],
    counts: tuple[int | None, int | None],
    file_issues: tuple[Issue, ...],
) -> FeedVerdict:
    failed = {each.record for each in said if each.record and each.severity is Severity.ERROR}
    adds_up = counts == (len(sent), len(sent) - len(failed))
    rows = []
    for record in _records(sent):
        issues = tuple(_issue(each) for each in said if each.record == record)
        outcome = RowOutcome.UNVERIFIED
        if record in failed:
            outcome = RowOutcome.REJECTED
        elif adds_up:
            outcome = RowOutcome.ACCEPTED
        rows.append(RowResult(record, outcome, issues))
    unsettled = sum(row.outcome is RowOutcome.UNVERIFIED for row in rows)
    why = f"the counts do not settle {unsettled} of {len(sent)} rows" if unsettled else ""
    return FeedVerdict(tuple(rows), *counts, file_issues, why)


def _distrust(
    sent: Sequence[SentRow], said: Sequence[_Said], processed: int | None, *, truncated: bool
) -> str:
    """Return why the result means nothing at all; empty: it can be read."""
    if truncated:
        return "the result is cut off"
    if processed is None and not said:
        return "the result is empty or not a processing report"
    if any(each.record is None for each in said):
        return "the result has a line that names no row"
    if any(_is_foreign(each, sent) for each in said):
        return "the result names rows that were not sent; it is another feed's"
    if processed is not None and processed > len(sent):
        return f"the result speaks of {processed} rows, {len(sent)} were sent"
    return ""


def _is_foreign(said: _Said, sent: Sequence[SentRow]) -> bool:
    if not said.record:
        return False
    if said.record > len(sent):
        return True
    row = sent[said.record - 1]
    other_order = said.order_id not in ("", row.order_id)
    return other_order or said.order_item_id not in ("", row.order_item_id)


def _named(
    said: Sequence[_Said], sent: Sequence[SentRow], processed: int | None, successful: int | None
) -> list[_Said]:
    """Return the lines with unknown words told by the counts: errors, if so many rows failed."""
    known = {each.record for each in said if each.severity is Severity.ERROR}
    unknown = {each.record for each in said if each.severity is Severity.UNKNOWN} - known
    if not unknown or processed != len(sent) or successful is None:
        return list(said)
    failures = processed - successful - len(known - {0})
    if failures != len(unknown) or 0 in unknown:
        return list(said)
    return [
        replace(each, severity=Severity.ERROR) if each.severity is Severity.UNKNOWN else each
        for each in said
    ]


def _unverified(
    sent: Sequence[SentRow], processed: int | None, successful: int | None, why: str
) -> FeedVerdict:
    rows = tuple(RowResult(record, RowOutcome.UNVERIFIED) for record in _records(sent))
    return FeedVerdict(rows, processed, successful, (), why)


def _records(sent: Sequence[SentRow]) -> range:
    return range(1, len(sent) + 1)


def _issue(said: _Said) -> Issue:
    return Issue(said.code, said.severity is Severity.ERROR, said.message)


def _is_table(line: str) -> bool:
    return clean(line.split("\t", maxsplit=1)[0]).lower() == TABLE


def _counts(lines: Sequence[str]) -> tuple[int | None, int | None]:
    """Return the numbers at the end of the first two lines that end in one."""
    found = [int(match[1]) for line in lines if (match := _COUNT.search(line))]
    return (found[0], found[1]) if len(found) >= len(("processed", "successful")) else (None, None)


def _table(lines: Sequence[str]) -> list[_Said]:
    if not lines:
        return []
    names = [clean(name).lower() for name in lines[0].split("\t")]
    return [
        _said(dict(zip(names, map(clean, line.split("\t")), strict=False)))
        for line in lines[1:]
        if line.strip()
    ]


def _said(cells: Mapping[str, str]) -> _Said:
    number = cells.get(TABLE, "")
    return _Said(
        record=int(number) if _NUMBER.fullmatch(number) else None,
        order_id=cells.get("order-id", ""),
        order_item_id=cells.get("order-item-id", ""),
        code=cells.get("error-code", ""),
        severity=_severity(cells.get("error-type", "")),
        message=cells.get("error-message", "")[:LONGEST_MESSAGE],
    )


def _severity(word: str) -> Severity:
    plain = word.lower()
    return next((kind for kind, said in _WORDS.items() if said.fullmatch(plain)), Severity.UNKNOWN)
