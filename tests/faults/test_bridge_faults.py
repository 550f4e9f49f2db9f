"""Tracking of other systems through a bridge that is killed and killed again."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from threading import Thread

import pika
import pytest

from actors.runtime.exchange import INLETS, connect, declare
from domain.events import EXCHANGE
from tests.fakes.mongo import fresh_database, mongodb_url
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.system import Places, System
from tests.fakes.tally import Verdict
from tests.fakes.tracking import tracking_json
from tests.fakes.verdicts import Verdicts

pytestmark = pytest.mark.rabbitmq
EVENTS, INVALID = 10_000, 100
PATIENCE_S = 600
"""Half a minute does on a machine of its own."""


@pytest.fixture
def system(vhost: Vhost, tmp_path: Path) -> Iterator[System]:
    with (
        mongodb_url(sync=True) as url,
        fresh_database(url) as database,
        System(tmp_path, Places(vhost.amqp_url, url, database, "http://127.0.0.1:1")) as running,
    ):
        with connect(vhost.amqp_url) as connection:
            declare(connection.channel())
        yield running


def start_bridge(system: System) -> None:
    system.start("bridge", "-m", "cli", "run", "bridge")


def events(count: int = EVENTS) -> Iterator[bytes]:
    """Every hundredth event is invalid; every tenth of those is the very same nonsense."""
    for n in range(count):
        says = {"order_id": f"111-{n:07}-0000001", "tracking_number": f"1Z{n:016}"}
        valid = tracking_json(f"e{n}", account="alpha", **says)
        if n % 1000 == 0:
            yield b"nonsense"
        elif n % 100 == 0:
            yield json.dumps(json.loads(valid) | {"tracking_number": ""}).encode()
        else:
            yield valid


def publish_all(url: str, bodies: Iterable[bytes]) -> None:
    """Publish as another system would: plain pika, persistent, confirmed."""
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        properties = pika.BasicProperties(content_type="application/json", delivery_mode=2)
        for body in bodies:
            channel.basic_publish(EXCHANGE, "tracking.entered", body, properties)


def recorded(system: System) -> int:
    entries = system.app.store.database["tracking_entries"]
    return entries.count_documents({"recorded_at": {"$exists": True}})


def settled(system: System) -> int:
    """Events the bridge is through with, or nearly; a cheap question, asked often."""
    database = system.app.store.database
    received = database["tracking_entries"].estimated_document_count()
    return received + database["rejected_events"].estimated_document_count()


def has_settled(system: System, point: int) -> bool:
    return settled(system) >= point


def accounted(bodies: Iterable[bytes]) -> Counter[tuple[str, ...]]:
    """Return what must be kept: what each valid event says, and the others word for word."""
    valid = [n for n in range(EVENTS) if n % 100]
    entries = Counter((f"e{n}", f"111-{n:07}-0000001", f"1Z{n:016}") for n in valid)
    return entries + Counter((str(body),) for n, body in enumerate(bodies) if n % 100 == 0)


def held(system: System) -> Counter[tuple[str, ...]]:
    """Return what is kept: what each entry says, and every reject, word for word."""
    entries = system.app.store.database["tracking_entries"].find()
    rejects = system.app.store.database["rejected_events"].find()
    said = ("source_event_id", "order_id", "tracking_number")
    return Counter(tuple(raw[name] for name in said) for raw in entries) + Counter(
        (str(bytes(raw["body"])),) for raw in rejects
    )


def wait_for(system: System, holds: Callable[[], bool], what: str) -> None:
    system.wait_until(holds, what, timeout_s=PATIENCE_S)


def test_ten_thousand_events_through_two_kills_of_the_bridge(
    system: System, vhost: Vhost, verdicts: Verdicts
) -> None:
    system.start_worker("record_tracking", threads=8)
    bodies = tuple(events())
    senders = [Thread(target=publish_all, args=(vhost.amqp_url, bodies[n::4])) for n in range(4)]
    for sender in senders:
        sender.start()
    for point in (2_000, 5_000):
        start_bridge(system)
        wait_for(system, partial(has_settled, system, point), f"{point} events are settled")
        system.kill("bridge")
    killed_at = time.monotonic()
    start_bridge(system)
    for sender in senders:
        sender.join()
    wait_for(system, partial(has_settled, system, EVENTS), "every event is settled")
    wait_for(system, lambda: recorded(system) == EVENTS - INVALID, "every entry is recorded")
    recovery_s = time.monotonic() - killed_at
    assert system.terminate("bridge") == 0

    sent, kept = accounted(bodies), held(system)
    lost, doubled = (sent - kept).total(), (kept - sent).total()
    fault = "the_bridge_is_killed_twice"
    verdict = verdicts.note(Verdict(fault, EVENTS, lost, doubled, recovery_s))
    assert (verdict.lost, verdict.duplicated) == (0, 0), system.last_words()
    with connect(vhost.amqp_url) as connection:
        left = connection.channel().queue_declare(INLETS[0].queue, passive=True)
        assert left.method.message_count == 0
    assert system.app.store.quarantine.groups() == []
