"""What compose is given stands in the manual, stages can be scaled, Prometheus knows its flags."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from actors.flow import FLOW
from actors.processes import PROCESSES
from tests.conftest import missing_service
from tests.fakes.composition import demo_variables, services
from tests.fakes.prometheus import PrometheusMissing, find

ROOT = Path(__file__).parents[2]
SERVICES = services(demo_variables())
USED = re.compile(r"\$\{(\w+):([-?])([^}]*)")
ROW = re.compile(r"^\| `(\w+)` \| (\S+) \| (.+) \|$", flags=re.MULTILINE)


def used() -> dict[str, str]:
    """Return the variables of the compose file with their defaults."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    return {
        name: "needed" if kind == "?" else f"`{rest}`" for name, kind, rest in USED.findall(text)
    }


def test_the_manual_tells_every_variable_of_compose_with_its_default() -> None:
    manual = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    settings = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
    elsewhere = {name for name in used() if f"`{name}`" in settings}
    section = manual.split("## What compose is given")[1].split("\n## ")[0]

    assert {name: default for name, default, _ in ROW.findall(section)} == {
        name: default for name, default in used().items() if name not in elsewhere
    }


@pytest.mark.parametrize("name", [*(stage.name for stage in FLOW), *PROCESSES])
def test_nothing_is_taken_that_only_one_container_can_have(name: str) -> None:
    assert SERVICES[name].keys().isdisjoint({"container_name", "hostname", "ports"})


def test_prometheus_knows_the_flags_it_is_started_with() -> None:
    try:
        program = find("prometheus")
    except PrometheusMissing as missing:
        missing_service(str(missing))
        raise
    done = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    known = done.stdout + done.stderr
    flags = [word.split("=")[0] for word in SERVICES["prometheus"]["command"]]

    assert "--enable-feature" in flags
    assert [flag for flag in flags if f"{flag}=" not in known] == []
    assert "exemplar-storage" in known
