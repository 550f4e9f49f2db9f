from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.tracking_numbers import format_warning

PLAUSIBLE = [
    ("UPS", "1Z999AA10123456784"),
    ("UPS", "1z 999 aa1 01 2345 6784"),
    ("UPS", "T1234567890"),
    ("USPS", "9400111201080805483016"),
    ("USPS", "420000179400111201080805483016"),
    ("USPS", "RB123456785US"),
    ("FedEx", "123456789012"),
    ("FedEx", "96110196000012345678 90"),
    ("DHL", "1234567890"),
    ("DHL", "JD014600003456789012"),
    ("OnTrac", "C12345678901234"),
    ("OnTrac", "1LSCX0012345678"),
    ("Canada Post", "1234567890123456"),
    ("Canada Post", "RB123456785CA"),
    ("Royal Mail", "RB123456785GB"),
    ("Deutsche Post", "anything at all"),
    ("Other", "SP123456"),
]
DOUBTFUL = [
    ("UPS", "1Z999AA10123456783"),
    ("UPS", "1Z999AA1012345678"),
    ("USPS", "9400111201080805483017"),
    ("USPS", "RB123456784US"),
    ("USPS", "1Z999AA10123456784"),
    ("FedEx", "1234"),
    ("DHL", "12"),
    ("OnTrac", "X12345678901234"),
    ("Canada Post", "123"),
    ("Royal Mail", "RB123456784GB"),
]


@pytest.mark.parametrize(("carrier", "number"), PLAUSIBLE)
def test_a_number_that_fits_its_carrier_is_not_doubted(carrier: str, number: str) -> None:
    assert format_warning(carrier, number) == ""


@pytest.mark.parametrize(("carrier", "number"), DOUBTFUL)
def test_a_number_that_does_not_fit_is_doubted_without_being_told(
    carrier: str, number: str
) -> None:
    warning = format_warning(carrier, number)

    assert warning == f"the tracking number does not look like one of {carrier}; please check it"


@pytest.mark.parametrize("number", ["", " - "])
def test_no_number_is_doubted_whatever_the_carrier(number: str) -> None:
    assert format_warning("Other", number) == "the tracking number is empty"


@given(st.sampled_from([carrier for carrier, _ in PLAUSIBLE]), st.text(max_size=40))
def test_no_text_makes_the_check_fail(carrier: str, number: str) -> None:
    assert isinstance(format_warning(carrier, number), str)
