"""Confirming shipments: what a row of a fulfillment file does to an order, or why it cannot.

The codes 25441 (order-id) and 90012 (missing value) are Amazon's.  A list of all codes was never
published: the others here stand in for it, and nothing should depend on which they are.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from simulator.clock import parse_iso
from simulator.fulfillment_file import ERROR, WARNING, Issue, Row
from simulator.orders import PARTIALLY_SHIPPED, SHIPPED, UNSHIPPED, Item, Order, Package

LONGEST_CARRIER_NAME = 50
_CARRIERS = json.loads(Path(__file__).with_name("carriers.json").read_text("utf-8"))
CARRIER_CODES = frozenset(_CARRIERS["codes"])
"""Source: CarrierCode of amzn-base.xsd (2021); matched exactly, case included."""
_WITHOUT_OTHER = frozenset(_CARRIERS["without_other"])

_TRACKING_FORMATS = {
    "UPS": r"1Z[0-9A-Z]{16}|\d{9}|\d{12}|\d{18}|T\d{10}",
    "USPS": r"\d{20}|\d{22}|\d{26}|\d{30}|\d{34}|[A-Z]{2}\d{9}US",
    "FedEx": r"\d{12}|\d{15}|\d{20}|\d{22}",
    "DHL": r"\d{10}|\d{11}|[A-Z]{3}\d{7,17}|JJD\d{12,20}",
    "Royal Mail": r"[A-Z]{2}\d{9}GB|\d{16}",
}
"""A mismatch is a warning only: the shipment is confirmed all the same."""


def confirm(order: Order | None, row: Row, now: datetime) -> list[Issue]:
    """Confirm what a row says; return what is wrong with it (any Error: nothing was confirmed)."""
    if order is None:
        return [row.issue("25441", ERROR, "The order-id is invalid. Check the order-id.")]
    issues = _objections(order, row, now)
    if not issues:
        issues = _pack(order, row, now)
    if not any(issue.severity == ERROR for issue in issues):
        issues += _format_warning(row)
    return issues


def _objections(order: Order, row: Row, now: datetime) -> list[Issue]:
    """Check everything that does not depend on other rows."""
    issues = [_missing(row, name) for name, value in _required(row) if not value]
    if order.fulfilled_by != "MERCHANT":
        issues.append(row.issue("18027", ERROR, "Amazon fulfills this order."))
    elif order.status not in (UNSHIPPED, PARTIALLY_SHIPPED, SHIPPED):
        issues.append(row.issue("18027", ERROR, f"The order is {order.status.lower()}."))
    if row.order_item_id and order.item(row.order_item_id) is None:
        issues.append(row.issue("18028", ERROR, "The order-item-id is not part of the order."))
    if row.quantity and not re.fullmatch(r"0*[1-9][0-9]*", row.quantity):
        issues.append(row.issue("18029", ERROR, "The quantity must be a positive integer."))
    if row.quantity and not row.order_item_id:
        issues.append(row.issue("18029", ERROR, "A quantity needs an order-item-id."))
    if row.ship_date and (why := _bad_date(order, row.ship_date, now)):
        issues.append(row.issue("18030", ERROR, why))
    if row.carrier_code and (why := _bad_carrier(order, row)):
        issues.append(row.issue("18031", ERROR, why))
    return issues


def _required(row: Row) -> tuple[tuple[str, str], ...]:
    return (("ship-date", row.ship_date), ("carrier-code", row.carrier_code))


def _missing(row: Row, name: str) -> Issue:
    return row.issue("90012", ERROR, f"The required {name} is missing.")


def _bad_carrier(order: Order, row: Row) -> str:
    if row.carrier_code != "Other":
        known = row.carrier_code in CARRIER_CODES
        return "" if known else f"The carrier-code {row.carrier_code} is not valid."
    if order.marketplace_id in _WITHOUT_OTHER:
        return "The carrier-code Other is not valid in this marketplace."
    if not 1 <= len(row.carrier_name) <= LONGEST_CARRIER_NAME:
        return "The carrier-code Other needs a carrier-name of 1 to 50 characters."
    return ""


def _bad_date(order: Order, raw: str, now: datetime) -> str:
    """A date without a time is taken as the seller's, wherever that is."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", raw):
        earliest, latest = _somewhere(order.placed_at, -12), _somewhere(now, 14)
        try:
            day = date.fromisoformat(raw)
        except ValueError:
            return "The ship-date is not a date."
        return "" if earliest <= day <= latest else "The ship-date is out of range."
    try:
        moment = parse_iso(raw)
    except ValueError:
        return "The ship-date is not a date."
    placed = order.placed_at - timedelta(seconds=1)  # The file may leave the fraction out.
    return "" if placed <= moment <= now else "The ship-date is out of range."


