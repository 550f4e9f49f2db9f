from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import exponent, minor_units


@pytest.mark.parametrize(
    ("_case", "amount", "currency", "minor"),
    [
        ("cents", "19.98", "USD", 1998),
        ("whole units", "19", "EUR", 1900),
        ("one decimal", "19.9", "GBP", 1990),
        ("yen have no decimals", "1500", "JPY", 1500),
        ("zero decimals are written out sometimes", "1500.00", "JPY", 1500),
        ("thousandths", "1.234", "KWD", 1234),
        ("a refund", "-5.00", "USD", -500),
        ("binary floats would say 110.00000000000001", "1.10", "USD", 110),
    ],
)
def test_an_amount_becomes_minor_units_of_its_currency(
    _case: str, amount: str, currency: str, minor: int
) -> None:
    assert minor_units(amount, currency) == minor


@pytest.mark.parametrize(
    ("_case", "amount", "currency"),
    [
        ("finer than a cent", "1.005", "USD"),
        ("half a yen", "0.5", "JPY"),
        ("decimal comma", "19,98", "EUR"),
        ("thousands separator", "1,234.00", "USD"),
        ("currency sign", "$5", "USD"),
        ("exponent notation", "1e5", "USD"),
        ("not a number", "nan", "USD"),
        ("other digits", "١٢", "USD"),
        ("no currency", "5.00", ""),
        ("lower-case currency", "5.00", "usd"),
        ("absurdly long", "1" * 5000, "USD"),
        ("empty", "", "USD"),
    ],
)
def test_what_is_not_an_amount_is_none(_case: str, amount: str, currency: str) -> None:
    assert minor_units(amount, currency) is None


@given(st.integers(-(10**12), 10**12), st.sampled_from(["USD", "JPY", "KWD"]))
def test_every_amount_of_minor_units_reads_back(minor: int, currency: str) -> None:
    places = exponent(currency)
    sign, digits = ("-" if minor < 0 else ""), str(abs(minor)).rjust(places + 1, "0")
    text = digits if places == 0 else f"{digits[:-places]}.{digits[-places:]}"

    read = minor_units(sign + text, currency)

    assert read == (minor if len(digits) - places <= 12 else None)
