"""What a feed does once Amazon gets to it, and the result document it leaves."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from simulator import feed_result
from simulator.confirmation import confirm
from simulator.documents import compressed
from simulator.faults import Fault
from simulator.fulfillment_file import ERROR, FATAL, Issue, Row, read
from simulator.marketplaces import MARKETPLACES, PYTHON_CODECS
from simulator.orders import Order

if TYPE_CHECKING:
    from simulator.feeds import Feed
    from simulator.world import Seller, World

FULFILLMENT = "POST_FLAT_FILE_FULFILLMENT_DATA"
RETIRED = ("POST_PRODUCT_DATA", "POST_INVENTORY_AVAILABILITY_DATA", "POST_PRODUCT_PRICING_DATA")
"""Taken, and ended FATAL.  Source: listings XML feeds, removed 31 July 2025."""
FEED_TYPES = (FULFILLMENT, *RETIRED)

_FOREIGN = """<?xml version="1.0" encoding="utf-8"?>
<AmazonEnvelope><Message><ProcessingReport><StatusCode>Complete</StatusCode>
</ProcessingReport></Message></AmazonEnvelope>
"""
_OTHER = feed_result.render(
    2, 1, [Issue(1, "25441", ERROR, "The order-id is invalid.", "999-9999999-9999999")], "en"
)
"""The report of a feed that is somebody else's."""
_FATAL = "The feed could not be processed. Please try again later.\n"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What Amazon found: how many records, how many good, and the lines of the table."""

    processed: int
    successful: int
    issues: tuple[Issue, ...]


def fulfill(world: World, seller: Seller, feed: Feed, text: str, at: datetime) -> Verdict:
    """Confirm every shipment of a file; orders show it after ``visibility_s``."""
    file = read(text)
    known = _Orders(seller, ignored="feed_ignored" in feed.faults)
    issues = list(file.issues)
    failed: set[int] = set()
    for row in _reached(file.rows, feed.faults.get("feed_fatal")):
        found = _ordered_verdict(row, feed.faults.get("row_verdict"))
        if not _refused(found):
            found += confirm(known.get(row.order_id), row, at)
        if _refused(found):
            failed.add(row.record)
        else:
            known.accepted.add(row.order_id)
        issues += found
    world.schedule_in(world.settings.visibility_s, known.reveal, at)
    return Verdict(len(file.rows), len(file.rows) - len(failed), tuple(issues))


class _Orders:
    """The orders a file touches; of an ignored feed only copies are touched."""

    def __init__(self, seller: Seller, *, ignored: bool) -> None:
        self._seller = seller
        self._ignored = ignored
        self._touched: dict[str, Order] = {}
        self.accepted: set[str] = set()

    def get(self, order_id: str) -> Order | None:
        order = self._touched.get(order_id) or self._seller.orders.get(order_id)
        if order is None:
            return None
        if self._ignored and order_id not in self._touched:
            order = copy.deepcopy(order)
        self._touched[order_id] = order
        return order

    def reveal(self, at: datetime) -> None:
        for order_id in self.accepted:
            self._touched[order_id].reveal(at)


def _refused(issues: Sequence[Issue]) -> bool:
    return any(issue.severity in (ERROR, FATAL) for issue in issues)


def _reached(rows: Sequence[Row], fatal: Fault | None) -> Sequence[Row]:
    """A FATAL feed may have done nothing, some or all of its work."""
    effect = fatal.options.get("effect", "none") if fatal else "all"
    return {"none": rows[:0], "some": rows[: len(rows) // 2]}.get(effect, rows)


def _ordered_verdict(row: Row, fault: Fault | None) -> list[Issue]:
    """A test may want a row judged: {code, severity, message, order_id?, order_item_id?}."""
    options = fault.options if fault else {}
    meant = {"order_id": row.order_id, "order_item_id": row.order_item_id}
    if fault is None or any(options.get(name, value) != value for name, value in meant.items()):
        return []
    message = str(options.get("message", "We could not process this record."))
    return [row.issue(str(options.get("code", "99999")), options.get("severity", ERROR), message)]


def result_of(world: World, feed: Feed, verdict: Verdict) -> tuple[bytes, str, bool] | None:
    """Return (bytes, Content-Type, gzipped) of the result document, None for no document."""
    market = MARKETPLACES[feed.marketplaces[0]]
    content_type = f"text/plain; charset={market.charset}"
    text = feed_result.render(
        verdict.processed, verdict.successful, verdict.issues, market.language
    )
    gzipped = world.settings.gzip_results
    if fatal := feed.faults.get("feed_fatal"):
        if not fatal.options.get("document"):
            return None
        text = _FATAL
    if "result_missing" in feed.faults:
        return None
    if foreign := feed.faults.get("result_foreign"):
        text = _OTHER if foreign.options.get("variant") == "other" else _FOREIGN
    if "result_empty" in feed.faults:
        text = ""
    body = text.encode(PYTHON_CODECS[market.charset], errors="replace")
    body = compressed(body) if gzipped else body
    if "result_truncated" in feed.faults:
        body = body[: len(body) * 3 // 5]
    return body, content_type, gzipped
