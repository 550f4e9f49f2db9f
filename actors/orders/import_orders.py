"""Stage: create and update orders from a chunk of report lines.

    OrderLinesParsed  ->  OrdersImported

Every row of the chunk ends in the ledger as exactly one outcome.  Orders are written first, the
ledger entry last and once: a replay before it finds the orders as they are and comes to the same
outcomes (an order remembers which reports made or changed it), a replay after it changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actors.ports import Clock, Decide, Ledger, Orders, Policy, Reports
from actors.runtime.stage import stage
from domain.ledger import ChunkEntry
from domain.messages import OrderLinesParsed, OrdersImported, ParsedLine, ReportKind
from domain.order_import import ReportContext, decide, verdicts_after
from domain.order_lines import by_order


@stage(consumes=(OrderLinesParsed,), emits=(OrdersImported,), owed="report_parsed")
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
            marketplaces=policy.marketplaces,
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
    def wish_for(rows: Sequence[ParsedLine]) -> Decide:
        return lambda order: decide(order, rows, context, policy.first_seen).order

    rows_of = by_order(parsed.lines)
    stands = orders.change(parsed.account, {key: wish_for(rows) for key, rows in rows_of.items()})
    verdicts = [
        verdict
        for order_id, rows in rows_of.items()
        for verdict in verdicts_after(stands[order_id][0], rows, context, policy.first_seen)
    ]
    return ChunkEntry(
        account=parsed.account,
        report_id=parsed.report_id,
        chunk=parsed.chunk,
        verdicts=tuple(sorted(verdicts, key=lambda verdict: verdict.row)),
        rejected=parsed.rejected,
    )
