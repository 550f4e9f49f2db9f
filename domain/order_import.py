"""What the rows of a report do to an order: create it, change it, or nothing, and why.  Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from domain.first_seen import (
    EXPLANATIONS,
    SELLER_FULFILLED,
    FirstSeen,
    not_ours,
    refused_at_first,
)
from domain.ledger import RowOutcome, RowVerdict, SkipReason
from domain.messages import ParsedLine
from domain.order_changes import (
    announced,
    flagged,
    noted,
    stage_began,
    with_amazon_status,
)
from domain.order_lines import report_lines, speaks_later, with_lines
from domain.order_status import (
    NOT_PAID,
    Lifecycle,
    StatusFact,
    lifecycle,
    newest,
    status_fact,
)
from domain.orders import Order, OrderStatus, Provenance, ReportChange

__all__ = [
    "Decision",
    "FirstSeen",
    "ReportContext",
    "decide",
    "explain_skip",
    "verdicts_after",
]

CHANGES_KEPT = 8


@dataclass(frozen=True, slots=True)
class ReportContext:
    """The report the rows are from.

    ``marketplaces`` maps sales channels as reports spell them (``Amazon.com``, any case) to
    marketplace ids.  ``as_of`` is the moment the report speaks of, ``now`` our own time.
    """

    report_id: str
    account: str
    as_of: datetime
    now: datetime
    marketplaces: Mapping[str, str]

    @property
    def cause(self) -> str:
        """How the history names this report."""
        return f"report {self.report_id}"


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write (None: nothing) and what became of each row."""

    order: Order | None
    verdicts: tuple[RowVerdict, ...]


def decide(
    order: Order | None, rows: Sequence[ParsedLine], report: ReportContext, policy: FirstSeen
) -> Decision:
    """Decide about all rows of ONE order within one chunk, given the order as it is (or None)."""
    ours = [row for row in rows if not_ours(row) is None]
    changed = None
    if ours and order is not None:
        changed = _updated(order, ours, report)
    elif ours and refused_at_first(_stage(ours), policy) is None:
        changed = _created(ours, report)
    return Decision(changed, verdicts_after(changed or order, rows, report, policy))


def verdicts_after(
    order: Order | None, rows: Sequence[ParsedLine], report: ReportContext, policy: FirstSeen
) -> tuple[RowVerdict, ...]:
    """Tell what became of the rows from the order as it now stands (None: unknown).

    Says the same on every replay and whoever won a race: *created* if the order's first report is
    this one, *updated* if this report is among its changes, else *unchanged*.
    """
    ours = [row for row in rows if not_ours(row) is None]
    shared = _skipped_at_first(ours, policy) if order is None else _outcome(order, report)
    return tuple(
        RowVerdict(row.row, row.order_id, RowOutcome.SKIPPED, reason)
        if (reason := not_ours(row))
        else replace(shared, row=row.row, order_id=row.order_id)
        for row in rows
    )


def explain_skip(reason: SkipReason) -> tuple[str, str]:
    """Return a sentence saying why the row was skipped, and one saying what to do."""
    return EXPLANATIONS[reason]


def _outcome(order: Order, report: ReportContext) -> RowVerdict:
    if order.first_report_id == report.report_id:
        recovered = order.provenance is Provenance.RECOVERED
        return RowVerdict(0, "", RowOutcome.CREATED, recovered=recovered)
    changed_it = any(change.report_id == report.report_id for change in order.changes)
    return RowVerdict(0, "", RowOutcome.UPDATED if changed_it else RowOutcome.UNCHANGED)


def _skipped_at_first(ours: Sequence[ParsedLine], policy: FirstSeen) -> RowVerdict:
    # Rows that may create an order never meet an absent one: the order is there by now.  Had it
    # been purged in between, they would count as of unknown status rather than be lost.
    reason = refused_at_first(_stage(ours), policy) or SkipReason.UNKNOWN_STATUS
    return RowVerdict(0, "", RowOutcome.SKIPPED, reason)


def _stage(rows: Sequence[ParsedLine]) -> Lifecycle:
    """Return the stage of a new order.

    The report's status is the whole order's, repeated on each of its rows (an item's own is in
    ``item-status``), so rows that disagree are two looks at one order: the newer counts, and of
    two at the same time the one further along, as for known orders.
    """
    fact = newest(_facts(rows))
    return Lifecycle.UNKNOWN if fact is None else lifecycle(fact.text)


