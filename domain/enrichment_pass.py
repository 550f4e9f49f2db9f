"""One enrichment pass per account: who runs it, and what it covers.  Pure values.

searchOrders has no filter by order id, so three hundred imported chunks must not cost three
hundred searches.  A pass that *starts* after a chunk was imported (strictly) covers its orders; it
serves the refresh of known orders too.  The holder is the id of the message that runs the pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Run:
    """Yours: run the pass from here.  ``page_token`` is set when an earlier run left off there.

    ``searched`` says that all pages are stored and only single reads are left.
    """

    started_at: datetime
    updated_after: datetime
    page_token: str | None
    searched: bool = False


@dataclass(frozen=True, slots=True)
class Busy:
    """Your own message is being worked on elsewhere (or its worker died): come back later."""

    retry_after_s: float


@dataclass(frozen=True, slots=True)
class Covered:
    """A pass that started late enough is through, or its holder will run one after this."""


Turn = Run | Busy | Covered
"""The answers to asking for a pass."""
