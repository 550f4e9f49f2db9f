"""One pass over an account's orders: pages of changes, then single orders.

Used by ``enrich_orders`` alone; here are the reads and writes, there is the order of things.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import partial

from actors.ports import AmazonOrders, Clock, Orders, Passes
from domain.enrichment_pass import Run
from domain.errors import Malformed, NotYet, Refused, StalePageToken
from domain.order_enrichment import apply
from domain.order_missing import not_found, unreadable
from domain.orders import AmazonOrder

CLOCKS_DIFFER = timedelta(minutes=5)
"""Orders fall due by a worker's clock, passes start by the store's; reading early is harmless."""
LEASE_LOST = "the lease of the pass was lost to another worker"


class OrderReading:
    """The reads and writes of one pass, held by one message."""

    def __init__(
        self,
        account: str,
        holder: str,
        passes: Passes,
        orders: Orders,
        amazon_orders: AmazonOrders,
        clock: Clock,
    ) -> None:
        self._account, self._holder = account, holder
        self._passes, self._orders, self._amazon_orders = passes, orders, amazon_orders
        self._clock = clock

    def pages(self, run: Run) -> Iterator[str]:
        """Store every page of changed orders that is left; yield the ids of the known ones.

        Raises:
            NotYet: the lease is lost.
            Waiting, Unavailable, Refused: Amazon's answer.
        """
        page_token, searched = run.page_token, run.searched
        while not searched:
            try:
                page = self._amazon_orders.search(
                    self._account, updated_after=run.updated_after, page_token=page_token
                )
            except StalePageToken:
                self._passes.restart_search(self._account, holder=self._holder)
                page_token = None
                continue
            yield from self._store(page.orders, source="searchOrders")
            self._note_unreadable(dict(page.unreadable), source="searchOrders")
            page_token, searched = page.next_token, page.next_token is None
            self._keep_lease(
                self._passes.page_stored(
                    self._account,
                    holder=self._holder,
                    next_token=page.next_token,
                    last_updated_before=page.last_updated_before,
                )
            )

    def singles(self, run: Run, at_once: int) -> Iterator[str]:
        """Read the orders that are due, nearest ship-by first, until none is left.

        Raises:
            NotYet: the lease is lost.
            Waiting, Unavailable, Refused: Amazon's answer.
        """
        done: set[str] = set()
        while due := self._due(run, at_once, done):
            for order_id in due:
                done.add(order_id)
                yield from self._read_one(order_id)
            self._keep_lease(self._passes.renew(self._account, holder=self._holder))

    def put_off(self, seconds: float) -> None:
        """Keep the pass for this message, which will be back in ``seconds``."""
        self._passes.put_off(self._account, holder=self._holder, seconds=seconds)

    def finish(self) -> None:
        """The pass is through."""
        self._passes.finish(self._account, holder=self._holder)

    def _due(self, run: Run, at_once: int, done: set[str]) -> list[str]:
        before = run.started_at + CLOCKS_DIFFER
        due = self._orders.due_for_reading(self._account, before=before, limit=at_once)
        return [order_id for order_id in due if order_id not in done]

    def _read_one(self, order_id: str) -> Iterator[str]:
        try:
            found = self._amazon_orders.get(self._account, order_id)
        except (Refused, Malformed) as exc:
            # It is about this one order; the others must not wait for it.
            self._note_unreadable({order_id: str(exc)}, source="getOrder")
            return
        if found is None:
            decide = partial(not_found, now=self._clock.now())
            self._orders.change(self._account, {order_id: decide})
        else:
            yield from self._store((found,), source="getOrder")

    def _note_unreadable(self, why_of: Mapping[str, str], *, source: str) -> None:
        now = self._clock.now()
        decide = {
            order_id: partial(unreadable, why=why, source=source, now=now)
            for order_id, why in why_of.items()
        }
        if decide:
            self._orders.change(self._account, decide)

    def _store(self, read: Sequence[AmazonOrder], *, source: str) -> Iterator[str]:
        now = self._clock.now()
        after = self._orders.change(
            self._account,
            {each.order_id: partial(apply, amazon=each, source=source, now=now) for each in read},
        )
        for order_id, (order, _) in after.items():
            if order is not None:
                yield order_id

    def _keep_lease(self, kept: bool) -> None:  # noqa: FBT001  the answer of a port
        if not kept:
            raise NotYet(LEASE_LOST, retry_after_s=0.0)
