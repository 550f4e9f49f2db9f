"""The daily removal of buyer data: every order that has been over for long enough loses its buyer.

A chore of the scheduler.  It only finds the orders; whether one is due is decided again
(``domain.privacy``) on the order as it is when it is written, under the guard of its revision: a
reading at the same moment can neither bring the buyer back nor be lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from actors.store_ports import Orders
from domain.privacy import OverOrder, purged_by_age

log = structlog.get_logger(__name__)

AT_ONCE = 500


class KeptBuyers(Protocol):
    """Orders by when they are over (store)."""

    def now(self) -> datetime:
        """Return the store's time."""
        ...

    def over(
        self, *, before: datetime, behind: OverOrder | None = None, limit: int
    ) -> Sequence[OverOrder]:
        """Return orders that were over at that time and have their buyer, longest over first."""
        ...


@dataclass(frozen=True, slots=True)
class PrivacyPorts:
    """What the removal needs.  ``kept`` is how long a buyer is kept after the order is over."""

    buyers: KeptBuyers
    orders: Orders
    kept: timedelta


def remove_buyers(ports: PrivacyPorts, keep: Callable[[], None] = lambda: None) -> int:
    """Remove every buyer whose time is over; return how many.

    ``keep`` is called between batches, to keep the scheduler's claim.  Again is harmless, and a
    pass that is cut off is gone on with by the next one.

    Raises:
        Unavailable: the store is away.
    """
    now, removed = ports.buyers.now(), 0
    page = ports.buyers.over(before=now - ports.kept, limit=AT_ONCE)
    while page:
        keep()
        removed += sum(_remove(ports, account, page, now) for account in _accounts(page))
        page = ports.buyers.over(before=now - ports.kept, behind=page[-1], limit=AT_ONCE)
    log.info("buyers_removed", orders=removed)
    return removed


def _remove(ports: PrivacyPorts, account: str, page: Sequence[OverOrder], now: datetime) -> int:
    decide = partial(purged_by_age, kept=ports.kept, now=now)
    mine = {each.order_id: decide for each in page if each.account == account}
    return sum(written for _, written in ports.orders.change(account, mine).values())


def _accounts(page: Sequence[OverOrder]) -> list[str]:
    return sorted({each.account for each in page})
