"""What all kinds of tests share: the broker of the session and a virtual host for each test."""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.fakes.rabbitmq import RabbitMQ, RabbitMQMissing, find_rabbitmq
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.rabbitmq_node import PrivateRabbitMQ, installed_scripts

# How long an example takes says more about the machine than about the code.
# Everyday examples are the same at every run: a commit that was green stays green, and what
# random ones find is looked for with patience, by ``make examples``.
settings.register_profile("everyday", deadline=None, max_examples=25, derandomize=True)
settings.register_profile("thousands", deadline=None, max_examples=2_000)
settings.load_profile(os.environ.get("EXAMPLES", "everyday"))

# What a shell runs in the background ignores SIGINT, and so would every process the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def missing_service(what: str) -> None:
    """Skip on a laptop; in CI a missing service is a failure."""
    if os.environ.get("CI"):
        pytest.fail(what, pytrace=False)
    pytest.skip(what)


@pytest.fixture(scope="session")
def rabbitmq() -> Iterator[RabbitMQ]:
    """The session's RabbitMQ.  Tests share it; do not stop it, see ``private_rabbitmq``."""
    found: RabbitMQ | None = None
    try:
        found = find_rabbitmq()
        found.start()
    except RabbitMQMissing as missing:
        missing_service(str(missing))
    assert found is not None
    yield found
    found.close()


@pytest.fixture
def vhost(rabbitmq: RabbitMQ) -> Iterator[Vhost]:
    """A fresh virtual host for one test, with quorum queues by default."""
    fresh = rabbitmq.add_vhost(f"test-{uuid.uuid4().hex[:12]}")
    yield fresh
    rabbitmq.delete_vhost(fresh.name)


@pytest.fixture(scope="module")
def private_rabbitmq() -> Iterator[PrivateRabbitMQ]:
    """A node of the module's own that may be stopped, killed and started again."""
    scripts = installed_scripts()
    if scripts is None:
        missing_service("an installed rabbitmq-server is needed: a borrowed broker is not killed")
    assert scripts is not None
    node = PrivateRabbitMQ(scripts)
    node.start()
    yield node
    node.close()
