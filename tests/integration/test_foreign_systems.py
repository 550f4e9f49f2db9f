"""docs/events.md is true: its commands work, and its users can do nothing else."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import httpx
import pika
import pika.exceptions
import pytest

from actors.runtime.exchange import INLETS, Exchange, connect, declare
from domain.events import EXCHANGE, INBOUND_MODELS, TrackingEnteredV1
from domain.told_events import OUTBOUND_MODELS
from tests.fakes.rabbitmq import RabbitMQ
from tests.fakes.rabbitmq_management import Vhost

pytestmark = pytest.mark.rabbitmq
DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "events.md").read_text(encoding="utf-8")
QUEUE = INLETS[0].queue


def block(name: str) -> str:
    """Return the code under ``<!-- name -->``."""
    found = re.search(rf"<!-- {re.escape(name)} -->\n```\w+\n(.*?)```", PAGE, re.DOTALL)
    assert found, name
    return found[1]


@dataclass(frozen=True)
class User:
    """A foreign system's user, made as the page says, in the virtual host of the test."""

    name: str
    url: str
    management_url: str


def make_user(rabbitmq: RabbitMQ, vhost: Vhost, commands: str) -> User:
    """Do what the page's rabbitmqctl commands do, by the management API."""
    name = f"user-{uuid.uuid4().hex[:8]}"
    there = quote(vhost.name, safe="")
    api = httpx.Client(base_url=rabbitmq.management_url + "/api", timeout=20)

    def put(path: str, **body: Any) -> None:
        api.put(path, json=body).raise_for_status()

    with api:
        for line in commands.strip().splitlines():
            _, command, *rest = shlex.split(line)
            if command == "add_user":
                put(f"/users/{name}", password=rest[1], tags="management")
            elif command == "set_permissions":
                configure, write, read = rest[3:]
                put(f"/permissions/{there}/{name}", configure=configure, write=write, read=read)
            else:
                assert command == "set_topic_permissions"
                exchange, write, read = rest[3:]
                put(
                    f"/topic-permissions/{there}/{name}",
                    exchange=exchange,
                    write=write,
                    read=read,
                )
    return User(
        name,
        _as_user(vhost.amqp_url, name),
        _as_user(rabbitmq.management_url, name),
    )


