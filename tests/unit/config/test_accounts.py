from __future__ import annotations

import pytest

from config.accounts import marketplaces
from config.endpoints import SIMULATOR
from config.settings import load_settings

_CREDENTIALS = {"CLIENT_ID": "id", "CLIENT_SECRET": "secret", "REFRESH_TOKEN": "Atzr|token"}


def env(name: str, marketplace: str) -> dict[str, str]:
    given = _CREDENTIALS | {"MARKETPLACES": marketplace}
    return {f"ACCOUNTS__{name}__{field}": value for field, value in given.items()}


def test_all_of_amazons_marketplaces_are_known() -> None:
    by_region: dict[str, set[str]] = {}
    for one in marketplaces().values():
        by_region.setdefault(one.region, set()).add(one.country)

    assert by_region == {
        "na": {"US", "CA", "MX", "BR"},
        "eu": {"GB", "DE", "FR", "IT", "ES", "NL", "SE", "PL", "BE", "IE"}
        | {"TR", "AE", "SA", "EG", "IN", "ZA"},
        "fe": {"JP", "AU", "SG"},
    }
    assert marketplaces()["A1VC38T7YXB528"].domain == "Amazon.co.jp"
    assert marketplaces()["A1VC38T7YXB528"].currency == "JPY"


_REGIONS = [
    ("US,MX", "https://sellingpartnerapi-na.amazon.com", "America/Los_Angeles"),
    ("uk, de", "https://sellingpartnerapi-eu.amazon.com", "Europe/London"),
    ("A1VC38T7YXB528", "https://sellingpartnerapi-fe.amazon.com", "Asia/Tokyo"),
]


@pytest.mark.parametrize(("marketplace", "endpoint", "timezone"), _REGIONS)
def test_each_region_has_its_real_endpoint(marketplace: str, endpoint: str, timezone: str) -> None:
    account = load_settings(env("dealer1", marketplace)).account("dealer1")

    assert account.endpoint == endpoint
    assert account.token_url == "https://api.amazon.com/auth/o2/token"
    assert account.timezone == timezone


def test_several_accounts_of_several_regions_live_side_by_side() -> None:
    both = env("dealer1", "US") | env("dealer1-eu", "DE,FR") | {"MONGODB_URL": ""}

    accounts = load_settings(both).resolved_accounts()

    assert [(a.name, a.region) for a in accounts.values()] == [
        ("dealer1", "na"),
        ("dealer1-eu", "eu"),
        ("demo", "na"),
    ]
    assert accounts["dealer1-eu"].marketplaces == ("A1PA6795UKMFR9", "A13V1IB3VIYZZH")


def test_an_endpoint_that_is_set_is_for_all_accounts_tokens_too() -> None:
    simulated = env("dealer1", "JP") | {"AMAZON_ENDPOINT": "http://127.0.0.1:9999/"}

    accounts = load_settings(simulated).resolved_accounts()

    assert {a.endpoint for a in accounts.values()} == {"http://127.0.0.1:9999"}
    assert {a.token_url for a in accounts.values()} == {"http://127.0.0.1:9999/auth/o2/token"}


def test_amazons_sandbox_takes_real_tokens_and_knows_no_demo_account() -> None:
    sandbox = "https://sandbox.sellingpartnerapi-na.amazon.com"

    accounts = load_settings(
        env("dealer1", "US") | {"AMAZON_ENDPOINT": sandbox}
    ).resolved_accounts()

    assert list(accounts) == ["dealer1"]
    assert accounts["dealer1"].endpoint == sandbox
    assert accounts["dealer1"].token_url == "https://api.amazon.com/auth/o2/token"


def test_a_host_that_only_looks_like_amazons_is_not() -> None:
    simulated = {"AMAZON_ENDPOINT": "http://notamazon.com"}

    assert (
        load_settings(simulated).account("demo").token_url == "http://notamazon.com/auth/o2/token"
    )


def test_the_demo_account_stands_in_every_marketplace_and_writes_to_the_simulator_only() -> None:
    demo = load_settings({}).account("demo")

    assert demo.marketplaces == tuple(marketplaces())
    assert demo.endpoint == SIMULATOR == "http://127.0.0.1:8090"
    assert demo.token_url == "http://127.0.0.1:8090/auth/o2/token"
    assert demo.refresh_token.get_secret_value() == "Atzr|sim-demo"
    assert demo.amazon_writes


def test_an_account_configured_as_demo_goes_before_the_built_in_one() -> None:
    demo = load_settings(env("demo", "DE")).account("demo")

    assert demo.marketplaces == ("A1PA6795UKMFR9",)
    assert demo.endpoint == "https://sellingpartnerapi-eu.amazon.com"
    assert not demo.amazon_writes


def test_a_real_store_has_no_demo_account() -> None:
    real = {"MONGODB_URL": "mongodb://localhost/", "ENCRYPTION__KEYS__k": "A" * 43 + "="}

    assert load_settings(real).resolved_accounts() == {}


def test_credentials_do_not_show_in_an_account_that_is_printed() -> None:
    account = load_settings(env("dealer1", "US")).account("dealer1")

    assert "Atzr|token" not in f"{account!r} {account}"
    assert "Atzr|token" not in repr(load_settings(env("dealer1", "US")))
