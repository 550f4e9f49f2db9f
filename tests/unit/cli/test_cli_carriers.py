from __future__ import annotations

import json
from typing import Any

import pytest

from config.carriers import carriers
from tests.fakes.cli_app import FakeApp


def resolved(*arguments: str) -> Any:
    result = FakeApp().run("carriers", "resolve", *arguments, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_every_carrier_is_listed_with_its_code() -> None:
    result = FakeApp().run("carriers", "list", "--json")

    codes = [each["code"] for each in json.loads(result.stdout)["carriers"]]
    assert codes == [each.code for each in carriers().carriers]
    assert {"PUROLATOR", "FedEx", "USPS"} <= set(codes)


def test_the_list_for_people_says_what_becomes_of_the_others() -> None:
    result = FakeApp().run("carriers", "list")

    assert result.exit_code == 0
    assert "any other goes as Other with its name" in result.stdout
    assert "United Parcel Service" in result.stdout


@pytest.mark.parametrize("entered", ["fedex", "FEDEX", "Federal Express"])
def test_a_known_name_is_resolved_to_the_code_case_exact(entered: str) -> None:
    assert resolved(entered) == {
        "entered": entered,
        "carrier_code": "FedEx",
        "carrier_name": "FedEx",
        "listed": True,
        "warning": "",
    }


def test_an_unlisted_carrier_goes_as_other_with_its_name_and_a_warning() -> None:
    answer = resolved("Bike & Co")

    assert (answer["carrier_code"], answer["carrier_name"]) == ("Other", "Bike & Co")
    assert answer["listed"] is False
    assert "the buyer may not see the tracking" in answer["warning"]


def test_a_marketplace_is_named_by_its_country() -> None:
    own = next(each for each in carriers().carriers if each.marketplace)

    assert resolved(own.name, "--marketplace", own.marketplace)["carrier_code"] == own.code
    assert resolved("ups", "--marketplace", "us")["carrier_code"] == "UPS"


def test_an_unknown_marketplace_is_wrong_usage() -> None:
    result = FakeApp().run("carriers", "resolve", "ups", "--marketplace", "Atlantis")

    assert result.exit_code == 2
    assert "no marketplace 'Atlantis'" in result.output
