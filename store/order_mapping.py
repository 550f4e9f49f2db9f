"""Between ``domain.orders.Order`` and its document.

The document has the order's own field names, and besides: ``_id`` (account/order id), the sealed
``buyer``, ``over_at`` (what ``domain.privacy`` makes of the order; not there once its buyer was
removed), ``changed_at`` (the store's time of the last write) and ``writers`` (marks of the last
few writes).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from domain.errors import Malformed
from domain.orders import Buyer, Order
from domain.privacy import over
from store.encryption import FieldCipher
from store.mapping import encode_field, from_document, in_ms, to_document

Raw = Mapping[str, Any]

_KEPT_BY_THE_STORE = frozenset({"account", "order_id", "revision", "imported_at", "buyer"})
_COMPARED = tuple(f.name for f in fields(Order) if f.name not in _KEPT_BY_THE_STORE)


def key_of(account: str, order_id: str) -> str:
    """Return the natural key of an order: its ``_id``."""
    return f"{account}/{order_id}"


def bound_to(account: str, order_id: str) -> tuple[str, ...]:
    """Return what a sealed buyer belongs to."""
    return ("orders", account, order_id, "buyer")


def order_document(order: Order, cipher: FieldCipher) -> dict[str, Any]:
    """Return everything of an order as MongoDB holds it, except its ``_id``."""
    document = to_document(replace(order, buyer=None))
    if order.purged_at is None:
        document["over_at"] = over_at(order)
    if order.buyer is not None:
        document["buyer"] = cipher.seal(buyer_bytes(order.buyer), _place(order))
    return document


def order_from(raw: Raw, cipher: FieldCipher | None) -> Order:
    """Return the order a document holds; without a cipher, without its buyer.

    Raises:
        Malformed: the document is not an order.  The text names it.
        Permanent: the key of its buyer is not configured.
    """
    sealed = raw.get("buyer")
    try:
        order = from_document(Order, {**raw, "buyer": None})
        if sealed is None or cipher is None:
            return order
        return replace(order, buyer=buyer_from(cipher.open(sealed, _place(order))))
    except Malformed as exc:
        raise Malformed(f"order {raw.get('_id')}: {exc}") from None


def order_changes(old: Order, new: Order, stored: Raw, cipher: FieldCipher) -> dict[str, Any]:
    """Return the fields that changed; None stands for a field that is no longer there.

    ``stored`` is the document of ``old``.  Whether the buyer changed is told by its digest, since
    sealing the same twice differs.
    """
    changes, sealed = dict[str, Any](), stored.get("buyer")
    for name in _COMPARED:
        before, after = getattr(old, name), getattr(new, name)
        if before is after or before == after:
            continue
        written = encode_field(Order, name, after)
        if written != encode_field(Order, name, before):
            changes[name] = written
    ends = None if new.purged_at is not None else over_at(new)
    if ends != stored.get("over_at"):
        changes["over_at"] = ends
    if new.buyer is None:
        return changes | ({"buyer": None} if sealed is not None else {})
    plain = buyer_bytes(new.buyer)
    if sealed is None or not cipher.holds(sealed, plain, _place(new)):
        changes["buyer"] = cipher.seal(plain, _place(new))
    return changes


def over_at(order: Order) -> datetime:
    """Return when the order is over, as MongoDB holds it."""
    return in_ms(over(order).at)


def buyer_bytes(buyer: Buyer) -> bytes:
    """Return a buyer as text of known fields, always in the same order."""
    return json.dumps(to_document(buyer), sort_keys=True).encode()


def buyer_from(plain: bytes) -> Buyer:
    """Return the buyer a text tells of."""
    return from_document(Buyer, json.loads(plain))


def _place(order: Order) -> tuple[str, ...]:
    return bound_to(order.account, order.order_id)
