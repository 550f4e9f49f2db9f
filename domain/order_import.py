"""What the rows of a report do to an order: create it, change it, or nothing, and why.  Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.ledger import RowVerdict, SkipReason
from domain.messages import ParsedLine
from domain.orders import Order


class FirstSeen(StrEnum):
    """Which orders a report may create (setting ``order_import.first_seen``)."""

    OPEN_ORDERS = "open_orders"
    PENDING_ONLY = "pending_only"


@dataclass(frozen=True, slots=True)
class ReportContext:
    """The report the rows are from.

    ``marketplaces`` maps sales channels as reports spell them (``Amazon.com``, any case) to
    marketplace ids.  ``as_of`` is the moment the report speaks of, ``now`` our own time.
    """

    report_id: str
    account: str
    as_of: datetime
    now: datetime
    marketplaces: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Decision:
    """What to write (None: nothing) and what became of each row."""

    order: Order | None
    verdicts: tuple[RowVerdict, ...]


def decide(
    order: Order | None, rows: Sequence[ParsedLine], report: ReportContext, policy: FirstSeen
) -> Decision:
    """Decide about all rows of ONE order within one chunk, given the order as it is (or None)."""
    raise NotImplementedError


def verdicts_after(
    order: Order | None, rows: Sequence[ParsedLine], report: ReportContext, policy: FirstSeen
) -> tuple[RowVerdict, ...]:
    """Tell what became of the rows from the order as it now stands (None: unknown).

    Says the same on every replay and whoever won a race: *created* if the order's first report is
    this one, *updated* if this report is among its changes, else *unchanged*.
    """
    raise NotImplementedError


def explain_skip(reason: SkipReason) -> tuple[str, str]:
    """Return a sentence saying why the row was skipped, and one saying what to do."""
    raise NotImplementedError
