"""Faults on a schedule: each strikes while a thousand orders are in flight; nothing may be lost."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pika
import pytest

from tests.fakes.rabbitmq_node import PrivateRabbitMQ
from tests.fakes.stand import IN_PLAY, Stand, stand
from tests.fakes.verdicts import Verdicts

pytestmark = pytest.mark.rabbitmq
IN_THE_MIDDLE = 8
Fault = Callable[[Stand], None]


@pytest.fixture
def ready(tmp_path: Path, private_rabbitmq: PrivateRabbitMQ) -> Iterator[Stand]:
    vhost = private_rabbitmq.add_vhost(f"fault-{uuid4().hex[:8]}")
    with stand(tmp_path, private_rabbitmq, vhost) as everything:
        yield everything
    private_rabbitmq.delete_vhost(vhost.name)


def every_stage_is_killed(at: Stand) -> None:
    """Kill -9 both workers of every stage, one stage after the other, and start new ones."""
    for stage in IN_PLAY:
        at.system.kill(stage)
        at.system.kill(stage)
        at.system.start_workers([stage], each=2)


def rabbitmq_is_killed(at: Stand) -> None:
    """Kill -9 RabbitMQ while everybody publishes and consumes, and start it again."""
    at.node.settle()
    at.node.kill()
    at.node.start()


def connections_are_cut(at: Stand) -> None:
    """Cut every connection, three times."""
    for further in (5, 10, 15):
        at.node.close_all_connections()
        at.wait_for_imports(IN_THE_MIDDLE + further)


def the_store_is_killed(at: Stand) -> None:
    """Kill -9 the store in the middle of writes, and start it again."""
    at.store.kill_and_restart()


def messages_are_doubled_and_poisoned(at: Stand) -> None:
    """Tick five times over; publish every waiting chunk twice, in another order; add poison."""
    for _ in range(5):
        at.begin()
    url = at.system.settings_env["BROKER_URL"]
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        bodies = _take_some(channel, "import_orders")
        mixed = bodies * 2
        random.Random(5).shuffle(mixed)
        for body in [*mixed, *_poison(bodies)]:
            channel.basic_publish(
                "", "import_orders", body, pika.BasicProperties(delivery_mode=2), mandatory=True
            )


def amazon_storms(at: Stand) -> None:
    """429s, 5xx with HTML, connections dropped after the effect, a hanging call."""
    at.amazon.add_fault("throttle", operation="getReport", times=2)
    at.amazon.add_fault("throttle", operation="getOrder", times=2)
    at.amazon.add_fault("error_503_html", operation="searchOrders", times=2)
    at.amazon.add_fault("error_500", operation="getReport", times=2)
    at.amazon.add_fault("hang", operation="searchOrders", times=1, seconds=5)
    at.amazon.add_fault("drop_after_effect", operation="createReport", times=1)
    at.begin("slot-2")


def every_queue_is_deleted(at: Stand) -> None:
    """Delete every queue with all that is in it; the sweepers know what was under way."""
    url = at.system.settings_env["BROKER_URL"]
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        for stage in IN_PLAY:
            for queue in (stage, f"{stage}.DQ", f"{stage}.XQ"):
                channel.queue_delete(queue)


def a_workers_clock_is_wrong(at: Stand) -> None:
    """Half of the workers live two hours ahead, the others are as they should be."""
    at.system.settings_env["CLOCK_SKEW_S"] = "7200"
    for stage in IN_PLAY:
        at.system.kill(stage)
        at.system.start_worker(stage, app="tests.fakes.skewed_app:setup")


def amazons_clock_jumps(at: Stand) -> None:
    """Amazon's clock is suddenly two hours ahead of everybody else's."""
    at.amazon.advance(7200)


FAULTS: tuple[Fault, ...] = (
    every_stage_is_killed,
    rabbitmq_is_killed,
    connections_are_cut,
    the_store_is_killed,
    messages_are_doubled_and_poisoned,
    amazon_storms,
    amazons_clock_jumps,
    a_workers_clock_is_wrong,
    every_queue_is_deleted,
)


@pytest.mark.parametrize("fault", FAULTS, ids=[fault.__name__ for fault in FAULTS])
def test_nothing_is_lost_or_doubled_when(fault: Fault, ready: Stand, verdicts: Verdicts) -> None:
    ready.system.start_workers(IN_PLAY, each=2)
    ready.place()
    ready.enter_tracking()
    ready.begin()
    ready.wait_for_imports(IN_THE_MIDDLE)

    fault(ready)
    ready.struck(sweeping=fault is every_queue_is_deleted)

    verdict = verdicts.note(ready.settle(fault.__name__))
    assert (verdict.lost, verdict.duplicated) == (0, 0), ready.system.last_words()
    assert _but_poison(ready.unfinished()) == [], ready.system.last_words()


def _take_some(
    channel: pika.adapters.blocking_connection.BlockingChannel, queue: str
) -> list[bytes]:
    taken: list[bytes] = []
    deadline = time.monotonic() + 2
    while len(taken) < 5 and time.monotonic() < deadline:
        method, _, body = channel.basic_get(queue, auto_ack=True)
        if method is not None:
            taken.append(body)
    return taken


def _poison(bodies: list[bytes]) -> Iterator[bytes]:
    yield b"not json"
    yield b"[]"
    yield json.dumps({"queue_name": "elsewhere", "actor_name": "import_orders"}).encode()
    envelope = json.loads(bodies[0]) if bodies else {"actor_name": "import_orders"}
    yield json.dumps(envelope | {"options": None}).encode()
    yield json.dumps(envelope | {"args": ["OrderLinesParsed", {"account": 17}]}).encode()


def _but_poison(unfinished: list[str]) -> list[str]:
    return [each for each in unfinished if "quarantine" not in each]
