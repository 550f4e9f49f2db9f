"""Compose, Prometheus, image and flow name the same stages; nothing runs without limits."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from actors.flow import FLOW
from actors.processes import PROCESSES
from cli.root import cli
from grafana.stage_blocks import with_stages
from tests.fakes.compose import NONE, find
from tests.fakes.composition import VARIABLE, demo_variables, environment, services

ROOT = Path(__file__).parents[2]
STAGES = {stage.name for stage in FLOW}
THIRD_PARTIES = {"rabbitmq", "mongo", "prometheus", "alertmanager", "grafana"}
COMPOSE = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
SERVICES = services(demo_variables())
OURS = sorted(set(SERVICES) - THIRD_PARTIES)


def scraped() -> dict[str, set[str]]:
    path = ROOT / "grafana/prometheus/prometheus.yml"
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["scrape_configs"]
    return {
        job["job_name"]: {name for one in job.get("dns_sd_configs", ()) for name in one["names"]}
        for job in jobs
    }


def test_there_is_a_service_for_every_stage_and_every_process() -> None:
    assert set(OURS) == STAGES | set(PROCESSES) | {"simulator"}


def test_prometheus_looks_for_every_service() -> None:
    found = scraped()

    assert found["connector-worker"] == STAGES
    assert found["connector-process"] | found["connector-state"] == set(PROCESSES)
    assert found["rabbitmq"] == found["rabbitmq-queues"] == {"rabbitmq"}


def test_the_guide_to_scaling_says_of_every_stage_how_many() -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    table = text.split("| stage | bounded by | how many |")[1].split("\n\n")[0]
    named = [name for row in table.splitlines()[2:] for name in re.findall(r"`(\w+)`", row)]

    assert sorted(named) == sorted(STAGES)


@pytest.mark.parametrize("stage", sorted(STAGES))
def test_the_service_of_a_stage_works_its_queue_in_one_process(stage: str) -> None:
    command = SERVICES[stage]["command"]

    assert command == ["run", "worker", stage, "--threads", "4"]


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_the_command_line_knows(name: str) -> None:
    words = [str(word) for word in SERVICES[name]["command"]]
    command: click.Command | None = cli
    context = click.Context(cli)
    while isinstance(command, click.Group):
        command = command.get_command(context, words.pop(0))

    assert command is not None
    command.make_context(name, words).close()  # Raises when a word is wrong.


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_is_limited_restarted_and_looked_after(name: str) -> None:
    service = SERVICES[name]

    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert service["restart"] == "unless-stopped"
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert "healthcheck" in service or name in OURS, "ours have the image's own"


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_write_nothing_and_gain_nothing(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]


def test_ports_are_open_on_this_machine_only() -> None:
    opened = [port for service in SERVICES.values() for port in service.get("ports", ())]

    assert opened
    assert [port for port in opened if not port.startswith("127.0.0.1:")] == []


def test_what_must_last_is_on_a_volume() -> None:
    for name in THIRD_PARTIES:
        named = [each for each in SERVICES[name]["volumes"] if not each.startswith(".")]
        assert named, name


def test_no_secret_has_a_default() -> None:
    names = {"ENCRYPTION__ACTIVE_KEY", "CONNECTOR_SECRETS"}  # Of a key and of a folder.
    for found in VARIABLE.finditer(COMPOSE):
        if re.search(r"PASSWORD|KEY|SECRET|TOKEN", found["name"]) and found["name"] not in names:
            assert found["kind"] == "?", found["name"]


def test_one_service_builds_the_image_of_all() -> None:
    assert [name for name, service in SERVICES.items() if "build" in service] == ["scheduler"]
    assert len({SERVICES[name]["image"] for name in OURS}) == 1


def test_all_but_the_simulator_find_it_in_the_demo_and_the_simulator_gets_nothing() -> None:
    endpoints = {name: environment(SERVICES[name]).get("AMAZON_ENDPOINT") for name in OURS}

    assert endpoints.pop("simulator") is None
    assert set(endpoints.values()) == {"http://simulator:8090"}
    assert environment(SERVICES["simulator"]) == {}
    assert SERVICES["simulator"]["volumes"] == []


def test_what_a_person_sets_wins_over_what_the_file_says() -> None:
    own = {"BROKER_URL": "amqp://elsewhere/x", "ENCRYPTION__ACTIVE_KEY": "k2"}
    plain = environment(SERVICES["outbox"])
    given = environment(services(demo_variables() | own)["outbox"])

    assert plain["BROKER_URL"] == "amqp://connector:demo@rabbitmq:5672/connector"
    assert plain["ENCRYPTION__ACTIVE_KEY"] == "k1"
    assert {name: given[name] for name in own} == own


def test_the_simulator_is_there_in_the_demo_only() -> None:
    profiles = {name: service.get("profiles") for name, service in SERVICES.items()}

    assert {name for name, given in profiles.items() if given} == {"simulator"}
    assert profiles["simulator"] == ["demo"]


def test_the_image_runs_as_nobody_in_particular_with_hashed_dependencies() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]

    assert "--require-hashes" in DOCKERFILE
    assert re.search(r"^USER 10001$", last, flags=re.MULTILINE)
    assert re.search(r"^HEALTHCHECK ", last, flags=re.MULTILINE)


def test_the_image_has_every_package_and_neither_tests_nor_benchmarks() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", DOCKERFILE, flags=re.MULTILINE))
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    allowed = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert copied == packages - {"tests", "benchmarks"}
    assert {f"!{name}" for name in copied} <= set(allowed)
    assert allowed[1] == "*"


def test_a_new_stage_is_written_between_the_marks() -> None:
    text = "a\n  # begin: stages of actors/flow.py\n  old\n  # end: stages of actors/flow.py\nb\n"

    assert with_stages(text, ["x", "y"], lambda stage: f"  {stage}\n") == text.replace(
        "  old\n", "  x\n  y\n"
    )
    with pytest.raises(ValueError, match="marks"):
        with_stages("a\n", ["x"], str)


@pytest.fixture(scope="module")
def composed() -> dict[str, dict[str, Any]]:
    """Return the services as Compose itself understands them, those of the demo among them."""
    compose = find()
    if compose is None:
        pytest.skip(NONE)
    done = subprocess.run(
        [*compose, "--env-file", "demo.env", "--profile", "demo", "config", "--format", "json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={name: os.environ[name] for name in COMPOSES_OWN if name in os.environ},
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, Any]] = json.loads(done.stdout)["services"]
    return found


def test_compose_understands_the_file_as_these_tests_do(
    composed: dict[str, dict[str, Any]],
) -> None:
    assert composed.keys() == SERVICES.keys()
    for name, service in SERVICES.items():
        there = composed[name]
        assert (there.get("environment") or {}) == environment(service), name
        assert there.get("command") == service.get("command"), name
        assert there["image"] == service["image"], name
        assert there.get("profiles") == service.get("profiles"), name
        assert set(there.get("depends_on") or ()) == set(service.get("depends_on") or ()), name
        assert there.get("read_only", False) is service.get("read_only", False), name
        assert len(there.get("volumes") or ()) == len(service.get("volumes") or ()), name


COMPOSES_OWN = ("PATH", "HOME", "DOCKER_CONFIG")
