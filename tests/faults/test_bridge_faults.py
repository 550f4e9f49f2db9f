"""Tracking of other systems through a bridge that is killed, and whose queue is deleted."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Thread

import pika
import pika.exceptions
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
NOT_TAKEN = (
    pika.exceptions.UnroutableError,
    pika.exceptions.NackError,
    pika.exceptions.ChannelClosedByBroker,
)
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
    now = datetime.now(UTC).isoformat()
    for n in range(count):
        says = {"order_id": f"111-{n:07}-0000001", "tracking_number": f"1Z{n:016}"}
        valid = tracking_json(f"e{n}", account="alpha", entered_at=now, **says)
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


def publish_until_taken(url: str, bodies: Iterable[bytes]) -> None:
    """Publish as docs/events.md tells: mandatory, too, and again what is not taken."""
    properties = pika.BasicProperties(content_type="application/json", delivery_mode=2)
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        for body in bodies:
            deadline = time.monotonic() + PATIENCE_S
            while True:
                if not channel.is_open:
                    channel = connection.channel()
                channel.confirm_delivery()
                try:
                    channel.basic_publish(
                        EXCHANGE, "tracking.entered", body, properties, mandatory=True
                    )
                    break
                except NOT_TAKEN:
                    assert time.monotonic() < deadline, "no queue takes it"
                    connection.sleep(0.1)


@contextmanager
def senders_of(url: str, bodies: Sequence[bytes]) -> Iterator[None]:
    """Let four systems publish these; leaving the block waits until all are taken."""
    senders = [
        Thread(target=publish_until_taken, args=(url, bodies[number::4])) for number in range(4)
    ]
    for sender in senders:
        sender.start()
    yield
    for sender in senders:
        sender.join()


def delete(url: str, *, queue: str = "", exchange: str = "") -> None:
    """Delete a queue, an exchange or both, as somebody may by mistake."""
    with connect(url) as connection:
        channel = connection.channel()
        if queue:
            channel.queue_delete(queue)
        if exchange:
            channel.exchange_delete(exchange)


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


def test_what_is_confirmed_while_queue_and_exchange_are_deleted_is_recorded_once(
    system: System, vhost: Vhost, verdicts: Verdicts
) -> None:
    system.start_worker("record_tracking", threads=8)
    start_bridge(system)
    now = datetime.now(UTC).isoformat()
    bodies = [
        tracking_json(f"e{n}", account="alpha", order_id=f"111-{n:07}-0000001", entered_at=now)
        for n in range(EVENTS)
    ]
    with senders_of(vhost.amqp_url, bodies[:4_000]):
        wait_for(system, partial(has_settled, system, 1_000), "events come in")
        delete(vhost.amqp_url, exchange=EXCHANGE)
    # A queue is deleted when it is empty: nobody can bring back what lies in it.
    wait_for(system, partial(has_settled, system, 4_000), "4000 events are settled")
    delete(vhost.amqp_url, queue=INLETS[0].queue)
    with senders_of(vhost.amqp_url, bodies[4_000:8_000]):
        wait_for(system, partial(has_settled, system, 8_000), "8000 events are settled")
    delete(vhost.amqp_url, queue=INLETS[0].queue, exchange=EXCHANGE)
    deleted_at = time.monotonic()
    with senders_of(vhost.amqp_url, bodies[8_000:]):
        wait_for(system, lambda: recorded(system) == EVENTS, "every entry is recorded")
    recovery_s = time.monotonic() - deleted_at
    assert system.terminate("bridge") == 0

    ids = [raw["source_event_id"] for raw in system.app.store.database["tracking_entries"].find()]
    lost = len({f"e{n}" for n in range(EVENTS)} - set(ids))
    doubled = len(ids) - len(set(ids)) + system.app.store.rejected_events.count()
    fault = "queue_and_exchange_are_deleted"
    verdict = verdicts.note(Verdict(fault, EVENTS, lost, doubled, recovery_s))
    assert (verdict.lost, verdict.duplicated) == (0, 0), system.last_words()
    assert system.app.store.quarantine.groups() == []
