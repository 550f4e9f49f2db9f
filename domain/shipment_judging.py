"""Where every shipment of an order stands, derived from what is known.  Pure.

Run after anything changed: an entry came, the order was read, Amazon gave its verdict.  A shipment
is due only if what is wanted is none of what is in a feed, accepted or refused, so a corrected
number goes and a refused one is not sent for ever.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime

from domain.carriers import CarrierTable
from domain.orders import Order
from domain.shipment_events import announced, standing
from domain.shipment_joining import Verdict, claimed, gate, held, joined, units_missing
from domain.shipments import Line, Outbound, Reason, Shipment, ShipmentBook, corrected
from domain.tracking_numbers import format_warning

_DUE = Verdict(Outbound.DUE)


def judged(
    book: ShipmentBook, order: Order | None, carriers: CarrierTable, *, now: datetime
) -> ShipmentBook:
    """Return the book with every shipment where it stands; judging twice changes nothing more.

    What is at Amazon keeps its units; the rest is served in the order of entry, those last of
    which nobody knows yet whether they are packages of their own.  What becomes accepted, refused
    or manual is announced in the outbox.
    """
    return announced(book, _judged(book, order, carriers, now), order, now=now)


def _judged(
    book: ShipmentBook, order: Order | None, carriers: CarrierTable, now: datetime
) -> ShipmentBook:
    merged: ShipmentBook | None = book
    while merged is not None:
        book, merged = _round(merged, order, carriers, now)
    return book


def _round(
    book: ShipmentBook, order: Order | None, carriers: CarrierTable, now: datetime
) -> tuple[ShipmentBook, ShipmentBook | None]:
    """Return the judged book, or the book with one shipment less that has to be judged anew."""
    for shipment in sorted(book.shipments, key=_turn):
        meant = _meant(book, shipment, order)
        if meant is not None:
            cause = f"entry {shipment.content.source_event_id}"
            target = corrected(meant, shipment.content, cause=cause, now=now)
            return book, book.without(shipment.shipment_id).with_shipment(target)
        book = book.with_shipment(_stands(book, shipment, order, carriers, now))
    return book, None


def _turn(shipment: Shipment) -> tuple[bool, datetime, str]:
    return not shipment.is_decided, shipment.first_entered_at, shipment.shipment_id


def _stands(
    book: ShipmentBook,
    shipment: Shipment,
    order: Order | None,
    carriers: CarrierTable,
    now: datetime,
) -> Shipment:
    settled = _settled(shipment)
    if settled is not None:
        return _moved(shipment, settled, now)
    verdict, lines = _verdict(book, shipment, order)
    if verdict.outbound is Outbound.REFUSED:
        shipment = replace(
            shipment,
            refused=shipment.wanted,
            refused_reason=verdict.reason,
            refused_why=verdict.explanation,
            issues=(),
        )
    elif verdict.outbound is not Outbound.WAITING and order is not None:
        carrier = carriers.resolve(shipment.content.carrier, order.marketplace_id)
        doubt = format_warning(carrier.code, shipment.content.tracking_number)
        shipment = replace(
            shipment,
            is_decided=True,
            lines=lines,
            carrier_code=carrier.code,
            carrier_name=carrier.name,
            warnings=tuple(warning for warning in (carrier.warning, doubt) if warning),
        )
    return _moved(shipment, verdict, now)


def _settled(shipment: Shipment) -> Verdict | None:
    """Return where it stands if that needs no new judgement."""
    if shipment.in_feed:
        return Verdict(Outbound.IN_FEED)
    if shipment.wanted == shipment.accepted and not shipment.send_again:
        return Verdict(Outbound.ACCEPTED)
    if shipment.wanted == shipment.refused:
        return Verdict(Outbound.REFUSED, shipment.refused_reason, shipment.refused_why)
    return None


def _verdict(
    book: ShipmentBook, shipment: Shipment, order: Order | None
) -> tuple[Verdict, tuple[Line, ...]]:
    closed = gate(order)
    if closed is not None or order is None:
        return closed or _DUE, ()
    lines = joined(order, shipment.content.items)
    if isinstance(lines, Verdict):
        return lines, ()
    unsayable = _unsayable(book, shipment, lines)
    if unsayable is not None:
        return unsayable, lines
    missing = _missing(book, shipment, order, lines)
    if missing:
        return Verdict(Outbound.REFUSED, *_why_too_many(book, shipment, lines, missing)), ()
    return _DUE, lines


def _unsayable(book: ShipmentBook, shipment: Shipment, lines: tuple[Line, ...]) -> Verdict | None:
    """Return why Amazon's file cannot say this correction of what it has accepted."""
    if shipment.wanted == shipment.accepted:
        return None
    wanted = {line.order_item_id: line.quantity for line in lines}
    at_amazon = {
        line.order_item_id
        for each in book.shipments
        if each.shipment_id != shipment.shipment_id
        for line in each.accepted_lines
    }
    for line in shipment.accepted_lines:
        item = line.order_item_id
        if wanted.get(item, 0) < line.quantity:
            why = f"Amazon has accepted {line.quantity} units of item {item} in this package"
            return _by_hand(Reason.LOWER_QUANTITY, f"{why}; fewer can only be said")
        if item in at_amazon:
            why = f"Amazon has accepted several packages with item {item}"
            return _by_hand(Reason.SEVERAL_PACKAGES, f"{why}; which one changes can only be said")
    return None


