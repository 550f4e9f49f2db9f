"""The installation of docker-compose.yml as processes of this machine, watched by Prometheus.

Every process is started from the image with the command and the variables its service has, on a
metrics port of its own; the Prometheus is configured by the file that ships, its discovery by DNS
replaced by those ports.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.fakes.composition import ROOT, demo_variables, environment, services
from tests.fakes.image import Image
from tests.fakes.prometheus import PrivatePrometheus
from tests.fakes.promql import RULES, legend_labels, plain
from tests.fakes.rabbitmq_node import PrivateRabbitMQ, free_ports
from tests.fakes.system import System

VHOST = "connector"
QUICKLY = {"scrape_interval": "2s", "scrape_timeout": "2s", "evaluation_interval": "2s"}
Targets = dict[str, list[int]]
"""The metrics ports of the processes of each service."""


def start_service(
    system: System, image: Image, name: str, targets: Targets, *more: str
) -> dict[str, str]:
    """Start a container's process: the image, the service's command and variables.

    ``more`` is added to its command.  What the system says of where things are comes last, as the
    names of the compose file's network mean nothing here.  Return the variables it got.
    """
    (port,) = free_ports(1)
    targets.setdefault(name, []).append(port)
    service = services(demo_variables())[name]
    command = image.command([*(str(word) for word in service["command"]), *more])
    given = environment(service) | system.settings_env | {"METRICS_PORT": str(port)}
    system.start_program(name, command, **image.how(given))
    return given


def watched(targets: Targets, node: PrivateRabbitMQ) -> PrivatePrometheus:
    """Return a Prometheus for these processes, with our rules and relabelling."""
    text = (ROOT / "grafana/prometheus/prometheus.yml").read_text(encoding="utf-8")
    config: dict[str, Any] = yaml.safe_load(text)
    del config["alerting"]
    config["global"] = QUICKLY
    for job in config["scrape_configs"]:
        names = [name for one in job.pop("dns_sd_configs", ()) for name in one["names"]]
        if not names:
            continue
        ports = {name: targets.get(name, []) for name in names} | {"rabbitmq": [node.metrics_port]}
        job["static_configs"] = [
            {"targets": [f"127.0.0.1:{port}" for port in ports[name]], "labels": {"service": name}}
            for name in names
        ]
        # The service's name comes from DNS there; the label above stands for it here.
        job.pop("relabel_configs", None)
    config["scrape_configs"] = [
        j for j in config["scrape_configs"] if j["job_name"] != "prometheus"
    ]
    return PrivatePrometheus(yaml.safe_dump(config), RULES)


def dashboard_targets() -> Iterator[tuple[str, str, set[str]]]:
    """Yield every query of every dashboard: where it is, itself, the labels its legend needs."""
    for path in sorted((ROOT / "grafana/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            for target in panel.get("targets", ()):
                where = f"{path.stem} / {panel['title']} [{target['refId']}]"
                yield where, plain(target["expr"]), legend_labels(target.get("legendFormat", ""))


def empty_panels(prometheus: PrivatePrometheus) -> list[str]:
    """Return which panels show nothing, or name a label their series do not have."""
    return [
        where
        for where, expr, labels in dashboard_targets()
        if not _shows_something(prometheus.query(expr), labels)
    ]


def _shows_something(series: Iterable[dict[str, Any]], labels: set[str]) -> bool:
    shown = [each for each in series if not math.isnan(float(each["value"][1]))]
    return any(labels <= each["metric"].keys() for each in shown)


def log_text(folder: Path) -> str:
    """Return everything the processes have printed."""
    return "\n".join(path.read_text(errors="replace") for path in sorted(folder.glob("*.log")))
