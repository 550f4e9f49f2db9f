"""The feed stages in processes of their own: real store, real gateway, simulated Amazon.

A worker takes its messages from a journal on disk, which keeps what a broker keeps of a process
that was killed: everything published and not acked.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from actors.feeds.poll_feed import poll_feed
from actors.feeds.submit_feed import submit_feed
from actors.ports import Policy
from actors.runtime.publisher import Delayed
from actors.runtime.stage import Stage
from config.accounts import Account
from domain.errors import Transient, Waiting
from domain.feeds import FeedTiming
from domain.messages import Event, FeedProcessed, FeedSubmitted, FulfillmentBatched
from domain.order_import import FirstSeen
from spapi.calls import Calls
from spapi.client import make_client
from spapi.feeds import AmazonFeedsGateway
from store.database import Store, connect
from tests.fakes.dying import Dying, Steps
from tests.fakes.feed_flow import take_outcome
from tests.fakes.feed_values import US
from tests.fakes.mongo import TEST_KEY
from tests.fakes.quotas import FakeQuotas

AT_ONCE = timedelta()
QUICK = FeedTiming(spacing=AT_ONCE, settle=AT_ONCE, look_again=AT_ONCE)
LEASE = timedelta(milliseconds=200)
PATIENCE_S = 30.0
HEARS: dict[type[Event], Stage] = {
    FulfillmentBatched: submit_feed,
    FeedSubmitted: poll_feed,
    FeedProcessed: take_outcome,
}


@dataclass(frozen=True)
class Place:
    """Where everything is."""

    mongodb_url: str
    database: str
    amazon_url: str
    journal: Path


class Journal:
    """What was published and not acked, by message id."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def publish(self, event: Event) -> None:
        self._write({"publish": type(event).__name__, "wire": event.model_dump(mode="json")})

    def ack(self, event: Event) -> None:
        self._write({"ack": event.event_id})

    def pending(self) -> list[Event]:
        """Return the messages to be delivered, oldest first; doubles of a message are one."""
        kinds = {kind.__name__: kind for kind in HEARS}
        waiting: dict[str, Event] = {}
        for line in self._path.read_text().splitlines() if self._path.exists() else ():
            entry = json.loads(line)
            if "ack" in entry:
                waiting.pop(entry["ack"], None)
            else:
                event = kinds[entry["publish"]].read(entry["wire"])
                waiting[event.event_id] = event
        return list(waiting.values())

    def _write(self, entry: Mapping[str, Any]) -> None:
        with self._path.open("a") as file:
            file.write(json.dumps(entry) + "\n")


@dataclass
class Worker:
    """A worker process's parts."""

    store: Store
    gateway: AmazonFeedsGateway
    journal: Journal
    amazon_url: str

    def run(self, steps: Steps | None = None, *, rounds: int = 10_000) -> None:
        """Deliver what is pending, again and again; what fails is delivered again."""
        steps = steps or Steps(lambda: None)
        policy = Policy(
            first_seen=FirstSeen.OPEN_ORDERS, amazon_writes=frozenset({"demo"}), feeds=QUICK
        )
        ports = {
            "feeds": Dying(self.store.feeds, steps),
            "amazon_feeds": Dying(self.gateway, steps),
            "policy": policy,
        }
        deadline = time.monotonic() + PATIENCE_S
        while rounds > 0 and (pending := self.journal.pending()):
            rounds -= 1
            assert time.monotonic() < deadline, f"never done: {pending}"
            for event in pending:
                try:
                    self._deliver(event, ports, steps)
                except (Waiting, Transient):
                    time.sleep(0.02)

    def _deliver(self, event: Event, ports: Mapping[str, Any], steps: Steps) -> None:
        stage = HEARS[type(event)]
        for produced in stage(event, **{name: ports[name] for name in stage.needs}):
            if isinstance(produced, Delayed):
                self._let_pass(produced.delay_s)
                produced = produced.event  # noqa: PLW2901  a delay is nothing but its event
            self.journal.publish(produced)
            steps.done("publish")
        self.journal.ack(event)

    def _let_pass(self, seconds: float) -> None:
        """Let Amazon's time pass instead of ours."""
        clock = f"{self.amazon_url}/_simulator/clock"
        httpx.post(clock, json={"advance_s": seconds}).raise_for_status()


@contextmanager
def worker(place: Place) -> Iterator[Worker]:
    """Yield a worker with connections of its own."""
    with (
        connect(
            place.mongodb_url, place.database, cipher=TEST_KEY, lease=LEASE, feed_timing=QUICK
        ) as store,
        make_client() as client,
    ):
        gateway = AmazonFeedsGateway(
            {"demo": account(place.amazon_url)}, Calls(client, FakeQuotas())
        )
        yield Worker(store, gateway, Journal(place.journal), place.amazon_url)


def account(amazon_url: str) -> Account:
    """Return the simulator's account ``demo``."""
    return Account.model_validate(
        {
            "name": "demo",
            "region": "na",
            "marketplaces": (US,),
            "client_id": "amzn1.application-oa2-client.demo",
            "client_secret": "demo",
            "refresh_token": "Atzr|sim-demo",
            "timezone": "UTC",
            "amazon_writes": True,
            "endpoint": amazon_url,
            "token_url": f"{amazon_url}/auth/o2/token",
        }
    )


def work_until_killed(place: Place, last: int) -> None:
    """Be a worker that is killed (-9) right after its ``last`` step.  Runs in its own process."""
    with worker(place) as mine:
        mine.run(Steps(lambda: os.kill(os.getpid(), signal.SIGKILL), last=last))


def killed_after(place: Place, last: int) -> int | None:
    """Run a worker process that is killed after its ``last`` step; return its exit code."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    child = processes.Process(target=work_until_killed, args=(place, last))
    child.start()
    child.join(PATIENCE_S)
    if child.is_alive():
        child.kill()
        child.join()
    return child.exitcode
