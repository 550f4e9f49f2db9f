"""Any number of schedulers and workers: the documents are those of one of each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain.messages import FulfillmentDue
from domain.orders import Order
from domain.shipments import ShipmentBook
from simulator.server import Simulator
from tests.fakes.mongo import fresh_database, mongodb_url
from tests.fakes.rabbitmq import RabbitMQ
from tests.fakes.system import Places, System
from tests.fakes.tally import Tally
from tests.fakes.tracking import tracking_entered

pytestmark = pytest.mark.rabbitmq
ACCOUNT, US, ORDERS, PACKAGES = "alpha", "ATVPDKIKX0DER", 200, 60
ORDER_IDS = [f"111-{n:07}-0000001" for n in range(ORDERS)]
SHIPPED = {order_id: f"1Z999AA10{n:07}0" for n, order_id in enumerate(ORDER_IDS[:PACKAGES])}
SHIPPED_AT = datetime.now(UTC).replace(microsecond=0)
PLACED_AT = SHIPPED_AT - timedelta(hours=2)
PATIENCE_S = 600
NEVER = str(24 * 60)
"""Minutes: each job has one slot while a test runs."""
SETTINGS = {
    "ORDER_IMPORT__CHUNK_ROWS": "10",
    "FULFILLMENT__ORDERS_PER_FEED": "25",
    "FEEDS__SPACING_MINUTES": "0",
    "FEEDS__SETTLE_MINUTES": "0.05",
    "FEEDS__FIRST_POLL_S": "1",
    "SCHEDULE__ORDER_REPORT_MINUTES": NEVER,
    "SCHEDULE__ORDER_REFRESH_MINUTES": NEVER,
    "SCHEDULE__FULFILLMENT_MINUTES": NEVER,
    "SCHEDULE__SWEEPERS_MINUTES": NEVER,
    f"ACCOUNTS__{ACCOUNT.upper()}__AMAZON_WRITES": "true",
}
OF_THE_RUN = frozenset(
    ("revision", "imported_at", "read_at", "next_read_at", "history", "outbox", "changes",
     "first_report_id", "lines_report_id", "lines_as_of", "report_id", "row", "report_rows",
     "since", "feed", "submitted_at", "accepted_at", "in_feed_lines", "at", "recorded_at",
     "received_at", "event_id", "flow_id", "flow_started_at", "claimed_at", "announced_at",
     "holder", "confirmed_at", "sent_at", "taken_at")
)  # fmt: skip
"""What tells of this run's moments and of ids made from them, and not of the thing itself."""


@contextmanager
def amazon() -> Iterator[Simulator]:
    """Yield an Amazon with the very same orders every time."""
    with Simulator(
        seed=3,
        orders=0,
        throttle=False,
        report_queue_s=0,
        report_progress_s=0,
        orders_lag_s=0,
        feed_queue_s=0,
        feed_progress_s=0.5,
        visibility_s=0,
        marketplaces=[US],
    ) as simulated:
        plans = simulated.world.buckets.plans
        plans.update({name: replace(plan, rate=100.0) for name, plan in plans.items()})
        for order_id in ORDER_IDS:
            simulated.put_order(
                account=ACCOUNT,
                order_id=order_id,
                placed_at=PLACED_AT.isoformat(),
                status="UNSHIPPED",
                items=[{"sku": "BP-100", "quantity": 1, "order_item_id": order_id[4:11]}],
            )
        yield simulated


def documents_of(
    rabbitmq: RabbitMQ, folder: Path, *, schedulers: int, workers: int
) -> dict[str, Any]:
    """Let so many processes do everything; return what stands in the store and at Amazon then."""
    vhost = rabbitmq.add_vhost(f"side-by-side-{workers}")
    with (
        amazon() as simulated,
        mongodb_url() as url,
        fresh_database(url) as database,
        System(
            folder, Places(vhost.amqp_url, url, database, simulated.url), extra=SETTINGS
        ) as system,
    ):
        system.start_workers(each=workers)
        for _ in range(schedulers):
            system.start("scheduler", "-m", "cli", "run", "scheduler")
        enter_tracking(system)
        tally = Tally(system.app, simulated, ACCOUNT, ORDER_IDS, SHIPPED)
        system.wait_until(tally.orders_are_in, "all is imported and joined", timeout_s=PATIENCE_S)
        system.wait_until(lambda: are_out(system, tally), "all is out", timeout_s=PATIENCE_S)
        # The schedulers had time for many ticks by now; each slot must have one document.
        found = contents(system, tally)
        found["exit codes"] = {system.terminate("scheduler") for _ in range(schedulers)}
    rabbitmq.delete_vhost(vhost.name)
    return found


