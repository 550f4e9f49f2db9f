"""Orders: loaded together, decided one by one, written together under their revisions."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from itertools import islice

from pymongo import UpdateOne

from domain.errors import Contended
from domain.orders import EnrichmentState, Order
from store.encryption import FieldCipher
from store.failures import translated
from store.moments import store_now
from store.order_documents import OrderDocument
from store.order_mapping import bound_to, key_of, order_from
from store.order_writes import Round, Stored
from store.tables import Database, Raw, collection_of

Decide = Callable[[Order | None], Order | None]
"""Given the order as it is (or None), the order as it shall be, or None for no change."""

Outcome = tuple[Order | None, bool]
"""The order as it now stands, and whether the call wrote it."""

OnWritten = Callable[[Order | None, Order], None]
"""The order before (None: it was created) and after."""

ROUNDS = 8
"""How often a lost race is run again before the call gives up."""
RESEALED_AT_ONCE = 500
IN_PASSING = dict.fromkeys(("buyer", "lines", "history", "outbox"), 0)


class Orders:
    """The orders of all accounts (collection ``orders``)."""

    def __init__(self, database: Database, cipher: FieldCipher) -> None:
        self._database, self._cipher = database, cipher
        self._orders = collection_of(database, OrderDocument)
        self.on_written: OnWritten = lambda _before, _after: None
        """Told of every write that won, so of each change once; for metrics, must not raise."""

    @translated
    def change(self, account: str, decide: Mapping[str, Decide]) -> dict[str, Outcome]:
        """Load the orders, ask for each what it shall be, write under the revision guard.

        One find and one unordered bulk write a round; a lost race is loaded and asked again, so
        ``decide`` must be pure.  Only fields that changed are written: what a newer worker keeps
        besides stays.  Returns per order id the order as it now stands and whether this call
        wrote it.  Index: ``_id``.

        Raises:
            Contended: others were faster too often.
            Unavailable: the store cannot be reached.
        """
        outcomes: dict[str, Outcome] = {}
        asked = list(decide)
        now = store_now(self._database)
        for number in range(ROUNDS):
            a_round = Round(self._cipher, now)
            loaded = self._load(account, asked)
            for order_id, stored in loaded.items():
                if not self._decided(a_round, account, order_id, stored, decide[order_id]):
                    outcomes[order_id] = (stored.order if stored else None, False)
            won, asked = a_round.write(self._orders)
            for each in won:
                before, after = loaded[each.order_id], order_from(each.document, self._cipher)
                outcomes[each.order_id] = (after, True)
                self.on_written(before.order if before else None, after)
            if not asked:
                return {order_id: outcomes[order_id] for order_id in decide}
            time.sleep(random.uniform(0, 0.005 * 2**number))  # noqa: S311  spreads rivals
        raise Contended(f"{len(asked)} orders of {account} were changed by others all the time")

    @translated
    def get(self, account: str, order_id: str) -> Order | None:
        """Return an order, buyer included.  Index: ``_id``."""
        raw = self._orders.find_one({"_id": key_of(account, order_id)})
        return None if raw is None else order_from(raw, self._cipher)

    @translated
    def without_buyers(self, account: str, order_ids: Collection[str]) -> dict[str, Order]:
        """Return the orders there are, by order id, as far as they can be told in passing.

        Buyers, report lines, history and outbox are left out.  Index: ``_id``.
        """
        keys = [key_of(account, order_id) for order_id in order_ids]
        found = self._orders.find({"_id": {"$in": keys}}, IN_PASSING)
        return {raw["order_id"]: order_from(raw, None) for raw in found}

    @translated
    def due_for_reading(self, account: str, *, before: datetime, limit: int) -> list[str]:
        """Return ids of orders with ``next_read_at <= before``, nearest ship-by first.

        Orders without a known ship-by come after, longest due first.  Index: ``due_for_reading``.
        """
        due = {"account": account, "next_read_at": {"$lte": before}}
        first = self._ids({**due, "ship_by": {"$type": "date"}}, "ship_by", limit)
        if len(first) >= limit:
            return first
        return first + self._ids({**due, "ship_by": None}, "next_read_at", limit - len(first))

    @translated
    def unread_since(self, account: str, *, at_least: int) -> datetime | None:
        """Return how far back a search must reach to show the orders that were never read.

        None when fewer than ``at_least`` wait: reading them singly is cheaper.  Index: ``unread``.
        """
        unread = {"account": account, "enrichment": EnrichmentState.DUE.value}
        found = self._orders.find(unread, {"amazon_status_at": 1})
        oldest = list(found.sort("amazon_status_at", 1).limit(at_least))
        return oldest[0]["amazon_status_at"] if len(oldest) >= at_least else None

    @translated
    def reseal(self) -> int:
        """Seal buyers with the active key that are still sealed with another one; return how many.

        Reads all orders once, in the order of ``_id``; again is harmless.

        Raises:
            Permanent: an old key is no longer configured.
        """
        old = {"buyer.key": {"$exists": True, "$ne": self._cipher.keyring.active}}
        kept = {"account": 1, "order_id": 1, "buyer": 1}
        found = self._orders.find(old, kept).sort("_id", 1).batch_size(RESEALED_AT_ONCE)
        resealed = 0
        while batch := list(islice(found, RESEALED_AT_ONCE)):
            self._orders.bulk_write([self._resealed(raw) for raw in batch], ordered=False)
            resealed += len(batch)
        return resealed

    def _load(self, account: str, order_ids: Sequence[str]) -> dict[str, Stored | None]:
        keys = [key_of(account, order_id) for order_id in order_ids]
        found = {raw["order_id"]: raw for raw in self._orders.find({"_id": {"$in": keys}})}
        return {order_id: self._stored(found.get(order_id)) for order_id in order_ids}

    def _stored(self, raw: Raw | None) -> Stored | None:
        return None if raw is None else Stored(raw, order_from(raw, self._cipher))

    def _decided(
        self, a_round: Round, account: str, order_id: str, stored: Stored | None, decide: Decide
    ) -> bool:
        """Ask what the order shall be; return whether that has to be written."""
        new = decide(stored.order if stored else None)
        if new is None:
            return False
        if (new.account, new.order_id) != (account, order_id):
            raise ValueError(f"asked for order {account}/{order_id}, was given another one")
        return a_round.wants(key_of(account, order_id), stored, new)

    def _ids(self, due: Raw, sort: str, limit: int) -> list[str]:
        found = self._orders.find(due, {"order_id": 1}).sort([(sort, 1), ("_id", 1)]).limit(limit)
        return [raw["order_id"] for raw in found]

    def _resealed(self, raw: Raw) -> UpdateOne:
        # The nonce in the filter is guard enough: it changes whenever the buyer is written.
        buyer = self._cipher.reseal(raw["buyer"], bound_to(raw["account"], raw["order_id"]))
        guard = {"_id": raw["_id"], "buyer.nonce": raw["buyer"]["nonce"]}
        return UpdateOne(guard, {"$set": {"buyer": buyer}})
