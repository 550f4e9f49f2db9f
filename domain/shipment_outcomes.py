"""What a feed does to the shipments it carries.  Pure: facts only; then ``judged`` says the rest.

A verdict applies to the content its feed carried, whatever is wanted by now.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain.orders import Order
from domain.shipments import Issue, Line, Outbound, Reason, Shipment, ShipmentBook

VISIBLE_WITHIN = timedelta(hours=6)
FIRST_RETRY = timedelta(minutes=30)
LONGEST_RETRY = timedelta(hours=12)
_LAST_DOUBLING = 8


class RowOutcome(StrEnum):
    """What Amazon's verdict says of one row of a feed."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    UNVERIFIED = "unverified"
    """It says nothing that can be trusted."""


@dataclass(frozen=True, slots=True)
class ItemVerdict:
    """The verdict on one row: an order item in a package."""

    order_item_id: str
    outcome: RowOutcome
    issues: tuple[Issue, ...] = ()


Verdicts = Mapping[str, Sequence[ItemVerdict]]
"""The rows' verdicts by shipment id."""


def prepared(
    book: ShipmentBook, shipment_id: str, *, digest: str, feed: str, now: datetime
) -> ShipmentBook | None:
    """Return the book with a due shipment claimed by a feed; None: it is not due any more so.

    ``digest`` is the hash of the content the feed's file has been written with.
    """
    shipment = book.shipment(shipment_id)
    if shipment is None or not shipment.wanted == shipment.stands_for == digest:
        return None
    if shipment.feed == feed and shipment.in_feed == digest:
        return book
    if shipment.outbound is not Outbound.DUE:
        return None
    carried = replace(
        shipment,
        feed=feed,
        in_feed=digest,
        in_feed_lines=shipment.lines,
        submitted_at=None,
        send_again=False,
    )
    return book.with_shipment(carried.noted("put into a feed", cause=_cause(feed), at=now))


def submitted(book: ShipmentBook, feed: str, *, now: datetime) -> ShipmentBook:
    """Return the book after Amazon took the feed; the order counts as shipped from now on."""

    def sent(shipment: Shipment) -> Shipment:
        if shipment.submitted_at is not None:
            return shipment
        told = replace(shipment, submitted_at=now)
        return told.noted("sent to Amazon", cause=_cause(feed), at=now)

    return _each_in(book, feed, sent)


def with_verdicts(
    book: ShipmentBook, feed: str, verdicts: Verdicts, *, now: datetime
) -> ShipmentBook:
    """Return the book after Amazon's verdict on the rows of a feed; unverified ones stay in it."""

    def judged_by_amazon(shipment: Shipment) -> Shipment:
        rows = verdicts.get(shipment.shipment_id, ())
        outcomes = {row.outcome for row in rows}
        if RowOutcome.REJECTED in outcomes:
            return _refused(shipment, rows, _cause(feed), now)
        if outcomes == {RowOutcome.ACCEPTED}:
            issues = tuple(issue for row in rows for issue in row.issues)
            return _accepted(shipment, issues, _cause(feed), now)
        return shipment

    return _each_in(book, feed, judged_by_amazon)


def without_effect(book: ShipmentBook, feed: str, why: str, *, now: datetime) -> ShipmentBook:
    """Return the book after a feed that was never sent, or cancelled before it was processed."""

    def freed(shipment: Shipment) -> Shipment:
        back = replace(
            shipment,
            feed="",
            in_feed="",
            in_feed_lines=(),
            submitted_at=None,
            send_again=shipment.send_again or _goes_once_more(shipment),
        )
        return back.noted(f"goes again: {why}", cause=_cause(feed), at=now)

    return _each_in(book, feed, freed)


def with_unknown_effect(
    book: ShipmentBook, feed: str, members: Collection[str], why: str, *, now: datetime
) -> ShipmentBook:
    """Return the book after a feed of which nobody knows what took effect; its members go again.

    Released, FATAL, or processed after it was released (then it may have overtaken a newer feed,
    so members that are in that one go once more after it).  ``members`` are shipment ids.
    """
    for shipment_id in members:
        shipment = book.shipment(shipment_id)
        if shipment is None:
            continue
        if shipment.feed == feed and shipment.in_feed:
            maybe = _largest(shipment.maybe_lines, shipment.in_feed_lines)
            shipment = replace(shipment, feed="", in_feed="", in_feed_lines=(), maybe_lines=maybe)
        again = replace(shipment, send_again=True, submitted_at=None)
        book = book.with_shipment(again.noted(f"goes again: {why}", cause=_cause(feed), at=now))
    return book


def settled_by_reading(
    book: ShipmentBook, order: Order, feed: str, *, now: datetime
) -> ShipmentBook:
    """Return the book after reading the order's packages, when the feed's verdict said nothing."""

    def seen(shipment: Shipment) -> Shipment:
        if not is_visible(shipment, order, shipment.in_feed_lines):
            return shipment
        return _accepted(shipment, (), "packages at Amazon", now)

    return _each_in(book, feed, seen)


def retried(book: ShipmentBook, shipment_id: str, *, by: str, now: datetime) -> ShipmentBook:
    """Return the book with a refused shipment free to go again as it is."""
    shipment = book.shipment(shipment_id)
    if shipment is None or shipment.outbound is not Outbound.REFUSED:
        return book
    again = replace(shipment, refused="", refused_reason=Reason.NONE, refused_why="")
    return book.with_shipment(again.noted("to be tried again", cause=by, at=now))


