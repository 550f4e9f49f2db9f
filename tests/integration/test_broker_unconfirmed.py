"""A queue that confirms nothing: whoever does several things in turn goes on with the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from threading import Thread

import dramatiq
import pytest
from dramatiq.errors import ConnectionClosed

from actors.flow import FLOW
from actors.runtime.exchange import Exchange, connect
from actors.runtime.publisher import Publisher
from actors.runtime.queue_states import takes_messages
from actors.runtime.scheduler import Scheduler, SchedulerPorts
from actors.runtime.stage import subscriptions
from domain.errors import Unavailable
from domain.events import EXCHANGE
from domain.schedule import Job, JobKind
from tests.fakes.broker_cases import OURS, STOCK, depth, eventually, make
from tests.fakes.clock import FakeClock
from tests.fakes.leaderless import leaderless
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.rabbitmq_node import PrivateRabbitMQ
from tests.fakes.schedule_ports import MemorySlots

pytestmark = pytest.mark.rabbitmq

SICK = "request_report"
SOON_S = 0.5
HALF_HOUR = timedelta(minutes=30)
JOBS = (
    Job(JobKind.ORDER_REPORT, HALF_HOUR, "demo", "US"),
    Job(JobKind.ORDER_REFRESH, HALF_HOUR, "demo"),
)


@pytest.fixture
def place(private_rabbitmq: PrivateRabbitMQ) -> Iterator[Vhost]:
    vhost = private_rabbitmq.add_vhost("leaderless")
    yield vhost
    private_rabbitmq.delete_vhost(vhost.name)


def message(text: str) -> dramatiq.Message[None]:
    return dramatiq.Message(SICK, SICK, (text,), {}, {})


def test_a_job_whose_queue_confirms_nothing_costs_only_itself_the_turn(
    private_rabbitmq: PrivateRabbitMQ, place: Vhost
) -> None:
    broker = make(OURS, place.amqp_url, confirm_limit_s=SOON_S)
    ports = SchedulerPorts(
        slots=MemorySlots(FakeClock()),
        publish=Publisher(broker, subscriptions(FLOW)),
        jobs=JOBS,
        chores={},
        answers=lambda: takes_messages(broker),
    )
    scheduler = Scheduler(ports)
    with closing(broker):
        broker.declare_queue(SICK, ensure=True)
        with leaderless(private_rabbitmq, place.name, SICK):
            assert scheduler.tick() is False
            assert depth(place.amqp_url, "enrich_orders") == 1

        assert scheduler.tick() is True
    assert depth(place.amqp_url, SICK) >= 1
    assert depth(place.amqp_url, "enrich_orders") == 1


def test_the_stock_broker_waits_for_as_long_as_a_queue_confirms_nothing(
    private_rabbitmq: PrivateRabbitMQ, place: Vhost
) -> None:
    broker = make(STOCK, place.amqp_url)
    broker.declare_queue(SICK, ensure=True)
    publishing = Thread(target=broker.enqueue, args=(message("late"),), daemon=True)
    with closing(broker):
        with leaderless(private_rabbitmq, place.name, SICK):
            publishing.start()
            publishing.join(4 * SOON_S)
            assert publishing.is_alive()

        eventually(lambda: not publishing.is_alive())


def test_ours_fails_in_time_and_publishes_again_when_the_queue_has_recovered(
    private_rabbitmq: PrivateRabbitMQ, place: Vhost
) -> None:
    broker = make(OURS, place.amqp_url, confirm_limit_s=SOON_S)
    broker.declare_queue(SICK, ensure=True)
    with closing(broker):
        with (
            leaderless(private_rabbitmq, place.name, SICK),
            pytest.raises(ConnectionClosed, match="no confirm within"),
        ):
            broker.enqueue(message("late"))

        broker.enqueue(message("late"))
    assert depth(place.amqp_url, SICK) >= 1


def test_an_event_that_a_subscribers_queue_does_not_confirm_is_told_again_later(
    private_rabbitmq: PrivateRabbitMQ, place: Vhost
) -> None:
    exchange = Exchange(place.amqp_url, confirm_limit_s=SOON_S)
    with closing(exchange):
        exchange("order.imported", "e-1", b"{}")
        with connect(place.amqp_url) as connection:
            channel = connection.channel()
            channel.queue_declare("dealer", durable=True, arguments={"x-queue-type": "quorum"})
            channel.queue_bind("dealer", EXCHANGE, "order.*")
        with leaderless(private_rabbitmq, place.name, "dealer"), pytest.raises(Unavailable):
            exchange("order.imported", "e-2", b"{}")

        exchange("order.imported", "e-2", b"{}")
    assert depth(place.amqp_url, "dealer") >= 1
