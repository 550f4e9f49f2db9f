"""The scheduler on a RabbitMQ of which a part refuses, and on one that is not there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from actors.flow import FLOW
from actors.runtime.broker import HardenedRabbitmqBroker, make_broker
from actors.runtime.exchange import Exchange
from actors.runtime.publisher import Publisher
from actors.runtime.queue_states import takes_messages
from actors.runtime.scheduler import Scheduler, SchedulerPorts
from actors.runtime.stage import subscriptions
from domain.errors import Unavailable
from domain.events import EXCHANGE
from domain.schedule import Job, JobKind
from tests.fakes.broker_cases import channel_to, depth
from tests.fakes.clock import FakeClock
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.rabbitmq_node import PrivateRabbitMQ
from tests.fakes.schedule_ports import MemorySlots

pytestmark = pytest.mark.rabbitmq

HALF_HOUR = timedelta(minutes=30)
REPORT = Job(JobKind.ORDER_REPORT, HALF_HOUR, "demo", "US")
REFRESH = Job(JobKind.ORDER_REFRESH, HALF_HOUR, "demo")
PRIVACY = Job(JobKind.PRIVACY, timedelta(days=1))


@pytest.fixture
def broker(vhost: Vhost) -> Iterator[HardenedRabbitmqBroker]:
    made = make_broker(vhost.amqp_url)
    assert isinstance(made, HardenedRabbitmqBroker)
    yield made
    made.close()


def test_a_queue_that_somebody_else_declared_costs_only_its_own_job_the_turn(
    vhost: Vhost, broker: HardenedRabbitmqBroker
) -> None:
    with channel_to(vhost.amqp_url) as channel:
        channel.queue_declare("request_report", durable=True, arguments={"x-max-length": 1})
    done: list[str] = []
    ports = SchedulerPorts(
        slots=MemorySlots(FakeClock()),
        publish=Publisher(broker, subscriptions(FLOW)),
        jobs=(REPORT, REFRESH, PRIVACY),
        chores={JobKind.PRIVACY: lambda _keep: done.append("buyers removed")},
        answers=lambda: takes_messages(broker),
    )

    assert Scheduler(ports).tick() is False

    assert depth(vhost.amqp_url, "enrich_orders") == 1
    assert done == ["buyers removed"]


def test_a_rabbitmq_with_a_foreign_exchange_of_our_name_takes_messages_all_the_same(
    vhost: Vhost, broker: HardenedRabbitmqBroker
) -> None:
    with channel_to(vhost.amqp_url) as channel:
        channel.exchange_declare(EXCHANGE, "direct", durable=True)
    exchange = Exchange(vhost.amqp_url)

    with pytest.raises(Unavailable):
        exchange("order.imported", "e-1", b"{}")

    assert takes_messages(broker)


def test_a_rabbitmq_that_is_not_there_takes_no_messages() -> None:
    broker = make_broker("amqp://guest:guest@127.0.0.1:1/none")

    assert not takes_messages(broker)


def test_a_rabbitmq_that_blocks_its_publishers_takes_no_messages(
    private_rabbitmq: PrivateRabbitMQ,
) -> None:
    vhost = private_rabbitmq.add_vhost("alarm")
    broker = make_broker(vhost.amqp_url)
    assert takes_messages(broker)
    private_rabbitmq.ctl("set_vm_memory_high_watermark", "absolute", "1")
    try:
        assert not takes_messages(broker)
    finally:
        private_rabbitmq.ctl("set_vm_memory_high_watermark", "0.6")
        private_rabbitmq.delete_vhost(vhost.name)
