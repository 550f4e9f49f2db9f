"""The stand for fault tests: real parts that may be killed, a thousand orders in flight, a tally.

The orders are put into the simulator one by one, so what must come out is known exactly.  Five
hundred of them have a package, which travels on to Amazon's verdict in at least five feeds, one
after the other, once ``ship`` lets the fulfillment tick.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from actors.processes import sweep_ports
from actors.runtime.dead_letters import drain_dead_letters
from actors.runtime.sweepers import sweep_all
from actors.runtime.sweeps import SWEEPS
from domain.messages import FulfillmentDue, ReportDue, ReportKind
from domain.reports import ReportState
from simulator.faults import Fault
from simulator.server import Simulator
from tests.fakes.doors import SUBSCRIBER, Doors
from tests.fakes.queues import under_way
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.rabbitmq_node import PrivateRabbitMQ
from tests.fakes.store_server import StoreServer
from tests.fakes.system import Places, System
from tests.fakes.tally import Tally, Verdict
from tests.fakes.tracking import tracking_json

ACCOUNT = "alpha"
US = "ATVPDKIKX0DER"
SKU = "BP-100"
ORDERS = 1000
PACKAGES = 500
ROWS_PER_CHUNK = 20
PACKAGES_PER_FEED = 100
SOON = timedelta(seconds=2)
QUICK = {
    # Leases follow the time limit of a call: five times two seconds.
    "HTTP__CALL_TIMEOUT_S": "2",
    "HTTP__CONNECT_TIMEOUT_S": "2",
    "ORDER_IMPORT__CHUNK_ROWS": str(ROWS_PER_CHUNK),
    "ORDER_IMPORT__CHUNK_BACKLOG": "1000",
    "ORDER_IMPORT__CHUNK_STANDSTILL_S": str(SOON.total_seconds()),
    "FULFILLMENT__ORDERS_PER_FEED": str(PACKAGES_PER_FEED),
    "FEEDS__SPACING_MINUTES": "0",
    "FEEDS__SETTLE_MINUTES": "0.05",
    "FEEDS__LOOK_AGAIN_MINUTES": "0.05",
    "FEEDS__FIRST_POLL_S": "1",
    f"ACCOUNTS__{ACCOUNT.upper()}__AMAZON_WRITES": "true",
}
UNHURRIED = 100.0
"""Calls a second that Amazon allows here: as many feeds in a minute as usually in an hour."""
TICK_S = 1.0
REST_S, REST_LOOK_S = 600, 2.0
"""How long queues may hold something once everything is in its place; a look is dear."""


class Stand:
    """Simulator, RabbitMQ, store and workers, with a thousand orders to import."""

    def __init__(
        self,
        system: System,
        amazon: Simulator,
        broker: tuple[PrivateRabbitMQ, Vhost],
        store: StoreServer,
    ) -> None:
        self.system, self.amazon, self.store = system, amazon, store
        self.node, self.vhost = broker[0], broker[1].name
        self.expected = {f"111-{n:07}-{n:07}" for n in range(1, ORDERS + 1)}
        self.packages: dict[str, str] = {}
        """Tracking number by order id."""
        self.doors = Doors(system)
        self._troubles: list[Fault] = []
        self.left: list[str] = []  # What queues and outboxes hold when they should be empty.
        self.poison = 0
        """Messages put into queues that nobody can work off."""
        self._struck_at = time.monotonic()
        self._chores: dict[str, Callable[[], None]] = {}
        self._ticked_at = 0.0

    @property
    def tally(self) -> Tally:
        """What became of everything, as it is now."""
        return Tally(self.system.app, self.amazon, ACCOUNT, self.expected, self.packages)

    def place(self, first: int = 1, last: int = ORDERS) -> None:
        """Place orders number ``first`` to ``last`` at Amazon."""
        for order_id in sorted(self.expected)[first - 1 : last]:
            self.amazon.put_order(
                account=ACCOUNT,
                order_id=order_id,
                age_s=7200,
                status="UNSHIPPED",
                items=[{"sku": SKU, "quantity": 1}],
            )

    def begin(self, slot: str = "slot-1") -> None:
        """Ask for the report."""
        self.system.publish(
            ReportDue.first(
                key=slot,
                account=ACCOUNT,
                at=datetime.now(UTC),
                kind=ReportKind.ORDERS,
                marketplace=US,
            )
        )

    def enter_tracking(self) -> None:
        """Open the doors; enter a package for each of the first orders, most before it is here."""
        entered = sorted(self.expected)[:PACKAGES]
        self.packages = {order_id: f"1Z999AA101{order_id[-7:]}0" for order_id in entered}
        self._shipped_at = datetime.now(UTC).isoformat()
        self.doors.open()
        self.doors.send(self.tracking_events())

    def tracking_events(self) -> list[bytes]:
        """Return what another system says of the packages; always the same."""
        return [
            tracking_json(
                f"event-{order_id}",
                account=ACCOUNT,
                order_id=order_id,
                shipment_ref="box-1",
                tracking_number=number,
                shipped_at=self._shipped_at,
                entered_at=self._shipped_at,
                items=[{"sku": SKU, "quantity": 1}],
            )
            for order_id, number in self.packages.items()
        ]

    def trouble(self, kind: str, operation: str, times: int = 1, **how: Any) -> None:
        """Let Amazon fail so often; that it came to it is looked at in the end."""
        self._troubles.append(self.amazon.add_fault(kind, operation=operation, times=times, **how))

    def ship(self) -> None:
        """From now on the fulfillment ticks, every second instead of every twenty minutes."""
        self._chores["tick"] = self._tick_in_time

    def tick(self) -> None:
        """Tick the fulfillment, as the scheduler would."""
        now = self.system.app.store.now()
        self.system.publish(
            FulfillmentDue.first(key=now.isoformat(), account=ACCOUNT, at=now, due_at=now)
        )

    def meanwhile(self, name: str, chore: Callable[[], None]) -> None:
        """Do this again and again while waiting."""
        self._chores[name] = chore

    def sweep(self) -> None:
        """Run the sweepers once, for whom everything is overdue after two seconds.

        What is due is left alone until ``ship``: the feeds are struck by a fault of their own.
        """
        self.doors.hurry(SOON)
        sweeps = [
            replace(each, max_age=min(each.max_age, SOON))
            for each in SWEEPS
            if each.stage != "batch_fulfillment" or "tick" in self._chores
        ]
        sweep_all(sweep_ports(self.system.app), sweeps)

    def drain(self) -> None:
        """Move what RabbitMQ gave up on into the quarantine."""
        app = self.system.app
        drain_dead_letters(app.broker, [each.name for each in app.flow], app.store.quarantine.keep)

    def wait_for_imports(self, chunks: int) -> None:
        """Wait until at least so many chunks are imported: the flow is in the middle of it."""
        self._wait(lambda: self.imported_chunks() >= chunks, f"{chunks} chunks are imported")

    def wait_for_feeds(self, number: int) -> None:
        """Wait until Amazon has taken in so many feeds."""
        self._wait(lambda: self.feeds_at_amazon() >= number, f"Amazon has {number} feeds")

    def wait_for_reports(self, number: int) -> None:
        """Wait until so many reports are complete."""
        self._wait(
            lambda: (
                [each.state for each in self.tally.reports()].count(ReportState.COMPLETE) >= number
            ),
            f"{number} reports are complete",
        )

    def imported_chunks(self) -> int:
        """Return how many chunks are in the ledger."""
        return int(self.system.app.store.database["report_chunks"].count_documents({}))

    def feeds_at_amazon(self) -> int:
        """Return how many feeds Amazon has taken in."""
        with self.amazon.world.lock:
            return len(self.amazon.seller(ACCOUNT).feeds)

    def struck(self) -> None:
        """The fault has happened: the time to recover runs from here."""
        self._struck_at = time.monotonic()

    def orders_come_in(self, fault: str, *, timeout_s: float = 600) -> Verdict:
        """Wait until orders and entries are accounted for; count what is lost or doubled."""
        recovery_s = self._settled(self.tally.orders_are_in, timeout_s)
        return self.tally.orders_in(fault, recovery_s)

    def packages_go_out(self, fault: str, *, timeout_s: float = 900) -> Verdict:
        """Wait until Amazon has judged every package; count what is lost or doubled.

        A 429 of createFeed alone is waited out for two minutes, as long as Amazon takes by default
        to allow one more.
        """
        recovery_s = self._settled(self.tally.packages_are_out, timeout_s)
        return self.tally.packages_out(fault, recovery_s)

    def unfinished(self) -> list[str]:
        """Name what is not as it should be at the end; only poison is in the quarantine."""
        self.drain()
        kept = self.tally.quarantined()
        too_much = [f"{kept} messages are in the quarantine, {self.poison} should be"]
        told = {"order.imported": self.expected, "order.enriched": self.expected}
        told |= {"shipment.accepted": set(self.packages), "order.fulfilled": set(self.packages)}
        return [
            *self.tally.unfinished(),
            *(too_much if kept != self.poison else []),
            *self.left,
            *self.doors.misheard(told),
            *(
                f"{each.times} {each.kind} of {each.operation} never came"
                for each in self._troubles
                if each.times
            ),
        ]

    def _settled(self, holds: Callable[[], bool], timeout_s: float) -> float:
        """Wait until it holds, then until nothing is under way; return how long the former took."""
        is_so, recovery_s = self._until(holds, timeout_s), time.monotonic() - self._struck_at
        self._chores.pop("tick", None)
        if is_so and not self._until(self._rests, REST_S, every_s=REST_LOOK_S):
            self.left.append(f"still under way: {self._under_way()}")
        return recovery_s

    def _rests(self) -> bool:
        """Whether nothing is under way; twice, since a message may have moved on meanwhile."""
        return self._under_way() == {} and self._under_way() == {}

    def _under_way(self) -> dict[str, int]:
        """Return what queues hold, delayed messages included, and the outboxes."""
        queues = under_way(self.node, self.vhost, beside=SUBSCRIBER)
        unsent = len(self.system.app.store.outbox.unsent(limit=1)) if self.packages else 0
        return queues | ({"outbox": unsent} if unsent else {})

    def _tick_in_time(self) -> None:
        if time.monotonic() - self._ticked_at >= TICK_S:
            self._ticked_at = time.monotonic()
            self.tick()

    def _wait(self, holds: Callable[[], bool], what: str) -> None:
        assert self._until(holds, timeout_s=120), f"never: {what}\n{self.system.last_words()}"

    def _until(self, holds: Callable[[], bool], timeout_s: float, every_s: float = 0.2) -> bool:
        deadline = time.monotonic() + timeout_s
        while not holds():
            if time.monotonic() >= deadline:
                return False
            for chore in list(self._chores.values()):
                chore()
            time.sleep(every_s)
        return True


@contextmanager
def stand(folder: Path, node: PrivateRabbitMQ, vhost: Vhost) -> Iterator[Stand]:
    """Set everything up, and take it down however the test ends."""
    store = StoreServer(folder)
    try:
        with Simulator(
            seed=3,
            orders=0,
            throttle=False,
            report_queue_s=0,
            report_progress_s=0,
            orders_lag_s=0,
            feed_queue_s=0.5,
            feed_progress_s=1.5,
            visibility_s=0,
            marketplaces=[US],
        ) as amazon:
            plans = amazon.world.buckets.plans
            plans.update({name: replace(plan, rate=UNHURRIED) for name, plan in plans.items()})
            places = Places(vhost.amqp_url, store.url, "faults", amazon.url)
            with System(folder / "logs", places, extra=QUICK) as system:
                yield Stand(system, amazon, (node, vhost), store)
    finally:
        store.stop()
