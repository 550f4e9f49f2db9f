"""Reading single cells of a tab-separated report.  Pure; an unreadable cell is None.

Amazon's flat files use no quoting: titles contain bare quotes.
Source: files seen in the field; Reports API guide.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

MAX_QUANTITY = 999_999
MAX_TEXT = 500
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]+")
_ORDER_ID = re.compile(r"(?:[0-9]{3}|S[0-9]{2})-[0-9]{7}-[0-9]{7}", re.ASCII)
_DATE = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})",
    re.ASCII,
)
_QUANTITY = re.compile(r"[0-9]{1,9}", re.ASCII)
_BOOLEANS = {"true": True, "false": False}
_YEARS = range(1995, 2101)
"""Amazon opened in 1995; a date outside is a misread cell."""


def clean(text: str) -> str:
    """Return the text trimmed, runs of control characters turned into one space."""
    return _INVISIBLE.sub(" ", text).strip()


def cells(line: str) -> list[str]:
    """Return the row's cells, cleaned; a tab is the only separator."""
    row = line.rstrip("\r\n").split("\t")
    if _INVISIBLE.search(line.replace("\t", "")):
        return [clean(cell) for cell in row]
    return [cell.strip() for cell in row]  # Nearly every row: there is nothing to clean.


def is_order_id(text: str) -> bool:
    """Whether it is an order id: 3-7-7 digits, or S and 2-7-7 for orders from elsewhere.

    Source: Seller Central, order reports.
    """
    return _ORDER_ID.fullmatch(text) is not None


def read_time(text: str) -> datetime | None:
    """Read an ISO 8601 date-time with an offset as aware UTC, in whole milliseconds."""
    if _DATE.fullmatch(text) is None:
        return None
    try:
        moment = datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    if moment.year not in _YEARS:
        return None
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def read_quantity(text: str) -> int | None:
    """Read a count of units: plain digits, at most 999,999; 0 occurs on cancelled rows."""
    if _QUANTITY.fullmatch(text) is None:
        return None
    quantity = int(text)
    return quantity if quantity <= MAX_QUANTITY else None


def read_text(text: str) -> str | None:
    """Read free text; longer than any real value is unreadable."""
    return text if len(text) <= MAX_TEXT else None


def read_boolean(text: str) -> bool | None:
    """Read true or false, in any case."""
    return _BOOLEANS.get(text.lower())
