"""The code on docs/events.md works as it stands there, and fails when no queue takes the event."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from actors.runtime.exchange import Exchange, connect
from domain.events import INBOUND_MODELS, TrackingEnteredV1
from domain.told_events import OUTBOUND_MODELS
from tests.conftest import missing_service
from tests.fakes.events_page import (
    DOCS,
    DOOR,
    PAGE,
    QUEUE,
    User,
    allowed,
    block,
    taken,
    user_of_the_page,
)
from tests.fakes.rabbitmq import RabbitMQ
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.rabbitmq_node import PrivateRabbitMQ
from tests.fakes.tracking import LONG_AFTER

pytestmark = pytest.mark.rabbitmq
AMQPLIB = "amqplib@2.3.1"


def tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        missing_service(f"{name} is not installed")
    return str(found)


def run(command: list[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    (folder / "event.json").write_text(block("event.json"), encoding="utf-8")
    return subprocess.run(
        command,
        cwd=folder,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def by_python(shop: User, vhost: Vhost, folder: Path) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, "-c", block("publish.py")], folder, AMQP_URL=shop.url)


def by_node(shop: User, vhost: Vhost, folder: Path) -> subprocess.CompletedProcess[str]:
    node, npm = tool("node"), tool("npm")
    got = run([npm, "install", "--no-audit", "--no-fund", AMQPLIB], folder, HOME=str(folder))
    if got.returncode != 0:
        missing_service(f"npm cannot install {AMQPLIB}: {got.stderr.strip()[:200]}")
    (folder / "publish.mjs").write_text(block("publish.mjs"), encoding="utf-8")
    return run([node, "publish.mjs"], folder, AMQP_URL=shop.url)


def by_curl(shop: User, vhost: Vhost, folder: Path) -> subprocess.CompletedProcess[str]:
    tool("curl"), tool("jq")
    script = block("publish.sh").replace("/connector/", f"/{quote(vhost.name, safe='')}/")
    script = script.replace("-u shop:choose-a-password", "")
    return run(["sh", "-c", script], folder, MANAGEMENT_URL=shop.management_url)


Way = Callable[[User, Vhost, Path], subprocess.CompletedProcess[str]]
WAYS = pytest.mark.parametrize("publish", [by_python, by_node, by_curl])


@WAYS
def test_what_the_page_says_delivers_an_event(
    publish: Way, shop: User, vhost: Vhost, tmp_path: Path
) -> None:
    done = publish(shop, vhost, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(body)["event_id"] for body in taken(vhost)] == ["shop-88213"]


@WAYS
def test_what_the_page_says_fails_when_no_queue_takes_the_event(
    publish: Way, shop: User, vhost: Vhost, tmp_path: Path
) -> None:
    with connect(vhost.amqp_url) as connection:
        connection.channel().queue_unbind(QUEUE, DOOR, "tracking.entered")
    assert publish(shop, vhost, tmp_path).returncode == 1
    assert taken(vhost) == []


def test_the_subscriber_of_the_page_hears_each_event_once(
    dealer: User, vhost: Vhost, tmp_path: Path
) -> None:
    script = block("subscribe.py").replace("inactivity_timeout=5", "inactivity_timeout=1")
    subscriber = [sys.executable, "-c", script]
    assert run(subscriber, tmp_path, AMQP_URL=dealer.url).stdout == ""
    exchange = Exchange(vhost.amqp_url)
    for event_id in ("id-1", "id-1", "id-2"):
        body = {"event_id": event_id, "type": "order.imported", "order_id": "7", "status": "NEW"}
        exchange("order.imported", event_id, json.dumps(body).encode())
    exchange("shipment.accepted", "id-3", b"{}")
    exchange.close()
    heard = run(subscriber, tmp_path, AMQP_URL=dealer.url)
    assert (heard.returncode, heard.stdout) == (0, "order.imported 7 NEW\n" * 2)


@pytest.mark.parametrize("commands", ["publisher", "subscriber"])
def test_the_commands_of_the_page_allow_what_these_tests_allow(
    rabbitmq: RabbitMQ, vhost: Vhost, commands: str
) -> None:
    if not isinstance(rabbitmq, PrivateRabbitMQ):
        pytest.skip("only a node of the tests' own can be told by rabbitmqctl")
    with user_of_the_page(rabbitmq, vhost, commands) as user:
        by_hand = f"{user.name}-by-hand"
        lines = [shlex.split(line) for line in block(commands).strip().splitlines()]
        name = lines[0][2]
        renamed = {name: by_hand, "connector": vhost.name}
        for _, *words in lines:
            rabbitmq.ctl(*(renamed.get(word, word) for word in words))
        assert allowed(rabbitmq, by_hand) == allowed(rabbitmq, user.name)
        rabbitmq.ctl("delete_user", by_hand)


def test_the_example_of_the_page_is_a_valid_event() -> None:
    event = TrackingEnteredV1.read(block("event.json").encode(), now=LONG_AFTER)
    assert event.event_id == "shop-88213"


def test_the_page_names_every_event_and_links_its_schema() -> None:
    for event_type in (*INBOUND_MODELS, *OUTBOUND_MODELS):
        path = f"messages/{event_type}.schema.json"
        assert f"[`{event_type}`]({path})" in PAGE
        assert (DOCS / path).exists()
