"""What a stage may ask about shipments of the store.  ``actors.ports`` gathers all ports."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Protocol

from domain.shipments import ShipmentBook

Rewrite = Callable[[Mapping[str, ShipmentBook]], Mapping[str, ShipmentBook]]
"""Given books by order id as they are, those as they shall be; those left out stay."""


class Shipments(Protocol):
    """All shipments of an order are one book (store)."""

    def change(
        self, account: str, order_ids: Collection[str], rewrite: Rewrite
    ) -> dict[str, ShipmentBook]:
        """Load the books, ask what they shall be, write each under its revision guard.

        An order without shipments has an empty book.  ``rewrite`` is asked after the books were
        loaded: what it reads besides is at least as new as they are.  A lost race loads and asks
        again, so asking twice must change nothing more.  Returns the books as they then stand.

        Raises:
            Contended: others were faster too often.
            Unavailable: the store cannot be reached.
        """
        ...

    def books(self, account: str, order_ids: Iterable[str]) -> dict[str, ShipmentBook]:
        """Return the books there are, by order id."""
        ...

    def due(self, account: str, *, limit: int) -> list[str]:
        """Return ids of orders with something due, nearest ship-by first."""
        ...

    def in_feed(self, account: str, feed: str) -> list[str]:
        """Return ids of orders with shipments in a feed, no verdict on them yet."""
        ...

    def unsent_in_feed(self, account: str, feed: str) -> list[str]:
        """Return ids of orders with shipments in a feed that do not know it is at Amazon."""
        ...
