"""What the demo tells of the packages that were shipped: each one's fate, the feeds, the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from rich.table import Table

from cli.demo_shipping import Shipping
from cli.feed_view import feed_table
from cli.output import table
from cli.shipment_view import notes
from domain.orders import Order
from domain.shipments import Outbound, Reason, Shipment
from store.shipment_views import ShipmentRow

WORDS = (
    ("waiting", "waited"),
    ("sent to Amazon", "sent"),
    ("refused by Amazon", "refused by Amazon"),
    ("refused (amazon", ""),
    ("refused", "refused here"),
    ("accepted by Amazon", "accepted"),
    ("corrected", "corrected"),
    ("shown by Amazon", "shown"),
)
"""How entries of a package's history begin, and the word for each; the first that fits."""
COLUMNS = ("order", "carrier", "tracking number", "what happened", "stands", "")


def shipping_screen(shipping: Shipping) -> Iterator[Table | str]:
    """Yield what became of every package, stage by stage, then one by one, then the feeds."""
    if not shipping.packages:
        yield "No order was ready to ship; more orders bring some: --orders 100"
        yield ""
        return
    stages = _stages(shipping, shipping_counts(shipping))
    title = "Packages are shipped and their tracking entered"
    yield table(title, ("stage", "what happened"), stages)
    yield ""
    rows = sorted(shipping.packages, key=_first_entered)
    yield table("Every package and its fate", COLUMNS, (_cells(row) for row in rows))
    yield ""
    yield feed_table("Feeds, oldest first", shipping.feeds)
    yield ""


def shipping_counts(shipping: Shipping) -> dict[str, Any]:
    """Return the counts of ``demo --json``, taken from what the store holds."""
    packages = [row.shipment for row in shipping.packages]
    fates = {each.shipment_id: _fate(each) for each in packages}
    touched = _touched(shipping)
    return {
        "shipments": dict(Counter(each.outbound.value for each in packages)),
        "feeds": dict(Counter(feed.state.value for feed in shipping.feeds)),
        "rows_sent": sum(feed.rows for feed in shipping.feeds),
        "corrected": sum(_is_corrected(each, "accepted") for each in fates.values()),
        "refused_then_corrected": sum(
            _is_corrected(each, "refused by Amazon") for each in fates.values()
        ),
        "waited_then_accepted": sum(
            fate[0] == "waited" and "accepted" in fate for fate in fates.values() if fate
        ),
        "accepted_with_warning": sum(
            bool(each.warnings) for each in packages if each.outbound is Outbound.ACCEPTED
        ),
        "shown_by_amazon": sum(fate[-1:] == ["shown"] for fate in fates.values()),
        "orders": dict(Counter(order.status.value for order in touched)),
        "confirmation": dict(Counter(str(o.shipping.get("confirmation")) for o in touched)),
    }


def _is_corrected(fate: Sequence[str], before: str) -> bool:
    """Whether a correction followed that outcome, and was accepted."""
    if "corrected" not in fate:
        return False
    place = fate.index("corrected")
    return before in fate[:place] and "accepted" in fate[place:]


def _touched(shipping: Shipping) -> list[Order]:
    ids = {row.order_id for row in shipping.packages}
    return [order for order in shipping.orders if order.order_id in ids]


def _stages(shipping: Shipping, told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    packages = [row.shipment for row in shipping.packages]
    corrections = sum("corrected" in _fate(each) for each in packages)
    waited = sum("waited" in _fate(each) for each in packages)
    refused = [each for each in packages if each.reason not in (Reason.NONE, Reason.AMAZON)]
    why = f" ({', '.join(sorted({each.reason.value for each in refused}))})" if refused else ""
    yield "record_tracking", f"{len(packages)} packages entered, {corrections} corrected later"
    yield (
        "resolve_shipments",
        f"{waited} waited for the order to be paid, {len(refused)} refused here{why}",
    )
    yield "batch_fulfillment", f"{len(shipping.feeds)} feeds, {told['rows_sent']} rows in all"
    yield "submit_feed, poll_feed", f"feeds by now: {_listed(told['feeds'])}"
    refusals = f"{told['refused_then_corrected']} refused by Amazon and then corrected"
    fates = f"{refusals}, {told['corrected']} corrected after it was accepted"
    yield "apply_fulfillment_result", f"packages: {_listed(told['shipments'])}; {fates}"
    orders = f"their orders: {_listed(told['orders'])}"
    yield "enrich_orders", f"{told['shown_by_amazon']} packages shown by Amazon; {orders}"
    if shipping.failed:
        yield "quarantine", f"{shipping.failed} messages failed for good: failed list"


def _cells(row: ShipmentRow) -> tuple[object, ...]:
    each = row.shipment
    return (
        row.order_id,
        each.carrier_code or each.content.carrier,
        each.content.tracking_number,
        " > ".join(_fate(each)),
        each.outbound.value,
        notes(each),
    )


def _fate(shipment: Shipment) -> list[str]:
    """Return its history in a word each."""
    found = (_word(entry.what) for entry in shipment.history)
    return [word for word in found if word]


def _word(what: str) -> str:
    return next((word for begins, word in WORDS if what.startswith(begins)), "")


def _first_entered(row: ShipmentRow) -> tuple[object, str]:
    return row.shipment.first_entered_at, row.shipment.shipment_id


def _listed(counted: dict[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counted.items())) or "none"