def _somewhere(moment: datetime, offset_h: int) -> date:
    return (moment.astimezone(UTC) + timedelta(hours=offset_h)).date()


def _pack(order: Order, row: Row, now: datetime) -> list[Issue]:
    """Put the row's units into a package, or correct the package they are in."""
    contents = _contents(order, row)
    for item, units in contents:
        if not _fits(order, row, item, units, now):
            message = "The quantity is more than is left to ship of this order item."
            return [row.issue("18029", ERROR, message)]
    if not contents:
        return [row.issue("18029", ERROR, "Nothing is left to ship of this order.")]
    for item, units in contents:
        _put(order, row, item, units, now)
    return []


def _contents(order: Order, row: Row) -> list[tuple[Item, int]]:
    """Return what a row ships; without an item, or a quantity, whatever is left, or was sent."""
    items = [item for item in order.items if row.order_item_id in ("", item.order_item_id)]
    if row.quantity:
        return [(items[0], int(row.quantity))]
    left = [(item, order.units_left(item)) for item in items if order.units_left(item) > 0]
    sent = [(item, order.units_confirmed(item.order_item_id)) for item in items]
    return left or [(item, units) for item, units in sent if units > 0]


def _fits(order: Order, row: Row, item: Item, units: int, now: datetime) -> bool:
    """Tell whether the units are left, or correct a package sent before this feed."""
    held = _holding(order, item)
    same = [package for package in held if package.tracking_number == row.tracking_number]
    if same:
        before = same[0].contents[item.order_item_id]
        return units - before <= order.units_left(item)
    correction = (
        len(held) == 1
        and held[0].created_at < now
        and units == held[0].contents[item.order_item_id]
    )
    return units <= order.units_left(item) or correction


def _holding(order: Order, item: Item) -> list[Package]:
    return [p for p in order.confirmed if item.order_item_id in p.contents]


def _put(order: Order, row: Row, item: Item, units: int, now: datetime) -> None:
    """Edit the package of this tracking number, add one, or correct the only one there is.

    Source: new data in the tracking-number field overwrites (201576520).
    """
    held = _holding(order, item)
    known = next((p for p in order.confirmed if p.tracking_number == row.tracking_number), None)
    if (known is None or known not in held) and units > order.units_left(item):
        _take_out(order, held[0], item)
    if known is None:
        known = Package(
            reference=str(1 + max((int(p.reference) for p in order.confirmed), default=0)),
            carrier="",
            tracking_number=row.tracking_number,
            shipped_at=now,
            service=row.ship_method,
            contents={},
            created_at=now,
        )
        order.confirmed.append(known)
    known.contents[item.order_item_id] = units
    known.carrier = row.carrier_name if row.carrier_code == "Other" else row.carrier_code
    known.shipped_at = parse_iso(row.ship_date)
    known.service = row.ship_method


def _take_out(order: Order, package: Package, item: Item) -> None:
    del package.contents[item.order_item_id]
    if not package.contents:
        order.confirmed.remove(package)


def _format_warning(row: Row) -> list[Issue]:
    pattern = _TRACKING_FORMATS.get(row.carrier_code)
    if not pattern or not row.tracking_number or re.fullmatch(pattern, row.tracking_number):
        return []
    message = (
        f"The tracking ID {row.tracking_number} for {row.carrier_code} does not match the "
        "expected format for the carrier."
    )
    return [row.issue("18032", WARNING, message)]
