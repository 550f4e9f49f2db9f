"""The question behind the gauges of shipments: where they stand, since when, what was refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from domain.shipment_visibility import NOT_APPLIED
from domain.shipments import Outbound
from store.shipment_documents import ShipmentBookDocument
from store.state_gauges import Look, Reading
from store.tables import Collection, Raw, collection_of

UNFINISHED = tuple(each for each in Outbound if each is not Outbound.ACCEPTED)
MOST_CODES = 20
"""Amazon's codes shown by themselves, the most frequent ones; a label must not grow without end."""
LONGEST_CODE = 8
OTHER = "other"
SINCE = {"shipments.outbound": 1, "shipments.since": 1, "shipments.submitted_at": 1}


def shipments(look: Look) -> Iterator[Reading]:
    """How packages stand.

    Indexes: ``by_outbound``, ``unseen``, ``waiting``, ``refused_by_amazon``.
    """
    table = collection_of(look.database, ShipmentBookDocument)
    for account in look.accounts:
        for outbound in UNFINISHED:
            wanted = {"outbounds": outbound.value, "account": account}
            count = table.count_documents(wanted)
            yield Reading("shipments", count, (account, outbound.value))
        missed = {"unseen_since": {"$exists": True}, "missed": True, "account": account}
        yield Reading("shipments", table.count_documents(missed), (account, NOT_APPLIED))
        yield from _pending(look, "tracking_unsent", account, _unsent_since(table, account))
        waiting = {"waiting_since": {"$exists": True}, "account": account}
        since = [raw["waiting_since"] for raw in table.find(waiting, {"waiting_since": 1})]
        yield from _pending(look, "tracking_waiting", account, since)
        yield from _refused(table, account)


def _unsent_since(table: Collection, account: str) -> list[datetime]:
    """Return since when each package is due that no submitted feed carries.

    A feed that was submitted and has no verdict is another matter: it has a gauge of its own.
    """
    unsent = {"$in": [Outbound.DUE.value, Outbound.IN_FEED.value]}
    books = table.find({"outbounds": unsent, "account": account}, SINCE)
    return [each["since"] for raw in books for each in raw["shipments"] if _is_unsent(each)]


def _is_unsent(shipment: Raw) -> bool:
    if shipment["outbound"] == Outbound.IN_FEED.value:
        return shipment.get("submitted_at") is None
    return bool(shipment["outbound"] == Outbound.DUE.value)


def _refused(table: Collection, account: str) -> Iterator[Reading]:
    """How many orders have packages that Amazon refused, by its code; 0 of other ones if none."""
    refused: dict[str, Any] = {"refused_codes": {"$exists": True}, "account": account}
    counts = Counter[str]()
    for raw in table.find(refused, {"refused_codes": 1}):
        counts.update({_shown(code) for code in raw["refused_codes"]})
    shown = dict(counts.most_common(MOST_CODES))
    shown[OTHER] = shown.get(OTHER, 0) + sum(n for c, n in counts.items() if c not in shown)
    for code, count in shown.items():
        yield Reading("refused_shipments", count, (account, code))


def _shown(code: str) -> str:
    return code if code.isdigit() and len(code) <= LONGEST_CODE else OTHER


def _pending(look: Look, kind: str, account: str, since: list[datetime]) -> Iterator[Reading]:
    yield Reading("pending_items", len(since), (kind, account))
    age = look.age_s(min(since, default=None))
    yield Reading("oldest_pending_age_seconds", age, (kind, account))
