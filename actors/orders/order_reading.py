"""One pass over an account's orders: pages of changes, then single orders.

Used by ``enrich_orders`` alone; here are the reads and writes, there is the order of things.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from actors.ports import AmazonOrders, Clock, Orders, Passes, Policy
from domain.enrichment_pass import Run
from domain.errors import (
    Malformed,
    NotYet,
    Refused,
    StalePageToken,
    Throttled,
    Transient,
    Waiting,
)
from domain.order_enrichment import apply
from domain.order_missing import not_found, unreadable
from domain.orders import AmazonOrder

CLOCKS_DIFFER = timedelta(minutes=5)
"""Orders fall due by a worker's clock, passes start by the store's; reading early is harmless."""
AT_LEAST_S = 20.0
"""Coming back for a single free call is not worth a message."""
LEASE_LOST = "the lease of the pass was lost to another worker"


@dataclass(frozen=True, slots=True)
class OrderReading:
    """The reads and writes of one pass, held by one message."""

    account: str
    holder: str
    passes: Passes
    orders: Orders
    amazon_orders: AmazonOrders
    clock: Clock
    policy: Policy

    def read(self, run: Run) -> Iterator[str]:
        """Read everything of the pass; yield the ids of the orders read.

        Raises:
            NotYet: quota is used up (the pass is kept for this message), or the lease is lost.
            Unavailable, Refused: Amazon's answer.
        """
        try:
            yield from self._all(run)
        except Waiting as wait:
            seconds = max(wait.retry_after_s, AT_LEAST_S)
            self.put_off(seconds)
            raise NotYet(str(wait), retry_after_s=seconds) from wait
        except Transient:
            self.put_off(0.0)  # The retry of this message goes on where this run stopped.
            raise
        self.finish()

    def _all(self, run: Run) -> Iterator[str]:
        try:
            yield from self.pages(run)
        except Throttled as search:
            # The quota of single reads is another one; use it while the search has to wait.
            yield from self.singles(run)
            raise search from None
        yield from self.singles(run)

    def pages(self, run: Run) -> Iterator[str]:
        """Store every page of changed orders that is left; yield the ids of the known ones.

        Raises:
            NotYet: the lease is lost.
            Waiting, Unavailable, Refused: Amazon's answer.
        """
        page_token, searched = run.page_token, run.searched
        while not searched:
            try:
                page = self.amazon_orders.search(
                    self.account, updated_after=run.updated_after, page_token=page_token
                )
            except StalePageToken:
                self.passes.restart_search(self.account, holder=self.holder)
                page_token = None
                continue
            yield from self._store(page.orders, source="searchOrders")
            self._note_unreadable(dict(page.unreadable), source="searchOrders")
            page_token, searched = page.next_token, page.next_token is None
            self._keep_lease(
                self.passes.page_stored(
                    self.account,
                    holder=self.holder,
                    next_token=page.next_token,
                    last_updated_before=page.last_updated_before,
                )
            )

    def singles(self, run: Run) -> Iterator[str]:
        """Read the orders that are due, nearest ship-by first, until none is left.

        Many that came in meanwhile are left to the next pass, whose search reads a hundred at
        once.  A run that has just searched reads some first: those may be what no search shows.

        Raises:
            NotYet: the lease is lost.
            Waiting, Unavailable, Refused: Amazon's answer.
        """
        done: set[str] = set()
        while due := self._due(run, done):
            if (run.searched or done) and self._is_better_searched_for(run):
                return
            for order_id in due:
                done.add(order_id)
                yield from self._read_one(order_id)
            self._keep_lease(self.passes.renew(self.account, holder=self.holder))

    def put_off(self, seconds: float) -> None:
        """Keep the pass for this message, which will be back in ``seconds``."""
        self.passes.put_off(self.account, holder=self.holder, seconds=seconds)

    def finish(self) -> None:
        """The pass is through."""
        self.passes.finish(self.account, holder=self.holder)

    def _is_better_searched_for(self, run: Run) -> bool:
        """Say whether a next pass is wanted anyway and would search for what waits."""
        if not self.passes.is_wanted_after(self.account, run.started_at):
            return False
        many = self.policy.search_from
        return self.orders.unread_since(self.account, at_least=many) is not None

    def _due(self, run: Run, done: set[str]) -> list[str]:
        before = run.started_at + CLOCKS_DIFFER
        limit = self.policy.singles_at_once
        due = self.orders.due_for_reading(self.account, before=before, limit=limit)
        return [order_id for order_id in due if order_id not in done]

    def _read_one(self, order_id: str) -> Iterator[str]:
        try:
            found = self.amazon_orders.get(self.account, order_id)
        except (Refused, Malformed) as exc:
            # It is about this one order; the others must not wait for it.
            self._note_unreadable({order_id: str(exc)}, source="getOrder")
            return
        if found is None:
            decide = partial(not_found, now=self.clock.now())
            self.orders.change(self.account, {order_id: decide})
        else:
            yield from self._store((found,), source="getOrder")

    def _note_unreadable(self, why_of: Mapping[str, str], *, source: str) -> None:
        now = self.clock.now()
        decide = {
            order_id: partial(unreadable, why=why, source=source, now=now)
            for order_id, why in why_of.items()
        }
        if decide:
            self.orders.change(self.account, decide)

    def _store(self, read: Sequence[AmazonOrder], *, source: str) -> Iterator[str]:
        now = self.clock.now()
        after = self.orders.change(
            self.account,
            {each.order_id: partial(apply, amazon=each, source=source, now=now) for each in read},
        )
        for order_id, (order, _) in after.items():
            if order is not None:
                yield order_id

    def _keep_lease(self, kept: bool) -> None:  # noqa: FBT001  the answer of a port
        if not kept:
            raise NotYet(LEASE_LOST, retry_after_s=0.0)
