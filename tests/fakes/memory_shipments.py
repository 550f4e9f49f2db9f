"""The shipment books in memory, for unit tests of stages: same promises, one thread."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from actors.shipment_ports import Rewrite
from domain.shipments import Outbound, Shipment, ShipmentBook

FAR = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass
class MemoryShipments:
    """``meanwhile`` are called one by one between a load and its write, as rivals would be."""

    all: dict[tuple[str, str], ShipmentBook] = field(default_factory=dict)
    meanwhile: list[Callable[[], None]] = field(default_factory=list)

    def change(
        self, account: str, order_ids: Collection[str], rewrite: Rewrite
    ) -> dict[str, ShipmentBook]:
        while True:
            loaded = {each: self._book(account, each) for each in order_ids}
            wanted = rewrite(loaded)
            if self.meanwhile:
                self.meanwhile.pop(0)()
            lost = [key for key, book in loaded.items() if self._book(account, key) != book]
            for key, new in wanted.items():
                same = replace(new, revision=loaded[key].revision)
                if key not in lost and same != loaded[key]:
                    self.all[account, key] = replace(new, revision=loaded[key].revision + 1)
            if not lost:
                return {each: self._book(account, each) for each in order_ids}

    def books(self, account: str, order_ids: Iterable[str]) -> dict[str, ShipmentBook]:
        return {each: self.all[account, each] for each in order_ids if (account, each) in self.all}

    def due(self, account: str, *, limit: int) -> list[str]:
        def is_due(shipment: Shipment) -> bool:
            return shipment.outbound is Outbound.DUE

        found = sorted(
            self._with(account, is_due), key=lambda book: (book.ship_by or FAR, book.order_id)
        )
        return [book.order_id for book in found][:limit]

    def in_feed(self, account: str, feed: str) -> list[str]:
        def is_in(shipment: Shipment) -> bool:
            return bool(shipment.in_feed) and shipment.feed == feed

        return sorted(book.order_id for book in self._with(account, is_in))

    def unsent_in_feed(self, account: str, feed: str) -> list[str]:
        def is_unsent(shipment: Shipment) -> bool:
            carried = bool(shipment.in_feed) and shipment.feed == feed
            return carried and shipment.submitted_at is None

        return sorted(book.order_id for book in self._with(account, is_unsent))

    def _book(self, account: str, order_id: str) -> ShipmentBook:
        return self.all.get((account, order_id)) or ShipmentBook(account, order_id)

    def _with(self, account: str, holds: Callable[[Shipment], bool]) -> list[ShipmentBook]:
        mine = [book for (owner, _), book in self.all.items() if owner == account]
        return [book for book in mine if any(holds(shipment) for shipment in book.shipments)]
