"""Why is this order here, not here, or as it is?  Evidence in, a story out.  Pure.

Every sentence rests on something that was recorded; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from cli.coverage import Coverage, coverage
from cli.output import place, short
from domain.ledger import RowOutcome, SkipReason
from domain.messages import ReportKind
from domain.order_import import explain_skip
from domain.order_shipping import CANCELLED_AFTER_SHIPPING
from domain.order_status import why_not_ready
from domain.orders import EnrichmentState, Order, Provenance
from domain.privacy import CAUSE
from domain.reports import Report, ReportState

AMAZON_ORDER_ID = re.compile(r"[A-Z0-9]{3}-\d{7}-\d{7}")
"""Source: order report attributes, amazon-order-id (3-7-7)."""


@dataclass(frozen=True, slots=True)
class SeenRow:
    """What became of a row about the order; ``detail`` says more about a rejected one."""

    account: str
    report_id: str
    row: int
    outcome: RowOutcome
    at: datetime | None = None
    reason: SkipReason | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is recorded about an order id in one account."""

    account: str
    order_id: str
    order: Order | None
    rows: tuple[SeenRow, ...]
    reports: tuple[Report, ...]
    """The account's order reports, the ones the rows are from among them."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened, and what tells so."""

    at: datetime | None
    what: str
    source: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer: ``standing`` is imported, skipped, rejected or never_seen."""

    account: str
    order_id: str
    standing: str
    verdict: str
    what_to_do: tuple[str, ...]
    facts: tuple[Fact, ...]
    packages: int = 0
    """Packages entered for it, whether or not the order is here."""


def explain(evidence: Evidence, *, placed_at: datetime | None = None) -> Explanation:
    """Tell the story.  ``placed_at`` helps only when no report ever carried the order."""
    if evidence.order is not None:
        standing, verdict, advice = "imported", *_imported(evidence.order)
    elif any(row.outcome is RowOutcome.SKIPPED for row in evidence.rows):
        standing, verdict, advice = "skipped", *_skipped(evidence)
    elif evidence.rows:
        standing, verdict, advice = "rejected", *_rejected(evidence)
    else:
        standing, verdict, advice = "never_seen", *_never_seen(evidence, placed_at)
    dated = [fact for fact in _facts(evidence) if fact.at is not None]
    undated = [fact for fact in _facts(evidence) if fact.at is None]
    facts = (*sorted(dated, key=lambda fact: str(fact.at)), *undated)
    return Explanation(evidence.account, evidence.order_id, standing, verdict, advice, facts)


Answer = tuple[str, tuple[str, ...]]

HOW_IT_CAME = {
    Provenance.REPORT: "created from report {report}, when first seen Pending",
    Provenance.RECOVERED: (
        "created from report {report} although past Pending:"
        " its Pending stage fell between two reports"
    ),
    Provenance.FETCHED: "read from Amazon by hand (orders fetch)",
}


def _imported(order: Order) -> Answer:
    came = HOW_IT_CAME[order.provenance].format(report=order.first_report_id)
    since = f"Amazon says {order.amazon_status} since {short(order.amazon_status_at)} UTC"
    verdict = f"It is here as {order.status.value} ({since}); {came}."
    return verdict, (*_shipping_advice(order), *_buyer_advice(order))


def _shipping_advice(order: Order) -> Iterator[str]:
    reasons = why_not_ready(order)
    if reasons:
        yield f"Not ready to ship: {'; '.join(reasons)}."
    else:
        yield "Ready to ship."
    if CANCELLED_AFTER_SHIPPING in order.flags:
        yield "It was cancelled after a package went out: the return is to be handled as usual."


def _buyer_advice(order: Order) -> Iterator[str]:
    if order.purged_at is not None:
        gone = f"The buyer's data was removed on {short(order.purged_at)} UTC"
        yield f"{gone} ({order.purge_note}); no later reading brings it back."
    match order.enrichment:
        case EnrichmentState.DUE:
            yield "Buyer and item ids come with the next reading of the account's orders."
        case EnrichmentState.INCOMPLETE_PENDING:
            yield "Amazon withholds buyer data while Pending; it is read again when that changes."
        case EnrichmentState.INCOMPLETE_ROLE:
            yield (
                f"Amazon left out {', '.join(order.missing)}: the application lacks a role"
                " (Direct-to-Consumer Delivery); tell your administrator. Tried again daily."
            )


def _skipped(evidence: Evidence) -> Answer:
    last = [row for row in evidence.rows if row.outcome is RowOutcome.SKIPPED][-1]
    assert last.reason is not None  # noqa: S101  a skipped row has a reason, the ledger says
    why, what_to_do = explain_skip(last.reason)
    return f"It was seen in report {last.report_id} and skipped: {why}", (what_to_do,)


def _rejected(evidence: Evidence) -> Answer:
    last = evidence.rows[-1]
    verdict = (
        f"Line {last.row} of report {last.report_id} was about it and could not be read"
        f" ({last.detail}), so nothing was imported."
    )
    return verdict, (_fetch(evidence), f"See all such lines: report show {last.report_id}.")


def _fetch(evidence: Evidence) -> str:
    return f"Read it now: orders fetch {evidence.order_id} --account {evidence.account}"


NO_ID = "{!r} is not how Amazon writes an order id (like 111-1234567-1234567)."
NONE_YET = (
    "No order report of this account has been complete yet, so nothing could have brought it."
)


def _never_seen(evidence: Evidence, placed_at: datetime | None) -> Answer:
    if not AMAZON_ORDER_ID.fullmatch(evidence.order_id):
        return NO_ID.format(evidence.order_id), ("Copy the id from Seller Central and ask again.",)
    covered = coverage(evidence.reports)
    if not any(each.spans for each in covered):
        return NONE_YET, ("Ask for one: report request. See what is wrong: check, report list.",)
    verdict = f"No report has carried it. {_compared(covered, placed_at)}"
    other = "Is it an order of another account or marketplace? `check` lists the configured ones."
    return verdict, (_fetch(evidence), other)


def _compared(covered: list[Coverage], placed_at: datetime | None) -> str:
    if placed_at is None:
        spans = "; ".join(_covers(each) for each in covered)
        return (
            f"Complete reports cover orders placed {spans}."
            " If it was placed at another time, no report covering its date has been complete yet."
        )
    day = short(placed_at)
    if any(each.holds(placed_at) for each in covered):
        return f"A complete report covers orders placed {day} UTC, and Amazon did not list it."
    return f"No report covering its date ({day} UTC) has been complete yet."


def _covers(each: Coverage) -> str:
    spans = ", ".join(f"from {short(span.start)} to {short(span.end)}" for span in each.spans)
    return f"in {place(each.marketplace)} {spans or 'never'}"


def _facts(evidence: Evidence) -> Iterator[Fact]:
    for row in evidence.rows:
        yield Fact(row.at, _row_fact(row), f"report {row.report_id}, line {row.row}")
    if evidence.order is not None:
        yield from _order_facts(evidence.order)
    if evidence.order is None and not evidence.rows:
        yield from (_report_fact(report) for report in evidence.reports if _matters(report))


def _row_fact(row: SeenRow) -> str:
    if row.reason is not None:
        return f"row skipped ({row.reason.value})"
    return f"row {row.outcome.value}{f': {row.detail}' if row.detail else ''}"


def _order_facts(order: Order) -> Iterator[Fact]:
    yield Fact(order.purchased_at, "placed on Amazon", order.sales_channel or "report")
    for entry in order.history:
        yield Fact(entry.at, entry.what, entry.cause)
    yield Fact(order.read_at, "last read from the Orders API", "Orders API")
    for item in order.items:
        if item.cancel_requested:
            yield Fact(None, f"the buyer asked to cancel {item.sku}", "Orders API")
    if order.purged_at is not None and not any(e.cause == CAUSE for e in order.history):
        # The history keeps its last hundred entries only; the tombstone stays.
        yield Fact(order.purged_at, f"buyer data removed: {order.purge_note}", CAUSE)
    if order.flags:
        yield Fact(None, f"flags: {', '.join(order.flags)}", "order")


def _matters(report: Report) -> bool:
    return report.kind is ReportKind.ORDERS and report.state is not ReportState.COMPLETE


def _report_fact(report: Report) -> Fact:
    window = f"orders placed {short(report.data_start)} to {short(report.data_end)}"
    reason = f": {report.reason}" if report.reason else ""
    at = report.closed_at or report.created_at or report.flow_started_at
    return Fact(
        at, f"report is {report.state.value}{reason} ({window})", f"report {report.report_id}"
    )
