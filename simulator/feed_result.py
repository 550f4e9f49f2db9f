"""The processing report of a fulfillment feed, in Amazon's layout.

Source: verbatim samples in amzn/selling-partner-api-docs 133 and 457; words for Error and Warning
by marketplace as rival products parse them.  Without a table everything was accepted.
"""

from __future__ import annotations

from collections.abc import Sequence

from simulator.fulfillment_file import ERROR, FATAL, WARNING, Issue

WORDS = {
    "de": {ERROR: "Fehler", WARNING: "Warnung", FATAL: "Schwerwiegend"},
    "fr": {ERROR: "Erreur", WARNING: "Avertissement", FATAL: "Fatale"},
    "it": {ERROR: "Errore", WARNING: "Avviso", FATAL: "Irreversibile"},
    "es": {ERROR: "Error", WARNING: "Advertencia", FATAL: "Grave"},
    "ja": {ERROR: "エラー", WARNING: "警告", FATAL: "致命的"},
}
"""Severity words by language; every other marketplace has the English ones."""

HEADINGS = (
    "original-record-number",
    "order-id",
    "order-item-id",
    "error-code",
    "error-type",
    "error-message",
)


def render(processed: int, successful: int, issues: Sequence[Issue], language: str) -> str:
    """Return the report's text."""
    lines = [
        "Feed Processing Summary:",
        f"\tNumber of records processed\t\t{processed}",
        f"\tNumber of records successful\t\t{successful}",
        "",
    ]
    if issues:
        words = WORDS.get(language, {})
        lines.append("\t".join(HEADINGS))
        lines += [_line(issue, words.get(issue.severity, issue.severity)) for issue in issues]
    return "\n".join(lines) + "\n"


def _line(issue: Issue, severity: str) -> str:
    cells = (
        str(issue.record),
        issue.order_id,
        issue.order_item_id,
        issue.code,
        severity,
        issue.message,
    )
    return "\t".join(" ".join(cell.split()) for cell in cells)
