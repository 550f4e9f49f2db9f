"""Prometheus for tests: its rule checker, and a private server.

Found on the PATH; on Debian as root the package is installed, as it is for RabbitMQ.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.fakes.rabbitmq_node import free_ports

logger = logging.getLogger(__name__)
MISSING = (
    "the tests of alerts need Prometheus, its promtool and amtool: install it "
    "(Debian: sudo apt install prometheus prometheus-alertmanager; "
    "macOS: brew install prometheus alertmanager)"
)
PACKAGES = {
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "amtool": "prometheus-alertmanager",
}


class PrometheusMissing(Exception):
    """There is none, and this says what to do."""


def find(program: str) -> str:
    """Return where ``prometheus``, ``promtool`` or Alertmanager's ``amtool`` is.

    Raises:
        PrometheusMissing: it is not installed, and could not be.
    """
    found = shutil.which(program)
    if found is None and _apt_install(PACKAGES[program]):
        found = shutil.which(program)
    if found is None:
        raise PrometheusMissing(MISSING)
    return found


def _apt_install(package: str) -> bool:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return False
    logger.warning("installing %s with apt-get", package)
    # Run level 1 keeps Debian's invoke-rc.d from starting the service.
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]
    for command in (["apt-get", "update", "-qq"], install):
        done = subprocess.run(command, env=quiet, capture_output=True, check=False)
        if done.returncode != 0:
            return False
    return True


def main() -> int:
    """Say which Prometheus the tests will use; 1 when there is none and CI must not skip."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        logger.info("Prometheus for the tests: %s", ", ".join(map(find, PACKAGES)))
    except PrometheusMissing as missing:
        logger.warning("%s", missing)
        return 1 if os.environ.get("CI") else 0
    return 0


class PrivatePrometheus:
    """A server on a free loopback port, with its data in a temporary folder."""

    def __init__(self, config: str, rules: Path) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="prometheus-"))
        shutil.copytree(rules, self._home / "rules")
        (self._home / "prometheus.yml").write_text(config)
        (self._port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self._port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with (self._home / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    find("prometheus"),
                    f"--config.file={self._home / 'prometheus.yml'}",
                    f"--storage.tsdb.path={self._home / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self._port}",
                ],
                cwd=self._home,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_ready()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._home, ignore_errors=True)

    def query(self, expr: str) -> list[dict[str, Any]]:
        """Return the series a query gives now."""
        found: list[dict[str, Any]] = self._get("/api/v1/query", query=expr)["data"]["result"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        """Return every rule with its health."""
        groups = self._get("/api/v1/rules")["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def targets(self) -> list[dict[str, Any]]:
        """Return every target with its health."""
        found: list[dict[str, Any]] = self._get("/api/v1/targets")["data"]["activeTargets"]
        return found

    def _get(self, path: str, **parameters: str) -> Any:
        url = f"{self.url}{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310  our own address
            return json.load(answer)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 30
        while True:
            try:
                urllib.request.urlopen(f"{self.url}/-/ready", timeout=2).close()  # noqa: S310
            except OSError:
                said = (self._home / "log").read_text(errors="replace")[-1000:]
                assert time.monotonic() < deadline, f"Prometheus did not start:\n{said}"
                time.sleep(0.1)
            else:
                return


if __name__ == "__main__":
    sys.exit(main())
