"""The image of the Dockerfile: its user starts everything and can write nothing."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.composition import demo_variables, environment, services
from tests.fakes.image import Image
from tests.fakes.rabbitmq_node import free_ports
from tests.fakes.system import Places, System

NOWHERE = Places("", "", "unused", "")
WRITES = """
import pathlib, sys
for path in map(pathlib.Path, sys.argv[1:]):
    try:
        (path / "new").write_text("")
    except PermissionError:
        print("refused")
"""


@pytest.fixture(scope="module")
def image() -> Iterator[Image]:
    made = Image()
    yield made
    made.close()


def test_the_command_line_runs_with_the_locked_packages_alone(image: Image) -> None:
    done = image.run(image.command(["--help"]), {})

    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout
    assert image.run(["python", "-c", "import pytest"], {}).returncode == 1


def test_a_process_can_write_nowhere_in_the_image(image: Image) -> None:
    if image.user is None and os.geteuid() == 0:
        pytest.skip("root may write everywhere, and no other user may run this Python")
    folders = [str(image.home), str(image.home / "actors"), str(image.root / "venv")]

    assert image.run(["python", "-c", WRITES, *folders], {}).stdout.split() == ["refused"] * 3


def test_a_setting_that_is_missing_is_told_in_one_line(image: Image) -> None:
    service = services(demo_variables())["scheduler"]
    without = environment(service) | {"SECRETS_DIR": "", "ENCRYPTION__KEYS__K1": ""}

    done = image.run(image.command(["check"]), without)

    assert done.returncode == 1
    assert done.stderr == "error: ENCRYPTION: ACTIVE_KEY=k1 names no key: set KEYS__<id> for it\n"


def test_the_simulators_container_is_healthy_and_ends_when_asked(
    image: Image, tmp_path: Path
) -> None:
    service = services(demo_variables())["simulator"]
    (port,) = free_ports(1)
    command = [re.sub("^8090$", str(port), str(word)) for word in service["command"]]
    check = [each.replace("8090", str(port)) for each in service["healthcheck"]["test"][1:]]
    how = image.how(environment(service))
    with System(tmp_path, NOWHERE) as system:
        process = system.start_program("simulator", image.command(command), **how)

        def is_healthy() -> bool:
            assert process.poll() is None, system.last_words()
            return subprocess.run(check, capture_output=True, check=False, **how).returncode == 0

        system.wait_until(is_healthy, "the simulator is healthy")

        assert system.terminate("simulator") == 0
