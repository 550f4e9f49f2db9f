"""``queues`` asks RabbitMQ itself and creates nothing by asking."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dramatiq
import pytest
from dramatiq.common import xq_name

from actors.flow import FLOW
from actors.runtime.broker import HardenedRabbitmqBroker, make_broker
from actors.runtime.queue_states import QueueState, queue_states
from domain.errors import Unavailable
from store.database import Store
from tests.fakes.cli_process import CommandLine
from tests.fakes.mongo import fresh_store, mongodb_url
from tests.fakes.rabbitmq_management import Vhost

pytestmark = pytest.mark.rabbitmq


@contextmanager
def broker_of(vhost: Vhost) -> Iterator[HardenedRabbitmqBroker]:
    broker = make_broker(vhost.amqp_url)
    assert isinstance(broker, HardenedRabbitmqBroker)
    try:
        yield broker
    finally:
        broker.close()


def put(broker: HardenedRabbitmqBroker, queue: str, *, delay: int | None = None) -> None:
    message: dramatiq.Message[None] = dramatiq.Message(queue, queue, (), {}, {})
    broker.declare_queue(queue, ensure=True)
    broker.enqueue(message, delay=delay)


def test_what_waits_is_counted_by_queue(vhost: Vhost) -> None:
    with broker_of(vhost) as broker:
        for _ in range(2):
            put(broker, "import_orders")
        put(broker, "import_orders", delay=60_000)
        broker.channel.basic_publish("", xq_name("import_orders"), b"a dead letter")

        states = queue_states(broker, ["import_orders"])

    assert states == [QueueState("import_orders", 2, 0, 1, 1)]


def test_asking_creates_no_queue(vhost: Vhost) -> None:
    with broker_of(vhost) as broker:
        for _ in range(2):
            assert queue_states(broker, ["poll_report"]) == [
                QueueState("poll_report", None, None, None, None)
            ]


def test_workers_are_counted(vhost: Vhost) -> None:
    with broker_of(vhost) as broker:
        consumer = broker.consume("import_orders", prefetch=1, timeout=50)
        assert next(consumer) is None  # It subscribes with the first look.

        states = queue_states(broker, ["import_orders"])
        consumer.close()

    assert states[0].consumers == 1


def test_a_silent_rabbitmq_is_unavailable() -> None:
    broker = make_broker("amqp://guest:guest@127.0.0.1:1/none?connection_attempts=1")
    with pytest.raises(Unavailable):
        queue_states(broker, ["import_orders"])


def test_the_command_shows_every_stage_with_what_it_owes(tmp_path: Path, vhost: Vhost) -> None:
    env = {"BROKER_URL": vhost.amqp_url}
    with CommandLine(tmp_path, env).store_kept_up() as cli:
        with broker_of(vhost) as broker:
            put(broker, "request_report")
        rows: list[dict[str, Any]] = cli("queues", "--json").json["queues"]

    assert [row["stage"] for row in rows] == [stage.name for stage in FLOW]
    assert rows[0] == {
        "stage": "request_report",
        "ready": 1,
        "delayed": 0,
        "consumers": 0,
        "oldest_s": None,
        "dead_letters": 0,
        "quarantined": 0,
    }


def test_without_rabbitmq_it_is_one_line_that_says_where_to_look(tmp_path: Path) -> None:
    nowhere = {"BROKER_URL": "amqp://guest:guest@127.0.0.1:1/?connection_attempts=1"}
    with CommandLine(tmp_path, nowhere).store_kept_up() as cli:
        done = cli("queues", "--json")

    assert (done.code, done.out) == (1, "")
    assert done.error.startswith("error: RabbitMQ: ")
    assert "python -m cli check" in done.error


def test_queues_in_memory_are_said_to_be_those_of_one_process(tmp_path: Path) -> None:
    with CommandLine(tmp_path, {}).store_kept_up() as cli:
        done = cli("queues")

    assert done.code == 0
    assert "The broker is in memory" in done.out


@pytest.fixture
def store() -> Iterator[Store]:
    with mongodb_url() as url, fresh_store(url) as opened:
        yield opened


def test_what_every_stage_owes_is_a_kind_of_the_store(store: Store) -> None:
    readings = store.state_gauges(jobs=(), accounts=["demo"], stages=()).read()
    kinds = {each.labels[0] for each in readings if each.gauge == "oldest_pending_age_seconds"}

    assert len({stage.owed for stage in FLOW}) == len(FLOW)
    assert {stage.name for stage in FLOW if stage.owed not in kinds} == set()
