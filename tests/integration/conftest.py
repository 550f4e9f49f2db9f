"""A server for each module; over stores of their own the command line and tracking out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.cli_process import CommandLine
from tests.fakes.events_page import User, user_of_the_page
from tests.fakes.mongo import mongodb_url
from tests.fakes.rabbitmq import RabbitMQ
from tests.fakes.rabbitmq_management import Vhost
from tests.fakes.tracking_system import TrackingSystem, tracking_system


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CommandLine]:
    """A command line over an empty store."""
    with CommandLine(tmp_path).store_kept_up() as command_line:
        yield command_line


@pytest.fixture(scope="module")
def shared_cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A command line over a store that several tests use, each with orders of its own."""
    with CommandLine(tmp_path_factory.mktemp("shared")).store_kept_up() as command_line:
        yield command_line


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with mongodb_url() as found:
        yield found


@pytest.fixture
def system(url: str) -> Iterator[TrackingSystem]:
    with tracking_system(url) as ready:
        yield ready


@pytest.fixture
def shop(rabbitmq: RabbitMQ, vhost: Vhost) -> Iterator[User]:
    """A system that publishes, with the permissions of docs/events.md."""
    with user_of_the_page(rabbitmq, vhost, "publisher") as user:
        yield user


@pytest.fixture
def dealer(rabbitmq: RabbitMQ, vhost: Vhost) -> Iterator[User]:
    """A system that subscribes, likewise."""
    with user_of_the_page(rabbitmq, vhost, "subscriber") as user:
        yield user
