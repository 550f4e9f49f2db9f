"""Five thousand tracking events over three thousand orders: every unit is accounted for."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.order_status import units_left
from domain.shipments import Outbound, Shipment
from tests.fakes.tracking_system import TrackingSystem, item_id, tracking_system

ORDERS, EVENTS = 3000, 5000
UNITS = 3
"""Of the one item of every order."""
REJECTED = 15
"""An order whose row Amazon rejects."""
Ends = list[tuple[Outbound, str, int]]
"""Where each shipment of an order must end, why, and with how many units; sorted."""


@dataclass(frozen=True)
class Sent:
    """An entry to come: its order, units by SKU, and what else it says."""

    order: int
    units: int
    ref: str
    event: str
    number: str
    at_s: int
    sku: str = "BP-100"
    carrier: str = "ups"


def sent(order: int, n: int, units: int, *, ref: str = "", **facts: str) -> Sent:
    number = f"1Z{order}N{n}"
    return Sent(order, units, ref or f"p{n}", f"{order}-{n}", number, n, **facts)


def whole(order: int) -> tuple[list[Sent], Ends]:
    return [sent(order, 1, 3)], [(Outbound.ACCEPTED, "", 3)]


def by_item(order: int) -> tuple[list[Sent], Ends]:
    return [sent(order, 1, 3, sku=item_id(order))], [(Outbound.ACCEPTED, "", 3)]


def partial(order: int) -> tuple[list[Sent], Ends]:
    return [sent(order, 1, 2)], [(Outbound.ACCEPTED, "", 2)]


def split(order: int) -> tuple[list[Sent], Ends]:
    both = [sent(order, 1, 1), sent(order, 2, 2)]
    return both, [(Outbound.ACCEPTED, "", 1), (Outbound.ACCEPTED, "", 2)]


def duplicate(order: int) -> tuple[list[Sent], Ends]:
    return [sent(order, 1, 3)] * 3, [(Outbound.ACCEPTED, "", 3)]


def corrected(order: int) -> tuple[list[Sent], Ends]:
    return [sent(order, n, 3, ref="p") for n in (1, 2)], [(Outbound.ACCEPTED, "", 3)]


def over_quantity(order: int) -> tuple[list[Sent], Ends]:
    both = [sent(order, 1, 2), sent(order, 2, 2)]
    return both, [(Outbound.ACCEPTED, "", 2), (Outbound.REFUSED, "over_quantity", 0)]


def unlisted(order: int) -> tuple[list[Sent], Ends]:
    return [sent(order, 1, 3, carrier="Sample Couriers")], [(Outbound.ACCEPTED, "", 3)]


def unknown_item(order: int) -> tuple[list[Sent], Ends]:
    both = [sent(order, 1, 3), sent(order, 2, 1, sku="XX-1")]
    return both, [(Outbound.ACCEPTED, "", 3), (Outbound.REFUSED, "unknown_item", 0)]


def amazons(order: int) -> tuple[list[Sent], Ends]:
    return [sent(order, 1, 3)], [(Outbound.REFUSED, "fulfilled_by_amazon", 0)]


def cancelled(order: int) -> tuple[list[Sent], Ends]:
    return [sent(order, 1, 3)], [(Outbound.REFUSED, "order_cancelled", 0)]


def pending(order: int) -> tuple[list[Sent], Ends]:
    both = [sent(order, 1, 1), sent(order, 2, 2)]
    return both, [(Outbound.WAITING, "order_pending", 0)] * 2


def unknown(order: int) -> tuple[list[Sent], Ends]:
    both = [sent(order, 1, 1), sent(order, 2, 2)]
    return both, [(Outbound.WAITING, "order_unknown", 0)] * 2


CASES: tuple[Callable[[int], tuple[list[Sent], Ends]], ...] = (
    *(whole, by_item, partial, split, duplicate, corrected, over_quantity, unlisted),
    *(unknown_item, amazons, cancelled, pending, unknown, whole, split),
)
SPECS: dict[Callable[[int], tuple[list[Sent], Ends]], dict[str, str]] = {
    amazons: {"fulfilled_by": "AMAZON"},
    cancelled: {"status": "CANCELLED"},
    pending: {"status": "PENDING"},
}


def test_every_unit_of_five_thousand_entries_is_accounted_for(url: str) -> None:
    with tracking_system(url) as system:
        entries, ends = prepared(system)
        begin = system.clock.now()
        early, late = entries[: EVENTS // 10], entries[EVENTS // 10 :]
        enter(system, early, begin)
        system.import_orders()
        enter(system, late[: EVENTS // 2], begin)
        system.amazon.add_fault("row_verdict", code="25441", order_id=name(REJECTED))
        system.send()
        enter(system, late[EVENTS // 2 :], begin)
        system.send()
        sweep(system)

        found = {order: stood(system.shipments(name(order))) for order in ends}
        assert {n: each for n, each in found.items() if each != ends[n]} == {}
        assert {n: at_amazon(system, n) for n in ends} == {n: units(ends[n]) for n in ends}
        known = system.app.store.orders.without_buyers("demo", [name(n) for n in ends])
        read = {n: known[name(n)] for n in ends if name(n) in known and known[name(n)].items}
        assert len(read) > ORDERS // 2
        # Every unit ordered is accepted, or left for a package to come: exactly.
        assert {n: units(ends[n]) + units_left(each) for n, each in read.items()} == dict.fromkeys(
            read, UNITS
        )
        said = {n: entered(system.shipments(name(n))) for n in ends}
        assert [n for n, (all_units, by_fate) in said.items() if all_units != by_fate] == []
        books = system.app.store.shipment_views.count_by_outbound()
        assert sum(books.values()) == sum(len(each) for each in ends.values())
        assert books[Outbound.ACCEPTED] > EVENTS // 2


def prepared(system: TrackingSystem) -> tuple[list[Sent], dict[int, Ends]]:
    """Let Amazon have the orders; return all entries, shuffled, and where they must end."""
    entries: list[Sent] = []
    ends: dict[int, Ends] = {}
    for order in range(1, ORDERS + 1):
        case = CASES[order % len(CASES)]
        if case is not unknown:
            system.order(order, ("BP-100", UNITS), **SPECS.get(case, {}))
        told, ends[order] = case(order)
        entries += told
    ends[REJECTED] = [(Outbound.REFUSED, "amazon", 0)]
    entries += [each for each in entries if each.order % len(CASES) == 0][: EVENTS - len(entries)]
    random.Random(7).shuffle(entries)
    # The fault meets the first feed, so the entry has to be in it.
    entries.sort(key=lambda each: each.order != REJECTED)
    assert len(entries) == EVENTS
    return entries, ends


def enter(system: TrackingSystem, entries: list[Sent], begin: datetime) -> None:
    for number, each in enumerate(entries):
        system.enter(
            name(each.order),
            (each.sku, each.units),
            run=number % 50 == 49,
            shipment_ref=each.ref,
            event_id=each.event,
            tracking_number=each.number,
            carrier=each.carrier,
            entered_at=begin + timedelta(seconds=each.at_s),
            shipped_at=begin,
        )
    system.run()


def sweep(system: TrackingSystem) -> None:
    """Look after the entries that came before their order was left alone."""
    sweeps = system.app.store.shipment_sweeps
    for book in sweeps.joinable(older_than=timedelta()):
        system.resolve(book.order_id)


def stood(shipments: tuple[Shipment, ...]) -> Ends:
    return sorted(
        (each.outbound, str(each.reason), sum(line.quantity for line in each.accepted_lines))
        for each in shipments
    )


def entered(shipments: tuple[Shipment, ...]) -> tuple[int, int]:
    """Return the units entered, and those accepted, waiting or refused together."""
    whole_way = sum(line.quantity for each in shipments for line in each.accepted_lines)
    others = (each for each in shipments if each.outbound in {Outbound.WAITING, Outbound.REFUSED})
    stopped = sum(item.quantity for each in others for item in each.content.items)
    return sum(i.quantity for each in shipments for i in each.content.items), whole_way + stopped


def at_amazon(system: TrackingSystem, order: int) -> int:
    """Return how many units Amazon counts as shipped."""
    known = system.amazon.seller().orders.get(name(order))
    return sum(sum(each.contents.values()) for each in known.confirmed) if known else 0


def units(ends: Ends) -> int:
    return sum(accepted for _, _, accepted in ends)


def name(order: int) -> str:
    return f"111-0000000-{order:07d}"
