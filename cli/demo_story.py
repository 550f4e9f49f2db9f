"""What the demo tells: what happened per stage, which orders there are, where to look next."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from cli.demo_run import SPEED, Cycle
from cli.demo_shipping import Shipping
from cli.demo_shipping_story import shipping_counts
from cli.order_view import order_table
from cli.output import table
from cli.report_view import ORDER_COUNTS, counts_of, rejected_table, report_row, skipped_table
from domain.ledger import ReportTally, RowOutcome, SkipReason
from domain.orders import EnrichmentState, Order
from domain.reports import ReportState
from simulator.marketplaces import DEFAULT_MARKETPLACES, MARKETPLACES

SHOWN_OF_EACH = 4


@dataclass(frozen=True, slots=True)
class DemoEnd:
    """How the demo ended.  ``is_own_place``: the orders are where every command looks anyway."""

    place: Path
    is_own_place: bool
    first: Cycle
    second: Cycle
    shipping: Shipping
    seconds: float


def before(place: Path, orders: int, url: str) -> Iterator[Table | str]:
    """Yield what is set up: everything local, and what is volatile."""
    countries = ", ".join(MARKETPLACES[each].country for each in DEFAULT_MARKETPLACES)
    yield table(
        "The whole job, on this machine alone",
        ("", ""),
        [
            ("Amazon", f"simulated at {url}: {orders} orders in {countries}"),
            ("", f"its clock runs {SPEED} times as fast as yours"),
            ("broker", "in memory: VOLATILE, what is queued ends with this process"),
            ("store", f"embedded, on disk under {place}"),
        ],
    )
    yield ""


def cycle_screen(title: str, cycle: Cycle, before: Cycle | None = None) -> Iterator[Table | str]:
    """Yield what one cycle did, stage by stage; reasons told ``before`` are not told again."""
    tally = total(cycle)
    yield table(title, ("stage", "what happened"), _stages(cycle, tally))
    yield ""
    known = total(before).skipped if before else {}
    news = {reason: count for reason, count in tally.skipped.items() if reason not in known}
    if news:
        yield skipped_table(news)
        yield ""
    if cycle.rejected:
        yield rejected_table(cycle.rejected, tally.rejected)
        yield ""


def _stages(cycle: Cycle, tally: ReportTally) -> Iterator[tuple[str, str]]:
    states = _listed(Counter(each.state.value for each in cycle.reports))
    outcomes, orders = tally.row_outcomes, tally.orders
    enriched = Counter(order.enrichment.value for order in cycle.orders)
    yield "request_report", f"{len(cycle.reports)} reports asked for, one per marketplace"
    yield "poll_report", f"waited until they were ready; by now: {states}"
    yield "parse_order_report", f"{tally.rows} rows read, {tally.rejected} of them unreadable"
    created = f"{orders['created']} created ({orders['recovered']} past Pending when first seen)"
    changed = f"{orders['updated']} updated, {orders['unchanged']} unchanged"
    skipped = f"{outcomes[RowOutcome.SKIPPED]} rows skipped"
    yield "import_orders", f"orders: {created}, {changed}; {skipped}"
    yield "enrich_orders", f"buyer, address and item ids: {_listed(enriched)}"
    if cycle.failed:
        yield "quarantine", f"{cycle.failed} messages failed for good: failed list"


def after(end: DemoEnd) -> Iterator[Table | str]:
    """Yield the orders, and where to look next."""
    found, place = end.shipping.orders, end.place
    shown = _of_every_status(found)
    statuses = _listed(Counter(order.status.value for order in found))
    yield order_table(f"Some orders of every status ({len(shown)} of {len(found)})", shown)
    yield ""
    yield f"{len(found)} orders: {statuses}."
    yield f"{moved(end.first, end.second)} of them changed their status between the cycles."
    yield f"Done in {end.seconds:.0f} s. The queues are gone, the orders stay in DATA_DIR={place}."
    yield ""
    prefix = _python() if end.is_own_place else f"DATA_DIR={place} {_python()}"
    steps = [(f"{prefix} -m cli {command}", what) for command, what in _next_steps(end)]
    yield table("Where to look next", ("", ""), steps)


def _of_every_status(found: Sequence[Order]) -> list[Order]:
    """Return the newest few orders of each status, ours and Amazon's."""
    groups: dict[tuple[str, str], list[Order]] = {}
    for order in found:
        groups.setdefault((order.status.value, order.amazon_status), []).append(order)
    return [order for _, orders in sorted(groups.items()) for order in orders[:SHOWN_OF_EACH]]


