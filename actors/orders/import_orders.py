"""Stage: create and update orders from a chunk of report lines.

    OrderLinesParsed  ->  OrdersImported

Every row of the chunk ends in the ledger as exactly one outcome.  Orders are written first, the
ledger entry last and once: a replay before it finds the orders as they are and comes to the same
outcomes (an order remembers which reports made or changed it), a replay after it changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from actors.ports import Clock, Ledger, Orders, Policy, Reports
from actors.runtime.stage import stage
from domain.ledger import ChunkEntry
from domain.messages import OrderLinesParsed, OrdersImported, ParsedLine, ReportKind
from domain.order_import import ReportContext, by_order, decide, verdicts_after


@stage(consumes=(OrderLinesParsed,), emits=(OrdersImported,))
def import_orders(
    parsed: OrderLinesParsed,
    *,
    orders: Orders,
    ledger: Ledger,
    reports: Reports,
    policy: Policy,
    clock: Clock,
) -> Iterator[OrdersImported]:
    """Bring the orders of the chunk into the store and account for every row.

    Raises:
        Contended: other workers were changing the same orders all the time.
        Unavailable: the store does not answer.
    """
    entry = ledger.entry(parsed.report_id, parsed.chunk)
    if entry is None:
        context = ReportContext(
            report_id=parsed.report_id,
            as_of=parsed.report_as_of,
            account=parsed.account,
            marketplace_of=policy.marketplace_of,
            now=clock.now(),
        )
        entry = ledger.record(
            _import(parsed, context, orders=orders, policy=policy), kind=ReportKind.ORDERS
        )
    reports.close_if_accounted(parsed.report_id)
    yield OrdersImported.following(
        parsed,
        report_id=parsed.report_id,
        chunk=parsed.chunk,
        imported_at=entry.imported_at,
    )


def _import(
    parsed: OrderLinesParsed, context: ReportContext, *, orders: Orders, policy: Policy
) -> ChunkEntry:
    rows: Mapping[str, tuple[ParsedLine, ...]] = by_order(parsed.lines)
    outcome = orders.change(
        parsed.account,
        {
            order_id: partial(decide, rows=lines, report=context, policy=policy.first_seen)
            for order_id, lines in rows.items()
        },
    )
    verdicts = (
        verdict
        for order_id, lines in rows.items()
        for verdict in verdicts_after(
            outcome[order_id], rows=lines, report=context, policy=policy.first_seen
        )
    )
    return ChunkEntry(
        account=parsed.account,
        report_id=parsed.report_id,
        chunk=parsed.chunk,
        verdicts=tuple(sorted(verdicts, key=lambda verdict: verdict.row)),
        rejected=parsed.rejected,
    )
