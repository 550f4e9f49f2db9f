"""Finds a RabbitMQ for the tests, in the order a developer would expect.

``BROKER_URL`` if set; an installed server, started as a private node; a container when a Docker
engine answers; on Debian as root the package is installed.  ``python -m tests.fakes.rabbitmq``
says which it is, so that an installation does not happen unseen inside a test run.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from tests.fakes.rabbitmq_management import Management, Vhost
from tests.fakes.rabbitmq_node import PrivateRabbitMQ, installed_scripts

logger = logging.getLogger(__name__)
MISSING = (
    "the tests need a RabbitMQ: install it (Debian: sudo apt install rabbitmq-server; "
    "macOS: brew install rabbitmq), or start Docker, or set BROKER_URL to one with the "
    "management plugin"
)
COMPOSE_FILE = Path(__file__).with_name("rabbitmq-compose.yml")


class RabbitMQMissing(Exception):
    """There is none, and this says what to do."""


class External:
    """A broker somebody else runs: it can be used, but not stopped."""

    def __init__(self, amqp_url: str, management_url: str) -> None:
        self.amqp_url = amqp_url
        self.management = Management(management_url)

    @property
    def management_url(self) -> str:
        """The management API's address, credentials included."""
        return self.management.url

    def start(self) -> None:
        """Check that it can be used.

        Raises:
            RabbitMQMissing: the management API, which makes a virtual host a test, is silent.
        """
        if not self.management.is_up():
            raise RabbitMQMissing(
                f"no management API answers at {without_password(self.management_url)} for "
                f"{without_password(self.amqp_url)}: enable the plugin rabbitmq_management "
                "or set RABBITMQ_MANAGEMENT_URL"
            )

    def close(self) -> None:
        """Leave it running."""

    def add_vhost(self, name: str) -> Vhost:
        """Make a virtual host whose queues are quorum queues."""
        self.management.add_vhost(name)
        return Vhost(name, urlunsplit(urlsplit(self.amqp_url)._replace(path=f"/{quote(name)}")))

    def delete_vhost(self, name: str) -> None:
        """Remove a virtual host with everything in it."""
        self.management.delete_vhost(name)

    def close_all_connections(self) -> int:
        """Cut every client's connection; return how many there were."""
        return self.management.close_all_connections()


class Composed(External):
    """A container started by ``docker compose`` for this run only, on free loopback ports."""

    def __init__(self) -> None:
        self._project = f"oaf-tests-{uuid.uuid4().hex[:8]}"
        super().__init__("", "")

    def start(self) -> None:
        """Start the container and wait until it is healthy."""
        try:
            self._compose("up", "--detach", "--wait")
            amqp, http = (self._compose("port", "rabbitmq", port) for port in ("5672", "15672"))
        except subprocess.CalledProcessError as failed:
            self.close()
            raise RabbitMQMissing(f"docker compose: {failed.stderr.strip()}; {MISSING}") from failed
        self.amqp_url = f"amqp://guest:guest@{amqp}/%2F"
        self.management = Management(f"http://guest:guest@{http}")
        super().start()

    def close(self) -> None:
        """Remove the container and its data."""
        self._compose("down", "--volumes", "--timeout", "1", check=False)

    def _compose(self, *args: str, check: bool = True) -> str:
        command = ["docker", "compose", "-p", self._project, "-f", str(COMPOSE_FILE), *args]
        done = subprocess.run(command, check=check, capture_output=True, text=True, timeout=600)
        return done.stdout.strip()


def management_of(amqp_url: str) -> str:
    """Return where the management API of a broker usually is: same host, port 15672."""
    parts = urlsplit(amqp_url)
    credentials = f"{parts.username or 'guest'}:{parts.password or 'guest'}"
    return f"http://{credentials}@{parts.hostname or '127.0.0.1'}:15672"


def without_password(url: str) -> str:
    """Return the address without its credentials."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def docker_engine_answers() -> bool:
    """Return whether there is an engine, not just a client."""
    if shutil.which("docker") is None:
        return False
    asked = ["docker", "info", "--format", "{{.ServerVersion}}"]
    return subprocess.run(asked, capture_output=True, check=False, timeout=30).returncode == 0


def apt_install() -> bool:
    """Install Debian's package without starting its service; return whether that worked."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    logger.warning("installing rabbitmq-server with apt-get")
    # Run level 1 keeps Debian's invoke-rc.d from starting the service: tests start their own node.
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "rabbitmq-server"],
    ):
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            logger.warning("%s", done.stderr.strip())
            return False
    return True


RabbitMQ = PrivateRabbitMQ | External


@dataclass(frozen=True, slots=True)
class Machine:
    """What may be found on a machine, so that tests can tell the finder about another one."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    installed: Callable[[], Path | None] = installed_scripts
    has_docker: Callable[[], bool] = docker_engine_answers
    install: Callable[[], bool] = apt_install


def find_rabbitmq(machine: Machine | None = None) -> RabbitMQ:
    """Return a broker to be started and closed by the caller.

    Raises:
        RabbitMQMissing: there is none, with what to install.
    """
    here = machine or Machine()
    if url := here.environ.get("BROKER_URL"):
        return External(url, here.environ.get("RABBITMQ_MANAGEMENT_URL") or management_of(url))
    if scripts := here.installed():
        return PrivateRabbitMQ(scripts)
    if here.has_docker():
        return Composed()
    if here.install() and (scripts := here.installed()):
        return PrivateRabbitMQ(scripts)
    raise RabbitMQMissing(MISSING)


def main() -> int:
    """Say which RabbitMQ the tests will use; 1 when there is none and CI must not skip."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        found = find_rabbitmq()
    except RabbitMQMissing as missing:
        logger.warning("%s", missing)
        return 1 if os.environ.get("CI") else 0
    logger.info("RabbitMQ for the tests: %s", type(found).__name__)
    found.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