def _next_steps(end: DemoEnd) -> Iterator[tuple[str, str]]:
    yield "orders list --status ORDER_NEW", "what there is to ship"
    for order_id in _worth_a_look(end):
        yield f"orders show {order_id}", "one order, its buyer hidden"
        yield f"explain order {order_id}", "its whole story"
    yield "explain order 111-0000000-0000000", "why an order is not here"
    for report in end.second.reports[:1]:
        yield f"report show {report.report_id}", "what became of every row"
    yield "shipments list", "every package, where it stands and why"
    for feed in end.shipping.feeds[:1]:
        yield f"feeds result {feed.feed_id}", "what Amazon said of each row"
    yield "check", "settings, and what is reached"


def _worth_a_look(end: DemoEnd) -> list[str]:
    """Return the order with the longest story of a package, else any that is complete."""
    told = max(end.shipping.packages, key=lambda row: len(row.shipment.history), default=None)
    complete = [o.order_id for o in end.second.orders if o.enrichment is EnrichmentState.COMPLETE]
    return [told.order_id] if told else complete[:1]


def _python() -> str:
    python, here = Path(sys.executable), Path.cwd()
    return str(python.relative_to(here) if python.is_relative_to(here) else python)


def counts(end: DemoEnd) -> dict[str, Any]:
    """Return the one JSON object of ``demo --json``: both cycles together, then each."""
    cycles, found = (end.first, end.second), end.shipping.orders
    return {
        **counts_of(_sum([total(each) for each in cycles])),
        "complete": all(_is_complete(each) for each in cycles),
        "reports": sum(len(each.reports) for each in cycles),
        "orders_in_store": len(found),
        "statuses": dict(Counter(order.status.value for order in found)),
        "enrichment": dict(Counter(order.enrichment.value for order in found)),
        "moved_between_cycles": moved(end.first, end.second),
        "failed": end.shipping.failed,
        "cycles": [_cycle_counts(each) for each in cycles],
        "shipping": shipping_counts(end.shipping),
        "broker": "in memory (volatile)",
        "data_dir": str(end.place),
        "seconds": end.seconds,
    }


def _cycle_counts(cycle: Cycle) -> dict[str, Any]:
    return {
        **counts_of(total(cycle)),
        "complete": _is_complete(cycle),
        "reports": [report_row(each) for each in cycle.reports],
    }


def _is_complete(cycle: Cycle) -> bool:
    healthy = {ReportState.COMPLETE, ReportState.CANCELLED}
    return bool(cycle.reports) and all(each.state in healthy for each in cycle.reports)


def moved(first: Cycle, second: Cycle) -> int:
    """Return how many orders Amazon told another status of in the second cycle."""
    early = {order.order_id: order.amazon_status for order in first.orders}
    return sum(
        1
        for order in second.orders
        if early.get(order.order_id, order.amazon_status) != order.amazon_status
    )


def total(cycle: Cycle) -> ReportTally:
    """Return the counts of all reports of a cycle."""
    return _sum(cycle.tallies)


def _sum(tallies: tuple[ReportTally, ...] | list[ReportTally]) -> ReportTally:
    outcomes, skipped = Counter[RowOutcome](), Counter[SkipReason]()
    orders = Counter[str](dict.fromkeys(ORDER_COUNTS, 0))
    for each in tallies:
        outcomes.update(each.row_outcomes)
        skipped.update(each.skipped)
        orders.update(each.orders)
    return ReportTally(
        rows=sum(each.rows for each in tallies),
        row_outcomes={outcome: outcomes[outcome] for outcome in RowOutcome},
        orders=dict(orders),
        skipped=dict(skipped),
        rejected=sum(each.rejected for each in tallies),
        chunks=sum(each.chunks for each in tallies),
    )


def _listed(counted: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counted.items())) or "none"
