"""Writing many orders at once, each under its own guard, and telling who won."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bson import ObjectId
from pymongo import UpdateOne

from domain.orders import Order
from store.bulk import Expression, guarded, literal, write_all
from store.encryption import FieldCipher
from store.mapping import in_ms
from store.moments import NOW
from store.order_mapping import order_changes, order_document
from store.tables import Collection, Raw

MARKS_KEPT = 5


@dataclass(frozen=True, slots=True)
class Stored:
    """An order as it was loaded: the document, and the order it holds."""

    raw: Raw
    order: Order


@dataclass(frozen=True, slots=True)
class Write:
    """One order's guarded update, and the document it makes."""

    order_id: str
    update: UpdateOne
    document: Raw


class Round:
    """The writes of one round.  Each carries the round's own mark, so that it can be found again.

    A lost update is silent (nothing changed) and a bulk write tells only how many changed; the
    mark tells which.  A document keeps the last few, since the next writer may be quick.
    """

    def __init__(self, cipher: FieldCipher, now: datetime) -> None:
        self._cipher, self._now, self._mark = cipher, in_ms(now), ObjectId()
        self._creations: list[Write] = []
        self._updates: list[Write] = []

    def wants(self, key: str, stored: Stored | None, new: Order) -> bool:
        """Plan the write that makes the order ``new``; return whether there is one."""
        if stored is None:
            self._creations.append(self._creation(key, new))
            return True
        update = self._update(key, stored, new)
        if update is not None:
            self._updates.append(update)
        return update is not None

    def write(self, orders: Collection) -> tuple[list[Write], list[str]]:
        """Write what is planned; return the writes that won and the ids of those that lost."""
        planned = [*self._creations, *self._updates]
        if not planned:
            return [], []
        done = write_all(orders, [each.update for each in planned])
        won = [each for n, each in enumerate(self._creations) if n in done.created]
        if done.modified == len(self._updates) and len(won) == len(self._creations):
            won += self._updates
        elif self._updates:
            mine = self._found_again(orders)
            won += [each for each in self._updates if each.document["_id"] in mine]
        won_ids = {each.order_id for each in won}
        return won, [each.order_id for each in planned if each.order_id not in won_ids]

    def _creation(self, key: str, new: Order) -> Write:
        document = order_document(new, self._cipher)
        document |= {"revision": 1, "imported_at": self._now}
        fields = {name: value for name, value in document.items() if value is not None}
        # Where the order exists by now, only its time of change moves on, which harms nobody.
        making = {
            "$setOnInsert": {**fields, "writers": [self._mark]},
            "$currentDate": {"changed_at": True},
        }
        return Write(
            new.order_id, UpdateOne({"_id": key}, making, upsert=True), {"_id": key, **document}
        )

    def _update(self, key: str, stored: Stored, new: Order) -> Write | None:
        changes = order_changes(stored.order, new, stored.raw, self._cipher)
        if not changes:
            return None
        revision = stored.order.revision
        changes |= {"revision": revision + 1}
        written = {name: literal(value) for name, value in changes.items()}
        written |= {"writers": self._marks(), "changed_at": NOW}
        update = guarded(key, {"$eq": ["$revision", revision]}, written)
        return Write(new.order_id, update, stored.raw | changes)

    def _marks(self) -> Expression:
        """Return the last few marks and ours."""
        known = {"$ifNull": ["$writers", []]}
        return {"$slice": [{"$concatArrays": [known, [self._mark]]}, -MARKS_KEPT]}

    def _found_again(self, orders: Collection) -> set[str]:
        keys = [each.document["_id"] for each in self._updates]
        found = orders.find({"_id": {"$in": keys}}, {"writers": 1})
        return {raw["_id"] for raw in found if self._mark in raw.get("writers", ())}