def _by_hand(reason: Reason, why: str) -> Verdict:
    return Verdict(Outbound.MANUAL, reason, f"{why} in Seller Central")


def _missing(book: ShipmentBook, shipment: Shipment, order: Order, lines: tuple[Line, ...]) -> str:
    others: Counter[str] = Counter()
    ours: Counter[str] = Counter()
    for each in book.shipments:
        ours += held(each)
        if each.shipment_id != shipment.shipment_id:
            others += claimed(each) if _turn(each) < _turn(shipment) else held(each)
    return units_missing(order, lines, others=others, ours=ours)


def _why_too_many(
    book: ShipmentBook, shipment: Shipment, lines: tuple[Line, ...], missing: str
) -> tuple[Reason, str]:
    if shipment.is_decided or not _same_items(book, shipment, lines):
        return Reason.OVER_QUANTITY, missing
    why = f"{missing}, and several packages hold the same items"
    send = "send the shipment_ref of the package this corrects"
    return Reason.AMBIGUOUS_CORRECTION, f"{why}; {send}"


def _same_items(book: ShipmentBook, shipment: Shipment, lines: tuple[Line, ...]) -> list[Shipment]:
    """Return the packages that may be meant by an entry without a reference."""
    items = {line.order_item_id for line in lines}
    return [
        each
        for each in book.shipments
        if each.shipment_id != shipment.shipment_id
        and each.is_decided
        and claimed(each)
        and {line.order_item_id for line in each.lines or each.accepted_lines} == items
    ]


def _meant(book: ShipmentBook, shipment: Shipment, order: Order | None) -> Shipment | None:
    """Return the package that an entry without a reference speaks of, if it can mean but one.

    The very same content is the same package, told twice.  Other content corrects one only when
    there are no units left for another package: else it is one of its own.
    """
    if shipment.is_decided or _settled(shipment) is not None:
        return None
    if order is None or gate(order) is not None:
        return None
    twin = _twin(book, shipment)
    if twin is not None:
        return twin
    lines = joined(order, shipment.content.items)
    if isinstance(lines, Verdict) or not _missing(book, shipment, order, lines):
        return None
    meant = _same_items(book, shipment, lines)
    return meant[0] if len(meant) == 1 else None


def _twin(book: ShipmentBook, shipment: Shipment) -> Shipment | None:
    same = (each for each in book.shipments if each.wanted == shipment.wanted)
    return next((each for each in same if _turn(each) < _turn(shipment)), None)


def _moved(shipment: Shipment, verdict: Verdict, now: datetime) -> Shipment:
    """Return the shipment standing there, noted when it stood elsewhere."""
    stood = standing(shipment)
    moved = replace(
        shipment,
        outbound=verdict.outbound,
        reason=verdict.reason,
        explanation=verdict.explanation,
        stands_for=shipment.wanted,
    )
    if standing(moved) == stood:
        return moved
    why = f" ({verdict.reason}: {verdict.explanation})" if verdict.reason else ""
    # Who waits for something else now has been waiting all along: the alarm counts from then.
    waits_on = shipment.outbound is verdict.outbound is Outbound.WAITING
    moved = replace(moved, since=shipment.since if waits_on else now)
    return moved.noted(f"{verdict.outbound}{why}", cause="judged", at=now)
