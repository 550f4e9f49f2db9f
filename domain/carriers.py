"""Which Amazon carrier code a carrier's name or AfterShip slug stands for.  Pure.

Amazon compares codes exactly, capitals included: ``PUROLATOR``, but ``FedEx``.  A carrier that is
not in the table goes as ``Other`` with its name; the row is never dropped.
Source: fulfillment feed template (carrier-code, carrier-name); Seller Central, shipping
confirmation; AfterShip's list of couriers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

OTHER = "Other"
LONGEST_NAME = 50
"""Characters of carrier-name.  Source: fulfillment feed template."""
_GAP = re.compile(r"[\s_-]+")
_MARKS = re.compile("[®™]|[^\\S ]|[\x00-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class Carrier:
    """A carrier Amazon knows by ``code``; ``slug`` is empty if AfterShip has none for it.

    ``marketplace`` is set when the code holds in that marketplace (id) only.
    """

    code: str
    name: str
    slug: str = ""
    also: tuple[str, ...] = ()
    """Other slugs and names it is known by."""
    marketplace: str = ""

    @property
    def spellings(self) -> tuple[str, ...]:
        """Everything it can be entered as."""
        return tuple(text for text in (self.slug, self.code, self.name, *self.also) if text)


@dataclass(frozen=True, slots=True)
class ResolvedCarrier:
    """What goes into the fulfillment file, and what a person should know about it (or nothing)."""

    code: str
    name: str
    warning: str = ""


class CarrierTable:
    """The carriers by everything they can be entered as."""

    def __init__(
        self, carriers: Iterable[Carrier], *, without_other: frozenset[str] = frozenset()
    ) -> None:
        self.carriers = tuple(carriers)
        self._without_other = without_other
        self._found: Mapping[tuple[str, str], Carrier] = {
            (carrier.marketplace, carrier_key(text)): carrier
            for carrier in self.carriers
            for text in carrier.spellings
        }

    def resolve(self, entered: str, marketplace: str = "") -> ResolvedCarrier:
        """Return the code and name for what was entered; never fails.

        ``marketplace`` is Amazon's marketplace id: a few have codes of their own.
        """
        key = carrier_key(entered)
        carrier = self._found.get((marketplace, key)) or self._found.get(("", key))
        if carrier is not None:
            return ResolvedCarrier(carrier.code, carrier.name)
        return self._unlisted(" ".join(_MARKS.sub(" ", entered).split()), marketplace)

    def _unlisted(self, name: str, marketplace: str) -> ResolvedCarrier:
        told = f"Amazon does not list the carrier “{name}”"
        short = name[:LONGEST_NAME].rstrip()
        if marketplace in self._without_other and short:
            why = f"{told} and takes no “Other” in this marketplace; it may refuse the row"
            return ResolvedCarrier(short, short, why)
        if not short:
            why = "no carrier was entered; Amazon cannot track the package"
            return ResolvedCarrier(OTHER, OTHER, why)
        cut = f", its name is cut to {LONGEST_NAME} characters" if len(name) > len(short) else ""
        why = f"{told}: it goes as “Other”{cut}, and the buyer may not see the tracking"
        return ResolvedCarrier(OTHER, short, why)


def carrier_key(entered: str) -> str:
    """Return what counts of a carrier's name: no capitals, marks, or kind of gap."""
    return _GAP.sub("-", _MARKS.sub(" ", entered).strip().lower()).strip("-")
