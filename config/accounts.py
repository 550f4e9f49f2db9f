"""Seller accounts and Amazon's marketplaces, as the other packages see them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, SecretStr

Region = Literal["na", "eu", "fe"]


class Marketplace(BaseModel):
    """One of Amazon's marketplaces.  ``domain`` is what reports call the sales channel."""

    model_config = ConfigDict(frozen=True)

    id: str
    country: str
    region: Region
    domain: str
    currency: str
    timezone: str


class Account(BaseModel):
    """A seller's account in one region, with everything needed to call Amazon for it.

    ``endpoint`` and ``token_url`` are resolved: the region's real ones, or the simulator's.
    ``timezone`` is the IANA zone of dates written for this account.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    region: Region
    marketplaces: tuple[str, ...]
    seller_id: str = ""
    client_id: str
    client_secret: SecretStr
    refresh_token: SecretStr
    timezone: str
    amazon_writes: bool = False
    endpoint: str
    token_url: str


@cache
def marketplaces() -> Mapping[str, Marketplace]:
    """Return Amazon's marketplaces by id (data file ``config/marketplaces.json``)."""
    path = Path(__file__).with_name("marketplaces.json")
    rows = json.loads(path.read_text(encoding="utf-8"))
    return {row["id"]: Marketplace.model_validate(row) for row in rows}
