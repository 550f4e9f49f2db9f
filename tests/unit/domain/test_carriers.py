from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.carriers import carriers
from domain.carriers import OTHER, Carrier, ResolvedCarrier, carrier_key

TABLE = carriers()
IN, AU, US = "A21TJRUUN4KGV", "A39IBJ37TRP1C6", "ATVPDKIKX0DER"
EVERYWHERE = [carrier for carrier in TABLE.carriers if not carrier.marketplace]
SPELLINGS = [(text, carrier.code) for carrier in EVERYWHERE for text in carrier.spellings]
AMAZONS_CODES = {
    "USPS", "UPS", "UPS Mail Innovations", "FedEx", "DHL", "DHL Global Mail", "OnTrac",
    "Canada Post", "Royal Mail", "Lasership", "Newgistics", "OSM", "GLS", "GO!",
    "Hermes Logistik Gruppe", "Parcelforce", "City Link", "TNT", "Fastway", "SagawaExpress",
    "NipponExpress", "YamatoTransport", "DPD", "Deutsche Post", "Yodel", "Aramex", "PUROLATOR",
}  # fmt: skip
AFTERSHIP = {
    "usps": "USPS", "ups": "UPS", "ups-mi": "UPS Mail Innovations", "fedex": "FedEx",
    "dhl": "DHL", "dhl-global-mail": "DHL Global Mail", "ontrac": "OnTrac",
    "canada-post": "Canada Post", "royal-mail": "Royal Mail", "lasership": "Lasership",
    "newgistics": "Newgistics", "osm-worldwide": "OSM", "gls": "GLS",
    "general-overnight": "GO!", "hermes-de": "Hermes Logistik Gruppe",
    "parcel-force": "Parcelforce", "city-link": "City Link", "tnt": "TNT",
    "fastway-au": "Fastway", "sagawa": "SagawaExpress", "nippon-express": "NipponExpress",
    "taqbin-jp": "YamatoTransport", "dpd": "DPD", "deutsch-post": "Deutsche Post",
    "yodel": "Yodel", "aramex": "Aramex", "purolator": "PUROLATOR",
}  # fmt: skip
CLASSIC_NAMES = {"UPSMI", "FedEx SmartPost", "Blue Package", "Streamlite", "Target"}


def test_twenty_seven_carriers_have_a_slug_and_five_classic_names_have_none() -> None:
    assert {carrier.code for carrier in EVERYWHERE if carrier.slug} == AMAZONS_CODES
    assert {carrier.code for carrier in EVERYWHERE if not carrier.slug} == CLASSIC_NAMES
    assert len(AMAZONS_CODES) == 27


def test_each_aftership_slug_has_the_code_amazon_lists_for_its_carrier() -> None:
    assert {carrier.slug: carrier.code for carrier in EVERYWHERE if carrier.slug} == AFTERSHIP


@pytest.mark.parametrize(("text", "code"), SPELLINGS)
def test_every_slug_alias_and_name_resolves_to_its_exact_code(text: str, code: str) -> None:
    for entered in (text, text.upper(), f"  {text.lower()} ", text.replace("-", "_")):
        assert (TABLE.resolve(entered).code, TABLE.resolve(entered).warning) == (code, "")


def test_no_spelling_means_two_carriers() -> None:
    codes: dict[str, set[str]] = {}
    for text, code in SPELLINGS:
        codes.setdefault(carrier_key(text), set()).add(code)

    assert {key: found for key, found in codes.items() if len(found) > 1} == {}


@pytest.mark.parametrize(
    ("entered", "code"),
    [
        ("FedEx®", "FedEx"),
        ("fedex ground economy", "FedEx SmartPost"),
        ("purolator", "PUROLATOR"),
        ("DHL eCommerce", "DHL Global Mail"),
        ("ups_mi", "UPS Mail Innovations"),
        ("upsmi", "UPSMI"),
        ("go!", "GO!"),
    ],
)
def test_what_people_and_other_systems_write_is_understood(entered: str, code: str) -> None:
    assert TABLE.resolve(entered).code == code


def test_an_unlisted_carrier_goes_as_other_with_its_name_and_a_warning() -> None:
    resolved = TABLE.resolve(" Spee-Dee \t Delivery ", US)

    assert (resolved.code, resolved.name) == (OTHER, "Spee-Dee Delivery")
    assert "does not list the carrier “Spee-Dee Delivery”" in resolved.warning


def test_a_long_name_is_cut_to_fifty_characters_and_the_warning_says_so() -> None:
    resolved = TABLE.resolve("x" * 80)

    assert resolved.name == "x" * 50
    assert "cut to 50 characters" in resolved.warning


def test_a_marketplace_may_have_a_code_of_its_own() -> None:
    assert TABLE.resolve("australia-post", AU) == ResolvedCarrier(
        "Australia Post-ArticleId", "Australia Post"
    )
    assert TABLE.resolve("australia-post", US).code == OTHER
    assert TABLE.resolve("ups", AU).code == "UPS"


def test_a_marketplace_without_other_gets_the_name_as_code() -> None:
    resolved = TABLE.resolve("Bluedart", IN)

    assert (resolved.code, resolved.name) == ("Bluedart", "Bluedart")
    assert "may refuse the row" in resolved.warning


@given(st.text(max_size=120), st.sampled_from(["", IN, AU, US]))
def test_any_text_resolves_to_something_that_fits_the_file(entered: str, where: str) -> None:
    resolved = TABLE.resolve(entered, where)

    assert 1 <= len(resolved.code) <= 50
    assert 1 <= len(resolved.name) <= 50
    assert not set("\t\r\n") & set(resolved.code + resolved.name)


def test_the_table_is_a_value_anybody_can_build() -> None:
    assert Carrier("X", "Ex", "ex", ("ecks",)).spellings == ("ex", "X", "Ex", "ecks")


def test_the_data_file_has_no_line_that_is_not_used() -> None:
    path = Path(__file__).parents[3] / "config" / "carriers.json"

    rows = json.loads(path.read_text(encoding="utf-8"))

    assert sum(len(rows[part]) for part in ("carriers", "by_name_only", "exceptions")) == len(
        TABLE.carriers
    )
