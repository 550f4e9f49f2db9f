"""Which RabbitMQ the tests take, on machines that have this or that."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.rabbitmq import (
    MISSING,
    Composed,
    External,
    Machine,
    RabbitMQMissing,
    find_rabbitmq,
    management_of,
    without_password,
)
from tests.fakes.rabbitmq_node import PrivateRabbitMQ, free_ports

BARE = Machine(environ={}, installed=lambda: None, has_docker=lambda: False, install=lambda: False)


def test_a_broker_that_is_set_goes_before_all_others(tmp_path: Path) -> None:
    machine = Machine({"BROKER_URL": "amqp://u:p@broker:5672/v"}, lambda: tmp_path)

    found = find_rabbitmq(machine)

    assert isinstance(found, External)
    assert found.amqp_url == "amqp://u:p@broker:5672/v"
    assert found.management_url == "http://u:p@broker:15672"


def test_an_installed_server_goes_before_docker(tmp_path: Path) -> None:
    found = find_rabbitmq(Machine({}, lambda: tmp_path, lambda: True, lambda: False))

    assert isinstance(found, PrivateRabbitMQ)
    found.close()


def test_docker_goes_before_an_installation() -> None:
    assert isinstance(find_rabbitmq(Machine({}, lambda: None, lambda: True)), Composed)


def test_what_apt_installed_is_used(tmp_path: Path) -> None:
    looks = iter([None, tmp_path])

    found = find_rabbitmq(Machine({}, lambda: next(looks), lambda: False, lambda: True))

    assert isinstance(found, PrivateRabbitMQ)
    found.close()


def test_with_none_the_message_says_what_to_install() -> None:
    with pytest.raises(RabbitMQMissing, match="apt install rabbitmq-server") as missing:
        find_rabbitmq(BARE)
    assert "brew install rabbitmq" in str(missing.value)


def test_a_broker_without_a_management_api_is_refused_without_its_password() -> None:
    (port,) = free_ports(1)
    url = "amqp://user:hush@127.0.0.1:5672/"

    with pytest.raises(RabbitMQMissing, match="rabbitmq_management") as missing:
        External(url, f"http://user:hush@127.0.0.1:{port}").start()
    assert "hush" not in str(missing.value)


def test_a_docker_that_fails_is_told_and_cleaned_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = tmp_path / "said"
    docker = tmp_path / "docker"
    docker.write_text(f'#!/bin/sh\necho "$*" >> {said}\necho "no space" >&2\nexit 1\n')
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    with pytest.raises(RabbitMQMissing, match="docker compose: no space") as missing:
        Composed().start()

    assert MISSING in str(missing.value)
    assert "up --detach --wait" in said.read_text().splitlines()[0]
    assert "down --volumes" in said.read_text().splitlines()[1]


def test_addresses_are_shown_without_credentials() -> None:
    assert without_password("amqp://user:hush@host:5672/v") == "amqp://host:5672/v"
    assert management_of("amqps://host") == "http://guest:guest@host:15672"
