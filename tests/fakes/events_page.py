"""docs/events.md: its code by name, and the users of other systems it says to make."""

from __future__ import annotations

import re
import shlex
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import httpx

from actors.runtime.exchange import INLETS, connect, declare
from tests.fakes.rabbitmq import RabbitMQ
from tests.fakes.rabbitmq_management import Vhost

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "events.md").read_text(encoding="utf-8")
QUEUE, DOOR = INLETS[0].queue, INLETS[0].door


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


@contextmanager
def user_of_the_page(rabbitmq: RabbitMQ, vhost: Vhost, commands: str) -> Iterator[User]:
    """Make a user by the commands under that name, beside a connector that has been started."""
    with connect(vhost.amqp_url) as connection:
        declare(connection.channel())
    user = _make_user(rabbitmq, vhost, block(commands))
    yield user
    httpx.delete(f"{rabbitmq.management_url}/api/users/{user.name}").raise_for_status()


def _make_user(rabbitmq: RabbitMQ, vhost: Vhost, commands: str) -> User:
    """Do by the management API, which is quicker, what the page's rabbitmqctl commands do."""
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
    return User(name, _as_user(vhost.amqp_url, name), _as_user(rabbitmq.management_url, name))


def _as_user(url: str, name: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{name}:choose-a-password@{host}"))


def allowed(rabbitmq: RabbitMQ, user: str) -> list[dict[str, str]]:
    """Return what RabbitMQ allows a user, whatever its name and virtual host are."""
    told = []
    for kind in ("permissions", "topic-permissions"):
        url = f"{rabbitmq.management_url}/api/users/{user}/{kind}"
        told += httpx.get(url).raise_for_status().json()
    return [
        {name: value for name, value in each.items() if name not in ("user", "vhost")}
        for each in told
    ]


def taken(vhost: Vhost) -> list[bytes]:
    """Take everything out of the bridge's queue."""
    with connect(vhost.amqp_url) as connection:
        channel = connection.channel()
        bodies = []
        while (got := channel.basic_get(QUEUE, auto_ack=True))[0] is not None:
            bodies.append(got[2])
        return bodies
