"""``carriers``: which names Amazon knows, and what becomes of one that was entered."""

from __future__ import annotations

from typing import Any

import click

from cli.output import json_option, place, print_json, show, table
from config.accounts import marketplaces
from config.carriers import carriers as known_carriers
from domain.carriers import OTHER, Carrier


@click.group
def carriers() -> None:
    """See the carriers Amazon knows, try a name."""


@carriers.command("list")
@json_option
def list_carriers(*, as_json: bool) -> None:
    """Show every carrier with its code, exactly as Amazon wants it, and its other names."""
    found = known_carriers().carriers
    if as_json:
        print_json({"carriers": [_row(each) for each in found]})
        return
    show(
        table(
            "Carriers Amazon knows; any other goes as Other with its name",
            ("carrier code", "name", "AfterShip slug", "also entered as", "only in"),
            (_cells(each) for each in found),
        ),
        "",
        "What becomes of a name: carriers resolve NAME",
    )


@carriers.command("resolve")
@click.argument("name")
@click.option("--marketplace", default="", help="Country or id; a few have codes of their own.")
@json_option
def resolve(*, name: str, marketplace: str, as_json: bool) -> None:
    """Show what the fulfillment file would say for a carrier entered as NAME."""
    found = known_carriers().resolve(name, marketplace_id(marketplace))
    answer = {
        "entered": name,
        "carrier_code": found.code,
        "carrier_name": found.name,
        "listed": found.code != OTHER and not found.warning,
        "warning": found.warning,
    }
    if as_json:
        print_json(answer)
        return
    named = f", carrier-name {found.name}" if found.code == OTHER else f" ({found.name})"
    show(f"carrier-code {found.code}{named}")
    if found.warning:
        show(f"warning: {found.warning}")


def marketplace_id(given: str) -> str:
    """Return the id of a marketplace named by country or id; empty if none is named.

    Raises:
        UsageError: Amazon has no such marketplace.
    """
    known = marketplaces()
    by_name = {name: each.id for each in known.values() for name in (each.id, each.country)}
    if given and given.upper() not in by_name:
        countries = ", ".join(each.country for each in known.values())
        raise click.UsageError(f"no marketplace {given!r}: use one of {countries}")
    return by_name.get(given.upper(), "")


def _row(carrier: Carrier) -> dict[str, Any]:
    return {
        "code": carrier.code,
        "name": carrier.name,
        "slug": carrier.slug,
        "also": list(carrier.also),
        "marketplace": carrier.marketplace,
    }


def _cells(carrier: Carrier) -> tuple[str, ...]:
    where = place(carrier.marketplace) if carrier.marketplace else ""
    return carrier.code, carrier.name, carrier.slug or "-", ", ".join(carrier.also), where
