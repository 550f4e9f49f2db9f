"""Where Amazon is, for each account: the region's real API, Amazon's sandbox, or a simulator."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import SecretStr

from config.accounts import Account, Region, marketplaces
from config.sections import AccountSettings

TOKEN_URL = "https://api.amazon.com/auth/o2/token"  # noqa: S105  an address, not a token
"""Login with Amazon, for all regions.  Source: SP-API, Connecting to the SP-API, LWA tokens."""

ENDPOINTS: dict[Region, str] = {
    "na": "https://sellingpartnerapi-na.amazon.com",
    "eu": "https://sellingpartnerapi-eu.amazon.com",
    "fe": "https://sellingpartnerapi-fe.amazon.com",
}
"""Source: SP-API, SP-API Endpoints."""

SIMULATOR = "http://127.0.0.1:8090"
"""Where ``python -m cli simulator`` listens unless told otherwise."""


def is_amazons(endpoint: str) -> bool:
    """Return whether the address is Amazon's own (the real API or its sandbox)."""
    host = urlsplit(endpoint).hostname or ""
    return host == "amazon.com" or host.endswith(".amazon.com")


def resolve(name: str, account: AccountSettings, endpoint: str) -> Account:
    """Return an account with the addresses to call; ``endpoint`` overrides the region's."""
    first = marketplaces()[account.marketplaces[0]]
    region = account.region or first.region
    return Account(
        name=name,
        region=region,
        marketplaces=account.marketplaces,
        seller_id=account.seller_id,
        client_id=account.client_id,
        client_secret=account.client_secret,
        refresh_token=account.refresh_token,
        timezone=account.timezone or first.timezone,
        amazon_writes=account.amazon_writes,
        endpoint=endpoint or ENDPOINTS[region],
        token_url=_token_url(endpoint),
    )


def demo_account(name: str, endpoint: str) -> Account:
    """Return the account that the simulator knows, at home in every marketplace.

    It may write: there is no real account behind it.
    """
    where = endpoint or SIMULATOR
    return Account(
        name=name,
        region="na",
        marketplaces=tuple(marketplaces()),
        seller_id="A0DEMOSELLER00",
        client_id="amzn1.application-oa2-client.demo",
        client_secret=SecretStr("demo"),
        refresh_token=SecretStr("Atzr|sim-demo"),
        timezone="UTC",
        amazon_writes=True,
        endpoint=where,
        token_url=_token_url(where),
    )


def _token_url(endpoint: str) -> str:
    return f"{endpoint}/auth/o2/token" if endpoint and not is_amazons(endpoint) else TOKEN_URL
