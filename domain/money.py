"""Money as integers: minor units (cents, yen) of a currency.  Pure; Decimal inside, never float."""

from __future__ import annotations

import re
from decimal import Decimal

_NO_MINOR_UNIT = re.compile("BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|PYG|RWF|UGX|UYI|VND|VUV|XAF|XOF|XPF")
_THOUSANDTHS = re.compile("BHD|IQD|JOD|KWD|LYD|OMR|TND")
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_AMOUNT = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{0,6})?", re.ASCII)


def is_currency(text: str) -> bool:
    """Whether ``text`` looks like an ISO 4217 code."""
    return _CURRENCY.fullmatch(text) is not None


def exponent(currency: str) -> int:
    """Return how many decimals the currency has.  Source: ISO 4217."""
    if _NO_MINOR_UNIT.fullmatch(currency):
        return 0
    return 3 if _THOUSANDTHS.fullmatch(currency) else 2


def minor_units(amount: str, currency: str) -> int | None:
    """Return ``amount`` (plain digits with a point) in minor units, or None if it is not one.

    None too when the currency is missing or the amount is finer than its smallest unit.
    """
    if not is_currency(currency) or _AMOUNT.fullmatch(amount) is None:
        return None
    minor = Decimal(amount).scaleb(exponent(currency))
    return int(minor) if minor == minor.to_integral_value() else None
