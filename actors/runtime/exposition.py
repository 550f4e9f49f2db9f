"""Where metrics can be read: one small HTTP server in the process that has them.

One worker process per container, so there is nothing to merge: a restart starts at zero, a dead
process is a target that is down, and what is done while a process drains is still read.
"""

from __future__ import annotations

import platform
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from wsgiref.simple_server import WSGIServer

import dramatiq
import structlog
from dramatiq.middleware import Middleware
from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    ProcessCollector,
    start_http_server,
)

EXIT_CODE = 70
"""sysexits.h: an internal software error."""
PROJECT = Path(__file__).parents[2] / "pyproject.toml"
REVISION = PROJECT.with_name("REVISION")
"""Written when the image is built."""
UNKNOWN = "unknown"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where to show metrics; port 0: nowhere."""

    host: str
    port: int


def show(registry: CollectorRegistry, place: Place) -> WSGIServer | None:
    """Serve the registry's metrics and those of the process until the process ends.

    Raises:
        OSError: the port cannot be had.
    """
    if not place.port:
        return None
    server, _ = start_http_server(place.port, addr=place.host, registry=registry)
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    build = Gauge(
        "connector_build_info",
        "1, labelled with what runs.",
        ["version", "revision", "python"],
        registry=registry,
    )
    build.labels(release(), revision(), platform.python_version()).set(1)
    log.info("metrics_shown", host=place.host, port=place.port)
    return server


def show_or_exit(registry: CollectorRegistry, place: Place) -> WSGIServer | None:
    """Serve metrics, or end the process: one that nobody can observe must not look healthy.

    Raises:
        SystemExit: the port cannot be had.
    """
    try:
        return show(registry, place)
    except OSError as exc:
        print(  # noqa: T201  the log of a process that does not start may be nowhere yet
            f"cannot show metrics on {place.host}:{place.port} ({exc.strerror}): "
            "run one process per container, or set METRICS_PORT to a free port or to 0",
            file=sys.stderr,
        )
        raise SystemExit(EXIT_CODE) from None


class Exposition(Middleware):
    """Shows a worker process's metrics from its boot on.

    Dramatiq lets hooks fail silently, but not with SystemExit.
    """

    def __init__(self, registry: CollectorRegistry, place: Place) -> None:
        self._registry, self._place = registry, place

    def after_process_boot(self, broker: dramatiq.Broker) -> None:  # noqa: ARG002  the signature is Dramatiq's
        """Begin to serve; the server ends with the process, after the last message."""
        show_or_exit(self._registry, self._place)


def revision(file: Path = REVISION) -> str:
    """Return the commit the image was built from; outside of one nobody noted it."""
    return (file.read_text(encoding="utf-8").strip() if file.exists() else "") or UNKNOWN


def release() -> str:
    """Return the version of this project, which runs in place beside its pyproject.toml."""
    return str(tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["version"])
