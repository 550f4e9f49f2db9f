"""Facts for other systems through an outbox that is killed while it tells them."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from actors.runtime.exchange import connect
from domain.events import EXCHANGE
from domain.orders import Order, OutEvent
from tests.fakes.mongo import fresh_database, mongodb_url
from tests.fakes.order_values import imported
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.system import Places, System
from tests.fakes.tally import Verdict
from tests.fakes.verdicts import Verdicts

pytestmark = pytest.mark.rabbitmq
ORDERS = 1000


@pytest.fixture
def system(vhost: Vhost, tmp_path: Path) -> Iterator[System]:
    with (
        mongodb_url(sync=True) as url,
        fresh_database(url) as database,
        System(tmp_path, Places(vhost.amqp_url, url, database, "http://127.0.0.1:1")) as running,
    ):
        yield running


def decide_facts(system: System) -> set[str]:
    """Write orders with a fact each; return the ids of the facts."""

    def say(known: Order | None, number: int) -> Order:
        fact = OutEvent(f"id-{number}", "order.imported", datetime.now(UTC), {"version": 1})
        return replace(known or imported(), order_id=f"111-{number}", outbox=(fact,))

    wishes = {f"111-{n}": partial(say, number=n) for n in range(ORDERS)}
    system.app.store.orders.change("demo", wishes)
    return {f"id-{n}" for n in range(ORDERS)}


def subscribe(url: str) -> None:
    with connect(url) as connection:
        channel = connection.channel()
        channel.exchange_declare(EXCHANGE, "topic", durable=True)
        channel.queue_declare("subscriber", durable=True)
        channel.queue_bind("subscriber", EXCHANGE, "order.*")


def is_told(url: str, point: int) -> bool:
    with connect(url) as connection:
        declared = connection.channel().queue_declare("subscriber", passive=True)
        return int(declared.method.message_count) >= point


def heard(url: str) -> Counter[str]:
    ids: Counter[str] = Counter()
    with connect(url) as connection:
        channel = connection.channel()
        while (got := channel.basic_get("subscriber", auto_ack=True))[0] is not None:
            ids[json.loads(got[2])["event_id"]] += 1
    return ids


def test_an_outbox_killed_twice_tells_everything_and_doubles_only_what_was_in_its_hand(
    system: System, vhost: Vhost, verdicts: Verdicts
) -> None:
    subscribe(vhost.amqp_url)
    facts = decide_facts(system)
    for point in (200, 600):
        system.start("outbox", "-m", "cli", "run", "outbox")
        system.wait_until(partial(is_told, vhost.amqp_url, point), f"{point} facts are told")
        system.kill("outbox")
    killed_at = time.monotonic()
    system.start("outbox", "-m", "cli", "run", "outbox")
    unsent = system.app.store.outbox.unsent
    system.wait_until(lambda: not unsent(limit=1), "nothing waits", timeout_s=120)
    recovery_s = time.monotonic() - killed_at
    assert system.terminate("outbox") == 0

    ids = heard(vhost.amqp_url)
    # A double carries the same event id, which is what subscribers are told to look at.
    assert sum(ids.values()) - len(ids) <= 2
    fault = "the_outbox_is_killed_twice"
    verdict = verdicts.note(Verdict(fault, ORDERS, len(facts - set(ids)), 0, recovery_s))
    assert verdict.lost == 0