def done_by_hand(book: ShipmentBook, shipment_id: str, *, by: str, now: datetime) -> ShipmentBook:
    """Return the book after somebody did in Seller Central what the file cannot say."""
    shipment = book.shipment(shipment_id)
    if shipment is None or shipment.outbound is not Outbound.MANUAL:
        return book
    done = replace(
        shipment, accepted=shipment.wanted, accepted_lines=shipment.lines, accepted_at=now
    )
    return book.with_shipment(done.noted("done in Seller Central", cause=by, at=now))


def retry_at(shipment: Shipment, transient_codes: Collection[str]) -> datetime | None:
    """Return when a refused shipment may be tried again by itself; None: never.

    Only if every error of Amazon is listed as transient; the wait doubles up to half a day.
    """
    errors = {issue.code for issue in shipment.issues if issue.is_error}
    by_amazon = shipment.outbound is Outbound.REFUSED and shipment.reason is Reason.AMAZON
    if not by_amazon or not errors or not errors <= set(transient_codes):
        return None
    doublings = min(max(shipment.refusals - 1, 0), _LAST_DOUBLING)
    return shipment.since + min(LONGEST_RETRY, FIRST_RETRY * int(2**doublings))


def is_visible(shipment: Shipment, order: Order, lines: Sequence[Line]) -> bool:
    """Whether Amazon shows the shipment's tracking number, with all these units in the package.

    A package of which Amazon does not say what is in it counts by its number.
    """
    wanted = _bare(shipment.content.tracking_number)
    found = [each for each in order.packages if _bare(each.tracking_number) == wanted]
    if not found or any(not package.items for package in found):
        return bool(found)
    shown: Counter[str] = Counter()
    for package in found:
        for item in package.items:
            shown[item.order_item_id] += item.quantity
    return all(shown[line.order_item_id] >= line.quantity for line in lines)


def is_not_applied(shipment: Shipment, order: Order, *, now: datetime) -> bool:
    """Whether Amazon accepted it hours ago, was read since, and still does not show it."""
    if shipment.outbound is not Outbound.ACCEPTED or shipment.accepted_at is None:
        return False
    read_since = order.read_at is not None and order.read_at > shipment.accepted_at
    is_late = now - shipment.accepted_at >= VISIBLE_WITHIN
    return is_late and read_since and not is_visible(shipment, order, shipment.accepted_lines)


def _each_in(book: ShipmentBook, feed: str, change: Callable[[Shipment], Shipment]) -> ShipmentBook:
    for shipment in book.shipments:
        if shipment.feed == feed and shipment.in_feed:
            book = book.with_shipment(change(shipment))
    return book


def _accepted(shipment: Shipment, issues: tuple[Issue, ...], cause: str, now: datetime) -> Shipment:
    accepted = replace(
        shipment,
        accepted=shipment.in_feed,
        accepted_lines=shipment.in_feed_lines,
        accepted_at=now,
        maybe_lines=(),
        in_feed="",
        in_feed_lines=(),
        refusals=0,
        issues=issues,
    )
    return accepted.noted("accepted by Amazon", cause=cause, at=now)


def _refused(
    shipment: Shipment, rows: Sequence[ItemVerdict], cause: str, now: datetime
) -> Shipment:
    doubtful = _lines_with(shipment, rows, RowOutcome.UNVERIFIED)
    before, accepted = shipment.accepted_lines, shipment.accepted
    if _goes_once_more(shipment):
        # Amazon took it once and refuses it now: which of the two holds is not known.
        doubtful, before, accepted = _largest(doubtful, before), (), ""
    issues = tuple(issue for row in rows for issue in row.issues)
    why = "; ".join(f"{issue.code} {issue.message}".strip() for issue in issues if issue.is_error)
    refused = replace(
        shipment,
        refused=shipment.in_feed,
        refused_reason=Reason.AMAZON,
        refused_why=why,
        refusals=shipment.refusals + 1,
        accepted=accepted,
        accepted_lines=_largest(before, _lines_with(shipment, rows, RowOutcome.ACCEPTED)),
        maybe_lines=_largest(shipment.maybe_lines, doubtful),
        in_feed="",
        in_feed_lines=(),
        submitted_at=None,
        issues=issues,
    )
    return refused.noted(f"refused by Amazon: {why}", cause=cause, at=now)


def _goes_once_more(shipment: Shipment) -> bool:
    """Whether its feed carries what Amazon has accepted before."""
    return bool(shipment.in_feed) and shipment.in_feed == shipment.accepted


def _lines_with(
    shipment: Shipment, rows: Sequence[ItemVerdict], outcome: RowOutcome
) -> tuple[Line, ...]:
    items = {row.order_item_id for row in rows if row.outcome is outcome}
    return tuple(line for line in shipment.in_feed_lines if line.order_item_id in items)


def _largest(one: Sequence[Line], other: Sequence[Line]) -> tuple[Line, ...]:
    units: dict[str, int] = {}
    for line in (*one, *other):
        units[line.order_item_id] = max(line.quantity, units.get(line.order_item_id, 0))
    return tuple(Line(item_id, quantity) for item_id, quantity in sorted(units.items()))


def _bare(tracking_number: str) -> str:
    return re.sub(r"[\W_]", "", tracking_number).upper()


def _cause(feed: str) -> str:
    return f"feed {feed}"
