"""Removing one buyer's data at once, because somebody asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from actors.app import App
from cli.output import short
from cli.revealing import who
from domain.order_status import OPEN, lifecycle
from domain.orders import Order
from domain.privacy import purged_on_request


@dataclass(frozen=True, slots=True)
class Forgotten:
    """The order as it now stands, and whether this call removed its buyer."""

    order: Order
    was_there: bool

    @property
    def outcome(self) -> str:
        """``removed``, or ``removed before``."""
        return "removed" if self.was_there else "removed before"

    def told(self) -> Iterator[str]:
        """Yield what to tell whoever asked."""
        at = f"{short(self.order.purged_at)} UTC"
        if not self.was_there:
            yield f"Nothing to do: it was removed at {at} ({self.order.purge_note})."
            return
        yield f"The buyer's data of {self.order.order_id} was removed at {at}."
        yield "No later reading brings it back; exports and backups made before are not reached."
        if lifecycle(self.order.amazon_status) in OPEN:
            yield "The order is still open: its address is in Seller Central only."


def forget_buyer(app: App, account: str, order_id: str, *, reason: str) -> Forgotten:
    """Remove the buyer's data of an order that is here; who and why stay with the order.

    Raises:
        Contended: others change the order all the time.
        Unavailable: the store is away.
    """
    by, now = who(), app.store.now()
    order, written = app.ports.orders.change(
        account,
        {order_id: lambda order: purged_on_request(order, who=by, why=reason, now=now)},
    )[order_id]
    assert order is not None  # noqa: S101  orders are never deleted
    return Forgotten(order, was_there=written)
