"""Reading one order from Amazon now: created, updated, or a sentence saying why not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from actors.app import App
from cli.explaining import AMAZON_ORDER_ID, NO_ID
from cli.failing import Stop
from domain.messages import OrderEnriched
from domain.order_enrichment import FetchRefused, apply, fetched
from domain.orders import Order

SOURCE = "getOrder by hand"


@dataclass(frozen=True, slots=True)
class Fetched:
    """The order as it now stands, and whether it was created, updated or already so."""

    order: Order
    outcome: str


def fetch_order(app: App, account: str, order_id: str) -> Fetched:
    """Read an order from Amazon and create or update ours.

    Raises:
        Stop: it is no order id, Amazon does not know it, or it is not ours to keep.
        Waiting, Unavailable, Refused: Amazon's answer.
    """
    if not AMAZON_ORDER_ID.fullmatch(order_id):
        raise Stop(NO_ID.format(order_id))
    amazon = app.ports.amazon_orders.get(account, order_id)
    if amazon is None:
        raise Stop(
            f"Amazon knows no order {order_id} of account {account}: check the id and the account"
        )
    now = datetime.now(UTC)
    new = fetched(account, amazon, now=now)
    before: list[Order | None] = []

    def decide(order: Order | None) -> Order | None:
        before[:] = [order]
        if order is not None:
            return apply(order, amazon, source=SOURCE, now=now)
        return None if isinstance(new, FetchRefused) else new

    order, written = app.ports.orders.change(account, {order_id: decide})[order_id]
    if order is None:
        reason = new.reason if isinstance(new, FetchRefused) else "it was not kept"
        raise Stop(f"{order_id} is not imported: {reason}")
    app.publish(
        OrderEnriched.first(key=f"by hand/{now}", account=account, at=now, order_id=order_id)
    )
    if before == [None] and written:
        return Fetched(order, "created")
    return Fetched(order, "updated" if written else "unchanged")
