"""Amazon's carriers, from the data file ``config/carriers.json``.

``carriers`` are the 27 of the guide with their AfterShip slugs (all in AfterShip's own list) and
codes (all in Amazon's amzn-base.xsd); ``by_name_only`` the names of Amazon's classic list that
AfterShip has no slug for; ``exceptions`` hold in one marketplace only; ``without_other`` are the
marketplaces that take no code ``Other``.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from domain.carriers import Carrier, CarrierTable


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid")

    code: str
    name: str
    slug: str = ""
    slugs: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    marketplace: str = ""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    carriers: tuple[_Row, ...]
    by_name_only: tuple[_Row, ...]
    exceptions: tuple[_Row, ...]
    without_other: frozenset[str]


@cache
def carriers() -> CarrierTable:
    """Return the table of carriers Amazon knows."""
    path = Path(__file__).with_name("carriers.json")
    file = _File.model_validate(json.loads(path.read_text(encoding="utf-8")))
    rows = (*file.carriers, *file.by_name_only, *file.exceptions)
    return CarrierTable(
        (
            Carrier(row.code, row.name, row.slug, (*row.slugs, *row.names), row.marketplace)
            for row in rows
        ),
        without_other=file.without_other,
    )