def enter_tracking(system: System) -> None:
    """Enter all packages as the bridge does: into the store, then onto the queue."""
    entries = [
        tracking_entered(
            f"event-{order_id}",
            account=ACCOUNT,
            order_id=order_id,
            tracking_number=number,
            shipped_at=SHIPPED_AT.isoformat(),
            entered_at=SHIPPED_AT.isoformat(),
            items=[{"sku": "BP-100", "quantity": 1}],
        )
        for order_id, number in SHIPPED.items()
    ]
    assert system.app.store.tracking_inbox.receive(entries) == set()
    for entry in entries:
        system.publish(entry)


def are_out(system: System, tally: Tally) -> bool:
    """Whether Amazon has judged every package; tick, as schedulers do, whenever no feed is open."""
    if tally.packages_are_out():
        return True
    if not tally.open_feeds():
        now = system.app.store.now()
        due = FulfillmentDue.first(key=now.isoformat(), account=ACCOUNT, at=now, due_at=now)
        system.publish(due)
    return False


def contents(system: System, tally: Tally) -> dict[str, Any]:
    """Return everything there is, without what tells of this run, in an order of its own."""
    store, reports = system.app.store, tally.reports()
    books = {each: store.shipment_views.book(ACCOUNT, each) for each in SHIPPED}
    return {
        "orders": {order.order_id: stable(order) for order in tally.known_orders()},
        "books": {order_id: book and stable(book) for order_id, book in books.items()},
        "entries": timeless(sorted(store.database["tracking_entries"].find(), key=_id)),
        "rows": sorted(
            row
            for feed in store.feed_views.list_feeds(account=ACCOUNT, limit=ORDERS)
            for row in store.feeds.content(feed.feed_id).decode().splitlines()[1:]
        ),
        "at Amazon": tally.units_at_amazon(),
        "reports": [(report.kind, report.rows, report.state) for report in reports],
        "tallies": [system.app.ports.ledger.tally(report.report_id) for report in reports],
        "ledger": sorted(
            (verdict["order_id"], verdict["outcome"], verdict.get("reason"))
            for chunk in store.database["report_chunks"].find()
            for verdict in chunk["verdicts"]
        ),
        "slots": sorted((raw["job_key"], raw["slot"]) for raw in store.database["slots"].find()),
        "quarantine": store.quarantine.groups(),
    }


def stable(thing: Order | ShipmentBook) -> dict[str, Any]:
    """Return what must be the same in every run; a report's rows come in any order."""
    facts: dict[str, Any] = timeless(asdict(thing))
    return facts | {"told": sorted(event.type for event in thing.outbox)}


def timeless(value: Any) -> Any:
    """Return a document without the fields that tell of this run."""
    if isinstance(value, dict):
        return {name: timeless(each) for name, each in value.items() if name not in OF_THE_RUN}
    return [timeless(each) for each in value] if isinstance(value, list | tuple) else value


def _id(raw: dict[str, Any]) -> str:
    return str(raw["_id"])


def differing(one: dict[str, Any], many: dict[str, Any]) -> list[tuple[str, str, Any, Any]]:
    """Return order, field and both values wherever the two are not the same."""
    return [
        (order_id, name, one.get(order_id, {}).get(name), many.get(order_id, {}).get(name))
        for order_id in sorted({*one, *many})
        for name in sorted({*one.get(order_id, {}), *many.get(order_id, {})})
        if one.get(order_id, {}).get(name) != many.get(order_id, {}).get(name)
    ]


def test_two_schedulers_and_three_workers_of_each_stage_give_the_same_documents(
    rabbitmq: RabbitMQ, tmp_path: Path
) -> None:
    one = documents_of(rabbitmq, tmp_path / "one", schedulers=1, workers=1)
    many = documents_of(rabbitmq, tmp_path / "many", schedulers=2, workers=3)
    assert (len(many["orders"]), len(many["rows"])) == (ORDERS, PACKAGES)
    for kind in ("orders", "books"):
        assert differing(one.pop(kind), many.pop(kind)) == []
    assert many == one