def _facts(rows: Sequence[ParsedLine]) -> list[StatusFact]:
    return [
        status_fact(row.status, row.last_updated_at, purchased_at=row.purchased_at) for row in rows
    ]


def _created(rows: Sequence[ParsedLine], report: ReportContext) -> Order:
    fact = newest(_facts(rows))
    if fact is None:
        raise AssertionError("a row of unknown status creates no order")
    paid = lifecycle(fact.text) not in NOT_PAID
    purchased_at = min(row.purchased_at for row in rows)
    order = Order(
        account=report.account,
        order_id=rows[0].order_id,
        status=OrderStatus.NEW,
        amazon_status=fact.text,
        amazon_status_at=fact.at,
        amazon_stage_since=stage_began(fact, purchased_at, report.now),
        purchased_at=purchased_at,
        provenance=Provenance.RECOVERED if paid else Provenance.REPORT,
        first_report_id=report.report_id,
        lines=report_lines(rows, report.report_id),
        lines_as_of=report.as_of,
        lines_report_id=report.report_id,
        changes=(ReportChange(report.report_id, "created"),),
        next_read_at=report.now,
    )
    order = _described(order, rows, report)
    what = f"imported, Amazon says {fact.text}" + (", first seen after Pending" if paid else "")
    order = noted(order, what, cause=report.cause, at=report.now)
    order = announced(order, "order.imported", at=report.now, provenance=str(order.provenance))
    return _with_facts(order, rows, report)


def _updated(order: Order, rows: Sequence[ParsedLine], report: ReportContext) -> Order | None:
    changed = _with_facts(order, rows, report)
    if speaks_later(order, report_id=report.report_id, as_of=report.as_of):
        changed = _described(changed, rows, report)
    lined = with_lines(changed, rows, report_id=report.report_id, as_of=report.as_of)
    if lined.lines != changed.lines:
        what = f"report lines: {len(order.lines)} -> {len(lined.lines)}, contents changed"
        lined = noted(lined, what, cause=report.cause, at=report.now)
    if lined == order:
        return None
    was_told = any(change.report_id == report.report_id for change in order.changes)
    if was_told or lined == replace(order, gathering=lined.gathering):
        return lined
    changes = (*order.changes, ReportChange(report.report_id, "updated"))
    return replace(lined, changes=changes[-CHANGES_KEPT:])


def _with_facts(order: Order, rows: Sequence[ParsedLine], report: ReportContext) -> Order:
    """Take over the newest thing the rows say of the status, and flag unknown words."""
    facts = _facts(rows)
    said = [fact for fact in facts if lifecycle(fact.text) is Lifecycle.UNKNOWN]
    said.sort(key=lambda fact: fact.text)
    latest = newest(facts)
    for fact in (*said, *([latest] if latest else [])):
        order = with_amazon_status(order, fact, cause=report.cause, now=report.now)
    return order


def _described(order: Order, rows: Sequence[ParsedLine], report: ReportContext) -> Order:
    """Take over what the rows say of the whole order; absent never overwrites stored."""
    sales_channel = _any(row.sales_channel for row in rows)
    channel = _any(row.fulfillment_channel for row in rows)
    business = [row.is_business_order for row in rows if row.is_business_order is not None]
    order = replace(
        order,
        sales_channel=order.sales_channel or sales_channel,
        marketplace_id=order.marketplace_id or _marketplace(sales_channel, report),
        merchant_order_id=order.merchant_order_id or _any(row.merchant_order_id for row in rows),
        ship_service_level=_any(row.ship_service_level for row in rows) or order.ship_service_level,
        is_business_order=any(business) if business else order.is_business_order,
    )
    if not order.marketplace_id:
        order = flagged(order, "unknown_sales_channel", cause=report.cause, at=report.now)
    if channel.lower() not in SELLER_FULFILLED and not order.items:
        order = flagged(order, "unknown_fulfillment_channel", cause=report.cause, at=report.now)
    return order


def _any(values: Iterable[str]) -> str:
    """Return a value that is not blank, the same one in whatever order the rows come."""
    return min((value for value in values if value), default="")


def _marketplace(sales_channel: str, report: ReportContext) -> str:
    wanted = sales_channel.lower()
    found = (id_ for name, id_ in report.marketplaces.items() if name.lower() == wanted)
    return next(found, "")
