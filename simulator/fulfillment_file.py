"""Reading a fulfillment file as Amazon does: line 1 is headings, whatever it holds.

Source: the Flat File Order Fulfillment template (201576520), order feed type values; codes 90012
and 90061 as seen in processing reports (amzn/selling-partner-api-docs 133 and 457).
"""

from __future__ import annotations

from dataclasses import dataclass

FATAL, ERROR, WARNING = "Fatal", "Error", "Warning"
REQUIRED = ("order-id", "ship-date", "carrier-code")
COLUMNS = (
    *("order-id", "order-item-id", "quantity", "ship-date", "carrier-code", "carrier-name"),
    *("tracking-number", "ship-method", "transparency_code", "ship_from_address_name"),
    *("ship_from_address_line1", "ship_from_address_line2", "ship_from_address_line3"),
    *("ship_from_address_city", "ship_from_address_county", "ship_from_address_state_or_region"),
    *("ship_from_address_postalcode", "ship_from_address_countrycode"),
    *("ship_from_supply_source_id", "cod-collection-method"),
)
_TEMPLATE = "TemplateType=OrderFulfillment"


@dataclass(frozen=True, slots=True)
class Issue:
    """A line of the processing report; record 0 is the file itself."""

    record: int
    code: str
    severity: str
    message: str
    order_id: str = ""
    order_item_id: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One data record, as text; an absent column is empty."""

    record: int
    order_id: str
    order_item_id: str
    quantity: str
    ship_date: str
    carrier_code: str
    carrier_name: str
    tracking_number: str
    ship_method: str

    def issue(self, code: str, severity: str, message: str) -> Issue:
        """Say something about this row."""
        return Issue(self.record, code, severity, message, self.order_id, self.order_item_id)


@dataclass(frozen=True, slots=True)
class FulfillmentFile:
    """Rows and what is wrong with the file; with a fatal issue there are no rows."""

    rows: tuple[Row, ...]
    issues: tuple[Issue, ...]


def read(text: str) -> FulfillmentFile:
    """Read a file; every record gets its number, counted from 1."""
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line.strip()]
    headings, records = _split(lines)
    issues = [_missing(name) for name in REQUIRED if name not in headings]
    fatal = bool(issues)
    issues += [_unknown(name) for name in headings if name and name not in COLUMNS]
    rows = [] if fatal else [_row(n, headings, line) for n, line in enumerate(records, 1)]
    return FulfillmentFile(tuple(rows), tuple(issues))


def _split(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return (headings, data records); the template's first line and labels are no headings."""
    first = 0
    if lines and lines[0].startswith(_TEMPLATE):
        first = next((n for n, line in enumerate(lines) if "order-id" in line.split("\t")), 1)
    headings = lines[first].split("\t") if first < len(lines) else []
    return [name.strip() for name in headings], lines[first + 1 :]


def _row(record: int, headings: list[str], line: str) -> Row:
    cells = dict(zip(headings, (cell.strip() for cell in line.split("\t")), strict=False))
    return Row(
        record=record,
        order_id=cells.get("order-id", ""),
        order_item_id=cells.get("order-item-id", ""),
        quantity=cells.get("quantity", ""),
        ship_date=cells.get("ship-date", ""),
        carrier_code=cells.get("carrier-code", ""),
        carrier_name=cells.get("carrier-name", ""),
        tracking_number=cells.get("tracking-number", ""),
        ship_method=cells.get("ship-method", ""),
    )


def _missing(name: str) -> Issue:
    message = f"The required {name} field is missing from the file."
    return Issue(0, "90012", FATAL, message)


def _unknown(name: str) -> Issue:
    shown = name[:60]
    message = (
        f"The {shown} field heading is invalid, so values in this field were ignored. "
        "Check the spelling of the heading."
    )
    return Issue(0, "90061", WARNING, message)
