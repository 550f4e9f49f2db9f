"""Amazon's marketplaces, as far as files and orders differ between them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

_NO_MINOR_UNITS = frozenset({"JPY"})


@dataclass(frozen=True, slots=True)
class Marketplace:
    """One marketplace.  ``charset`` is the name Amazon writes into Content-Type.

    Source: SP-API marketplace ids; charsets as reported in amzn/selling-partner-api-models 2748
    and amzn/selling-partner-api-docs 21; which marketplace sends which one is a sample, no rule.
    """

    id: str
    country: str
    channel: str
    currency: str
    charset: str
    language: str
    order_prefixes: tuple[str, ...]


def _load() -> dict[str, Marketplace]:
    raw = json.loads(Path(__file__).with_name("marketplaces.json").read_text("utf-8"))
    return {
        id_: Marketplace(id=id_, **{**fields, "order_prefixes": tuple(fields["order_prefixes"])})
        for id_, fields in raw.items()
    }


MARKETPLACES = _load()
"""Every marketplace by its id."""

DEFAULT_MARKETPLACES = (
    "ATVPDKIKX0DER",
    "A1PA6795UKMFR9",
    "A1F83G8C2ARO7P",
    "A1VC38T7YXB528",
    "A2EUQ1WTGCTBG2",
)
"""Where a simulated seller sells unless told otherwise: US, DE, GB, JP, CA."""

PYTHON_CODECS = {"UTF-8": "utf-8", "Cp1252": "cp1252", "Windows-31J": "cp932"}
"""Python's codec for each charset name Amazon uses (Java's names)."""


def money(minor: int, currency: str) -> str:
    """Write an amount as Amazon does: ``19.98``, but ``1998`` yen."""
    if currency in _NO_MINOR_UNITS:
        return str(minor)
    return str((Decimal(minor) / 100).quantize(Decimal("0.01")))
