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
from actors.ports import AmazonOrders, Clock, Orders, Passes, Policy
from actors.runtime.stage import stage
from domain.enrichment_pass import Busy, Covered, Run
from domain.errors import NotYet, Throttled, Transient, Waiting
from domain.messages import OrderEnriched, OrdersImported, RefreshDue

AT_LEAST_S = 20.0
"""Coming back for a single free call is not worth a message."""


@stage(consumes=(OrdersImported, RefreshDue), emits=(OrderEnriched,))
def enrich_orders(
    trigger: OrdersImported | RefreshDue,
    *,
    passes: Passes,
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
    wanted_at = trigger.due_at if isinstance(trigger, RefreshDue) else trigger.imported_at
    reading = OrderReading(trigger.account, trigger.event_id, passes, orders, amazon_orders, clock)
    while True:
        match passes.take(trigger.account, holder=trigger.event_id, wanted_at=wanted_at):
            case Covered():
                return
            case Busy(retry_after_s):
                raise NotYet("this pass is running elsewhere", retry_after_s=retry_after_s)
            case Run() as run:
                for order_id in _read_all(run, reading, policy):
                    yield OrderEnriched.following(trigger, key=order_id, order_id=order_id)


def _read_all(run: Run, reading: OrderReading, policy: Policy) -> Iterator[str]:
    try:
        try:
            yield from reading.pages(run)
        except Throttled as search:
            # The quota of single reads is another one; use it while the search has to wait.
            yield from reading.singles(run, policy.singles_at_once)
            raise search from None
        yield from reading.singles(run, policy.singles_at_once)
    except Waiting as wait:
        seconds = max(wait.retry_after_s, AT_LEAST_S)
        reading.put_off(seconds)
        raise NotYet(str(wait), retry_after_s=seconds) from wait
    except Transient:
        reading.put_off(0.0)  # The retry of this message goes on where this run stopped.
        raise
    reading.finish()
