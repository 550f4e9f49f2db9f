"""A shipment as people and programs read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.table import Table

from cli.output import plain, short, table
from domain.shipment_visibility import NOT_APPLIED, is_missed
from domain.shipments import Issue, Shipment
from store.shipment_views import ShipmentRow

COLUMNS = ("shipment", "order", "stands", "since (UTC)", "carrier", "tracking number", "units", "")


def shipment_row(row: ShipmentRow) -> dict[str, Any]:
    """Return a shipment as one line of a list."""
    each = row.shipment
    return {
        "shipment_id": each.shipment_id,
        "shipment_ref": each.shipment_ref,
        "account": row.account,
        "order_id": row.order_id,
        "ship_by": plain(row.ship_by),
        "state": each.outbound.value,
        "since": plain(each.since),
        "reason": each.reason.value,
        "explanation": each.explanation,
        NOT_APPLIED: is_missed(each),
        "carrier": each.content.carrier,
        "carrier_code": each.carrier_code,
        "carrier_name": each.carrier_name,
        "tracking_number": each.content.tracking_number,
        "shipped_at": plain(each.content.shipped_at),
        "items": plain(each.content.items),
        "feed": each.feed,
        "issues": plain(each.issues),
        "warnings": list(each.warnings),
    }


def shipment_document(row: ShipmentRow) -> dict[str, Any]:
    """Return everything about a shipment."""
    return {**shipment_row(row), **plain(row.shipment), "state": row.shipment.outbound.value}


def shipment_table(title: str, rows: Iterable[ShipmentRow]) -> Table:
    """Return a table of shipments, each with what a person should know about it."""
    return table(title, COLUMNS, (_cells(each) for each in rows))


def notes(shipment: Shipment) -> str:
    """Return why it stands where it stands, and what is doubtful about it."""
    told = [shipment.explanation, *shipment.warnings, *_words(shipment.issues)]
    if is_missed(shipment):
        told.append(f"{NOT_APPLIED}: accepted, but Amazon does not show it")
    return "; ".join(dict.fromkeys(each for each in told if each))


def shipment_screen(row: ShipmentRow) -> Iterator[Table | str]:
    """Yield what ``shipments show`` prints."""
    each = row.shipment
    yield table(f"Shipment {each.shipment_id}", ("", ""), _facts(row))
    yield table(
        "In the package, as entered",
        ("order item", "SKU", "units"),
        ((i.order_item_id or "-", i.sku or "-", i.quantity) for i in each.content.items),
    )
    if each.issues:
        yield table(
            "What Amazon said",
            ("code", "kind", "message"),
            ((i.code, "error" if i.is_error else "warning", i.message) for i in each.issues),
        )
    yield table(
        "What happened",
        ("when (UTC)", "what", "because of"),
        ((short(entry.at), entry.what, entry.cause) for entry in each.history),
    )
    yield f"Its order's whole story: python -m cli explain order {row.order_id}"


def _words(issues: Sequence[Issue]) -> Iterator[str]:
    for issue in issues:
        if not issue.is_error:
            yield f"Amazon warns: {issue.code} {issue.message}"


def _cells(row: ShipmentRow) -> tuple[object, ...]:
    each = row.shipment
    return (
        each.shipment_id,
        row.order_id,
        each.outbound.value,
        short(each.since),
        each.carrier_code or each.content.carrier,
        each.content.tracking_number,
        sum(item.quantity for item in each.content.items),
        notes(each),
    )


def _facts(row: ShipmentRow) -> Iterator[tuple[str, object]]:
    each = row.shipment
    yield "account", row.account
    yield "order", row.order_id
    if each.shipment_ref:
        yield "sender's reference", each.shipment_ref
    yield "stands", f"{each.outbound.value} since {short(each.since)}"
    if notes(each):
        yield "", notes(each)
    yield "ship by", short(row.ship_by)
    yield "carrier", f"{each.content.carrier} -> {_carrier(each)}"
    yield "tracking number", each.content.tracking_number
    yield "shipped", short(each.content.shipped_at)
    if each.feed:
        yield "feed", each.feed
    yield "sent to Amazon", short(each.submitted_at)
    yield "accepted by Amazon", short(each.accepted_at)


def _carrier(shipment: Shipment) -> str:
    if not shipment.carrier_code:
        return "not resolved yet"
    return f"{shipment.carrier_code} ({shipment.carrier_name})"
