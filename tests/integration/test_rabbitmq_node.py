"""The broker that the other tests stand on keeps what it promises itself."""

from __future__ import annotations

import subprocess
import sys
import time

import pika
import pytest

from tests.fakes.rabbitmq import RabbitMQ
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.rabbitmq_node import PrivateRabbitMQ, free_ports

pytestmark = pytest.mark.rabbitmq


def put(url: str, queue: str, body: bytes) -> None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        channel = connection.channel()
        channel.confirm_delivery()
        channel.queue_declare(queue, durable=True)
        channel.basic_publish("", queue, body, pika.BasicProperties(delivery_mode=2))


def take(url: str, queue: str) -> bytes | None:
    with pika.BlockingConnection(pika.URLParameters(url)) as connection:
        body: bytes | None = connection.channel().basic_get(queue, auto_ack=True)[2]
        return body


def test_a_vhost_is_made_in_under_a_second_and_its_queues_are_quorum(
    rabbitmq: RabbitMQ, vhost: Vhost
) -> None:
    started = time.monotonic()
    other = rabbitmq.add_vhost(vhost.name + "-other")
    took_s = time.monotonic() - started

    put(other.amqp_url, "orders", b"1")

    assert rabbitmq.management.queues(other.name)["orders"]["type"] == "quorum"
    assert rabbitmq.management.queues(vhost.name) == {}
    assert took_s < 1
    rabbitmq.delete_vhost(other.name)


def test_a_killed_node_comes_back_with_its_messages(private_rabbitmq: PrivateRabbitMQ) -> None:
    vhost = private_rabbitmq.add_vhost("killed")
    queues = ("orders", "returns", "feeds")
    for queue in queues:
        put(vhost.amqp_url, queue, b"kept")

    private_rabbitmq.settle()
    private_rabbitmq.kill()
    private_rabbitmq.start()

    assert [take(vhost.amqp_url, queue) for queue in queues] == [b"kept"] * 3
    private_rabbitmq.delete_vhost(vhost.name)


def test_a_port_is_given_to_one_server_only() -> None:
    assert not set(free_ports(200)) & set(free_ports(200))


def test_closing_all_connections_cuts_the_clients(private_rabbitmq: PrivateRabbitMQ) -> None:
    connection = pika.BlockingConnection(pika.URLParameters(private_rabbitmq.amqp_url))

    assert private_rabbitmq.close_all_connections() == 1

    with pytest.raises(pika.exceptions.ConnectionClosedByBroker):
        connection.process_data_events(time_limit=10)
    connection._cleanup()  # pika leaves the sockets of a connection that was cut open.


def test_no_process_outlives_a_killed_test_run() -> None:
    program = (
        "import os, signal, sys\n"
        "from tests.fakes.rabbitmq_node import *\n"
        "node = PrivateRabbitMQ(installed_scripts())\n"
        "node._start_companions()\n"
        "print(node._epmd.pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    epmd = int(done.stdout)

    deadline = time.monotonic() + 10
    while is_alive(epmd) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(epmd)


def is_alive(pid: int) -> bool:
    asked = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return asked.stdout.strip()[:1] not in ("", "Z")