def _as_user(url: str, name: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{name}:choose-a-password@{host}"))


def delete_user(rabbitmq: RabbitMQ, user: User) -> None:
    httpx.delete(f"{rabbitmq.management_url}/api/users/{user.name}").raise_for_status()


@pytest.fixture
def shop(rabbitmq: RabbitMQ, vhost: Vhost) -> Iterator[User]:
    with connect(vhost.amqp_url) as connection:
        declare(connection.channel())
    user = make_user(rabbitmq, vhost, block("publisher"))
    yield user
    delete_user(rabbitmq, user)


@pytest.fixture
def dealer(rabbitmq: RabbitMQ, vhost: Vhost) -> Iterator[User]:
    with connect(vhost.amqp_url) as connection:
        declare(connection.channel())
    user = make_user(rabbitmq, vhost, block("subscriber"))
    yield user
    delete_user(rabbitmq, user)


def taken(vhost: Vhost) -> list[bytes]:
    with connect(vhost.amqp_url) as connection:
        channel = connection.channel()
        bodies = []
        while (got := channel.basic_get(QUEUE, auto_ack=True))[0] is not None:
            bodies.append(got[2])
        return bodies


def run(command: list[str], folder: Path, **environment: str) -> str:
    (folder / "event.json").write_text(block("event.json"), encoding="utf-8")
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_example_of_the_page_is_a_valid_event() -> None:
    event = TrackingEnteredV1.read(block("event.json").encode())
    assert event.event_id == "shop-88213"


def test_the_page_names_every_event_and_links_its_schema() -> None:
    for event_type in (*INBOUND_MODELS, *OUTBOUND_MODELS):
        path = f"messages/{event_type}.schema.json"
        assert f"[`{event_type}`]({path})" in PAGE
        assert (DOCS / path).exists()


def test_the_python_of_the_page_delivers_an_event(shop: User, vhost: Vhost, tmp_path: Path) -> None:
    run([sys.executable, "-c", block("publish.py")], tmp_path, AMQP_URL=shop.url)
    assert [TrackingEnteredV1.read(body).event_id for body in taken(vhost)] == ["shop-88213"]


def test_the_curl_of_the_page_delivers_an_event(shop: User, vhost: Vhost, tmp_path: Path) -> None:
    if shutil.which("curl") is None or shutil.which("jq") is None:
        pytest.skip("curl and jq are not installed")
    script = block("publish.sh").replace("/%2F/", f"/{quote(vhost.name, safe='')}/")
    script = script.replace("-u shop:choose-a-password", "")
    answer = run(["sh", "-c", script], tmp_path, MANAGEMENT_URL=shop.management_url)
    assert json.loads(answer) == {"routed": True}
    assert len(taken(vhost)) == 1


def test_the_subscriber_of_the_page_hears_each_event_once(
    dealer: User, vhost: Vhost, tmp_path: Path
) -> None:
    script = block("subscribe.py").replace("inactivity_timeout=5", "inactivity_timeout=1")
    assert run([sys.executable, "-c", script], tmp_path, AMQP_URL=dealer.url) == ""
    exchange = Exchange(vhost.amqp_url)
    for event_id in ("id-1", "id-1", "id-2"):
        body = {"event_id": event_id, "type": "order.imported", "order_id": "7", "status": "NEW"}
        exchange("order.imported", event_id, json.dumps(body).encode())
    exchange("shipment.accepted", "id-3", b"{}")
    exchange.close()
    heard = run([sys.executable, "-c", script], tmp_path, AMQP_URL=dealer.url)
    assert heard == "order.imported 7 NEW\n" * 2


def publish(channel: Any, exchange: str, key: str) -> None:
    channel.confirm_delivery()
    channel.basic_publish(exchange, key, b"{}", mandatory=False)


def read_our_queue(channel: Any) -> None:
    channel.basic_get(QUEUE)


FORBIDDEN: dict[str, Callable[[Any], object]] = {
    "another routing key": lambda channel: publish(channel, EXCHANGE, "stock.changed"),
    "a longer routing key": lambda channel: publish(channel, EXCHANGE, "tracking.entered.x"),
    "one of our own events": lambda channel: publish(channel, EXCHANGE, "order.imported"),
    "a queue directly": lambda channel: publish(channel, "", QUEUE),
    "a stage's queue": lambda channel: publish(channel, "", "record_tracking"),
    "another exchange": lambda channel: publish(channel, "amq.topic", "tracking.entered"),
    "declare a queue": lambda channel: channel.queue_declare("mine"),
    "declare an exchange": lambda channel: channel.exchange_declare("mine", "topic"),
    "bind a queue": lambda channel: channel.queue_bind(QUEUE, EXCHANGE, "#"),
    "unbind our queue": lambda channel: channel.queue_unbind(QUEUE, EXCHANGE, "tracking.entered"),
    "read our queue": read_our_queue,
    "consume our queue": lambda channel: channel.basic_consume(QUEUE, print),
    "purge our queue": lambda channel: channel.queue_purge(QUEUE),
    "delete our queue": lambda channel: channel.queue_delete(QUEUE),
    "delete the exchange": lambda channel: channel.exchange_delete(EXCHANGE),
}


@pytest.mark.parametrize("deed", FORBIDDEN)
def test_a_publisher_limited_to_tracking_entered_can_do_nothing_else(
    shop: User, vhost: Vhost, deed: str
) -> None:
    with pika.BlockingConnection(pika.URLParameters(shop.url)) as connection:
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
            FORBIDDEN[deed](connection.channel())
        assert refused.value.reply_code == 403
        publish(connection.channel(), EXCHANGE, "tracking.entered")
    assert taken(vhost) == [b"{}"]


SUBSCRIBER_MAY_NOT: dict[str, Callable[[Any], object]] = {
    "publish": lambda channel: publish(channel, EXCHANGE, "tracking.entered"),
    "read our queue": read_our_queue,
    "hear what is not its own": lambda channel: channel.queue_bind(
        channel.queue_declare("dealer.x").method.queue, EXCHANGE, "#"
    ),
}


@pytest.mark.parametrize("deed", SUBSCRIBER_MAY_NOT)
def test_a_subscriber_can_neither_publish_nor_hear_more_than_it_may(
    dealer: User, deed: str
) -> None:
    with pika.BlockingConnection(pika.URLParameters(dealer.url)) as connection:
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
            SUBSCRIBER_MAY_NOT[deed](connection.channel())
        assert refused.value.reply_code == 403
