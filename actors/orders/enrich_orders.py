"""Stage: read orders from the Orders API.  One pass per account serves everybody.

    OrdersImported, RefreshDue  ->  OrderEnriched, once per order read

A pass first searches everything that changed since the last one (refresh), page by page, then
reads singly what is left, nearest ship-by first.  Whoever comes while a pass runs only notes that
one is wanted; a pass that starts after a chunk was imported covers its orders.  An order is
written and announced before the page counts as stored, so a crash repeats a page and loses none.
"""

from __future__ import annotations

from collections.abc import Iterator

from actors.orders.order_reading import OrderReading
from actors.ports import AmazonOrders, Clock, Orders, Passes, Policy, Reports
from actors.runtime.stage import stage
from domain.enrichment_pass import Busy, Covered, Run
from domain.errors import NotYet
from domain.messages import OrderEnriched, OrdersImported, RefreshDue


@stage(consumes=(OrdersImported, RefreshDue), emits=(OrderEnriched,), owed="order_reading")
def enrich_orders(  # noqa: PLR0913  its ports
    trigger: OrdersImported | RefreshDue,
    *,
    passes: Passes,
    reports: Reports,
    orders: Orders,
    amazon_orders: AmazonOrders,
    policy: Policy,
    clock: Clock,
) -> Iterator[OrderEnriched]:
    """Run the account's pass if it is ours to run.

    Raises:
        Waiting: Amazon's quota is used up (the pass is kept for this message), or this very
            message is being worked on elsewhere.
        Unavailable, Refused: Amazon's answer.
    """
    if isinstance(trigger, OrdersImported) and _has_more_to_come(trigger, reports):
        return
    reading = OrderReading(
        trigger.account, trigger.event_id, passes, orders, amazon_orders, clock, policy
    )
    while True:
        turn = passes.take(
            trigger.account,
            holder=trigger.event_id,
            wanted_at=trigger.due_at if isinstance(trigger, RefreshDue) else trigger.imported_at,
            reach_back_to=orders.unread_since(trigger.account, at_least=policy.search_from),
        )
        match turn:
            case Covered():
                return
            case Busy(retry_after_s):
                raise NotYet("this pass is running elsewhere", retry_after_s=retry_after_s)
            case Run() as run:
                for order_id in reading.read(run):
                    yield OrderEnriched.following(trigger, key=order_id, order_id=order_id)


def _has_more_to_come(imported: OrdersImported, reports: Reports) -> bool:
    """Say whether the chunk's report is still being imported.

    Its last chunk, which closes it, starts the pass: a search before that would show orders we do
    not have yet, and they would have to be read one by one later.
    """
    report = reports.get(imported.report_id)
    return report is not None and report.is_open
