"""Does a tracking number look like one of its carrier?  Pure; it warns and never blocks.

Amazon confirms the shipment of a number that does not fit, with a warning, but it hurts the
seller's valid-tracking rate.  Carriers invent formats all the time: no doubt, no warning.
Source: UPS (1Z number), UPU S10 (letters, digits, country), USPS Publication 199 (IMpb),
FedEx, DHL and Canada Post help pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_UPS = re.compile(r"1Z[0-9A-Z]{16}")
_S10 = re.compile(r"[A-Z]{2}[0-9]{9}[A-Z]{2}")
_S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)
_IMPB_LENGTHS = frozenset({20, 22})
_UPS_FORMS = re.compile(r"1Z[0-9A-Z]{16}|T[0-9]{10}|[0-9]{9}|[0-9]{12}|[0-9]{18}|[0-9]{22,26}")
_FEDEX_FORMS = re.compile(r"[0-9]{12}|[0-9]{15}|[0-9]{20}|[0-9]{22}|[0-9]{34}")
_DHL_FORMS = re.compile(r"[0-9]{9,11}|[A-Z]{3}[0-9]{7,}|J[A-Z]{1,3}[0-9]{10,}|[0-9]{14,39}")
_ONTRAC_FORMS = re.compile(r"[CD][0-9]{14}|1LS[0-9A-Z]{12,20}|[0-9]{12,22}")
_CANADA_POST_FORMS = re.compile(r"[0-9]{12}|[0-9]{16}")
_ROYAL_MAIL_FORMS = re.compile(r"[0-9A-F]{16,24}|[0-9]{21,24}")


def format_warning(carrier_code: str, tracking_number: str) -> str:
    """Return why the number looks wrong for the carrier (Amazon's code); empty: it does not."""
    number = re.sub(r"[\s-]", "", tracking_number).upper()
    looks_right = _CHECKS.get(carrier_code)
    if not number:
        return "the tracking number is empty"
    if looks_right is None or looks_right(number):
        return ""
    return f"the tracking number does not look like one of {carrier_code}; please check it"


def _is_ups(number: str) -> bool:
    if _UPS.fullmatch(number):
        return _ups_check_digit(number[2:17]) == number[17]
    return _UPS_FORMS.fullmatch(number) is not None


def _ups_check_digit(body: str) -> str:
    """Letters count from A = 2 on; every second character counts twice."""
    values = [int(c) if c.isdigit() else (ord(c) - 63) % 10 for c in body]
    total = sum(values[0::2]) + 2 * sum(values[1::2])
    return str(-total % 10)


def _is_s10(number: str) -> bool:
    if _S10.fullmatch(number) is None:
        return False
    digits = [int(c) for c in number[2:10]]
    rest = 11 - sum(d * w for d, w in zip(digits, _S10_WEIGHTS, strict=True)) % 11
    return int(number[10]) == {10: 0, 11: 5}.get(rest, rest)


def _is_usps(number: str) -> bool:
    if _is_s10(number):
        return True
    if not number.isdecimal() or not number.isascii():
        return False
    # A barcode may begin with 420 and the ZIP code of the destination.
    bare = number[8:] if number.startswith("420") and len(number) in {28, 30} else number
    bare = bare[12:] if number.startswith("420") and len(number) == len("420") + 9 + 22 else bare
    return len(bare) in _IMPB_LENGTHS and _mod_10(bare[:-1]) == bare[-1]


def _mod_10(body: str) -> str:
    digits = [int(c) for c in reversed(body)]
    return str(-(3 * sum(digits[0::2]) + sum(digits[1::2])) % 10)


def _form(pattern: re.Pattern[str], *, or_s10: bool = False) -> Callable[[str], bool]:
    return lambda n: pattern.fullmatch(n) is not None or (or_s10 and _is_s10(n))


_CHECKS: dict[str, Callable[[str], bool]] = {
    "USPS": _is_usps,
    "UPS": _is_ups,
    "FedEx": _form(_FEDEX_FORMS),
    "DHL": _form(_DHL_FORMS, or_s10=True),
    "OnTrac": _form(_ONTRAC_FORMS),
    "Canada Post": _form(_CANADA_POST_FORMS, or_s10=True),
    "Royal Mail": _form(_ROYAL_MAIL_FORMS, or_s10=True),
}
