"""Header and rows of the order report: text in, verdict out.  Pure.

Which columns there are has changed over the years (29 to 36 were seen), so cells are found by
name and five columns are enough.
Source: SP-API docs, order tracking report attributes; files seen in the field.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.messages import ParsedLine, RejectedRow
from domain.money import is_currency, minor_units
from domain.report_cells import (
    cells,
    clean,
    is_order_id,
    read_boolean,
    read_quantity,
    read_text,
    read_time,
)

REQUIRED = ("amazon-order-id", "purchase-date", "order-status", "sku", "quantity")
_TEXTS = {
    "merchant-order-id": "merchant_order_id",
    "item-status": "item_status",
    "fulfillment-channel": "fulfillment_channel",
    "sales-channel": "sales_channel",
    "ship-service-level": "ship_service_level",
    "asin": "asin",
    "product-name": "product_name",
}
_MONEY = {"item-price": "item_price_minor", "shipping-price": "shipping_price_minor"}
_ALLOWED = frozenset(
    (*REQUIRED, *_TEXTS, *_MONEY, "last-updated-date", "currency", "is-business-order")
)
_MONEY_NOT_KEPT = (
    "item-tax",
    "shipping-tax",
    "gift-wrap-price",
    "gift-wrap-tax",
    "item-promotion-discount",
    "ship-promotion-discount",
)
"""Not kept, but a word among them tells that a row with a missing cell is shifted."""
WHOLE_ROW = "(row)"
_EXCERPT = 60
_REFUSALS: Mapping[str, tuple[Callable[[str], object], str]] = {
    "amazon-order-id": (lambda text: is_order_id(text) or None, "is not an Amazon order id"),
    "purchase-date": (read_time, "is not a date and time with an offset"),
    "order-status": (read_text, "is too long"),
    "sku": (read_text, "is too long"),
    "quantity": (read_quantity, "is not a whole number from 0 to 999999"),
}


@dataclass(frozen=True, slots=True)
class Header:
    """The header row: how many cells a row has, and where the columns we look at are."""

    width: int
    position: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class NotTheReport:
    """The file is something else; ``reason`` is for staff, with at most 60 characters of it."""

    reason: str


def read_header(line: str) -> Header | NotTheReport:
    """Read the header row by column names: trimmed, without BOM, in any case."""
    names = [name.lower() for name in cells(line)]
    counted = Counter(name for name in names if name)
    problem = _what_else_it_is(line) or _header_problem(counted, names)
    if problem:
        return NotTheReport(problem)
    while names and not names[-1]:
        names.pop()
    known = _ALLOWED.union(_MONEY_NOT_KEPT)
    # An optional column that occurs twice cannot be told apart, so neither is read.
    position = {n: at for at, n in enumerate(names) if n in known and counted[n] == 1}
    return Header(width=len(names), position=position)


def _what_else_it_is(line: str) -> str:
    begin = _excerpt(line)
    if begin.startswith("<"):
        return f"this is a web page or XML, not the order report; it begins with “{begin}”"
    if "\t" not in line.strip():
        return f"this is not the order report but a text without columns: “{begin}”"
    return ""


def _header_problem(counted: Counter[str], names: Sequence[str]) -> str:
    missing = [name for name in REQUIRED if name not in counted]
    if missing:
        first = _excerpt(next((name for name in names if name), ""))
        return (
            f"the header row has no column {', '.join(missing)}; its first column is “{first}”. "
            "Is it another report, or one in another language?"
        )
    twice = [name for name in REQUIRED if counted[name] > 1]
    if twice:
        return f"the header row has the column {', '.join(twice)} more than once"
    return ""


def _excerpt(text: str) -> str:
    return clean(text)[:_EXCERPT].rstrip()


def read_row(header: Header, line_number: int, line: str) -> ParsedLine | RejectedRow:
    """Read one data row; never raises.  The header is line 1 of the file.

    A cell that cannot be read costs the row if the column is required, else only itself; but in
    a row with fewer cells than the header it shows that the cells are shifted.
    """
    row = cells(line)
    found = len(row)
    while len(row) > header.width and not row[-1]:
        row.pop()
    get = {name: row[at] if at < len(row) else "" for name, at in header.position.items()}
    if len(row) > header.width:
        return _rejected(line_number, get, WHOLE_ROW, _count_reason(found, header))
    refused = _refusal(get)
    if refused:
        column, reason = refused if found == header.width else (WHOLE_ROW, "")
        return _rejected(line_number, get, column, reason or _count_reason(found, header))
    optional, unreadable = _optional(get)
    if len(row) < header.width and (unreadable or _looks_shifted(get)):
        return _rejected(line_number, get, WHOLE_ROW, _count_reason(found, header))
    return ParsedLine(
        row=line_number,
        order_id=get["amazon-order-id"],
        status=get["order-status"],
        purchased_at=read_time(get["purchase-date"]),
        sku=get["sku"],
        quantity=int(get["quantity"]),
        **optional,
    )


def _count_reason(found: int, header: Header) -> str:
    return f"has {found} cells, the header has {header.width}"


def _refusal(get: Mapping[str, str]) -> tuple[str, str] | None:
    for column, (read, complaint) in _REFUSALS.items():
        if not get[column]:
            return column, "is empty"
        if read(get[column]) is None:
            return column, complaint
    return None


def _rejected(row: int, get: Mapping[str, str], column: str, reason: str) -> RejectedRow:
    order_id = get["amazon-order-id"]
    return RejectedRow(
        row=row,
        column=column,
        reason=reason,
        order_id=order_id if is_order_id(order_id) else "",
    )


def _optional(get: Mapping[str, str]) -> tuple[dict[str, Any], bool]:
    """Return the optional fields that can be read, and whether any cell could not."""
    currency = get.get("currency", "").upper()
    fields: dict[str, Any] = {
        "currency": (currency if is_currency(currency) else None) if currency else "",
        **{field: read_text(get.get(column, "")) for column, field in _TEXTS.items()},
    }
    for column, field in _MONEY.items():
        if get.get(column):
            fields[field] = minor_units(get[column], currency)
    if get.get("last-updated-date"):
        fields["last_updated_at"] = read_time(get["last-updated-date"])
    if get.get("is-business-order"):
        fields["is_business_order"] = read_boolean(get["is-business-order"])
    readable = {field: value for field, value in fields.items() if value is not None}
    return readable, len(readable) < len(fields)


def _looks_shifted(get: Mapping[str, str]) -> bool:
    currency = get.get("currency", "").upper()
    amounts = (get.get(column, "") for column in _MONEY_NOT_KEPT)
    return any(amount and minor_units(amount, currency) is None for amount in amounts)
