"""What a PromQL query asks for, and which metrics there are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import yaml

from actors.runtime.exporter import PREFIX
from actors.runtime.metrics import Metrics
from store.state_gauges import GAUGES

ROOT = Path(__file__).parents[2]
RULES = ROOT / "grafana/prometheus/rules"
RABBITMQ = frozenset(
    {
        "rabbitmq_alarms_memory_used_watermark",
        "rabbitmq_alarms_free_disk_space_watermark",
        "rabbitmq_detailed_queue_consumers",
        "rabbitmq_detailed_queue_messages",
        "rabbitmq_detailed_queue_messages_ready",
        "rabbitmq_detailed_queue_messages_unacked",
    }
)
"""What we ask of RabbitMQ's own plugin; the same in 3.10 and 4.x."""
OTHERS = frozenset({"ALERTS", "up", "process_cpu_seconds_total", "process_resident_memory_bytes"})
VARIABLES = {"$__rate_interval": "10m", "$stage": ".+"}
"""Ten minutes: longer than a test takes, so that nothing that happened in it is forgotten."""


def known_metrics() -> set[str]:
    """Return the names of all series there can be."""
    of_state = {PREFIX + name for name in (*GAUGES, "service_expected", "state_collect_success")}
    families = list(Metrics().registry.collect())
    of_workers = {
        family.name + suffix
        for family in families
        for suffix in {
            "counter": ("_total",),
            "histogram": ("_bucket", "_count", "_sum"),
        }.get(family.type, ("",))
    }
    recorded = {
        rule["record"] for rules in rule_groups() for rule in rules["rules"] if "record" in rule
    }
    shown = {f"{PREFIX}build_info", f"{PREFIX}state_collect_duration_seconds"}
    return of_state | of_workers | recorded | shown | RABBITMQ | OTHERS


def rule_groups() -> list[dict[str, Any]]:
    """Return every group of every rule file."""
    return [
        group
        for path in sorted(RULES.glob("*.yml"))
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
    ]


def plain(expr: str) -> str:
    """Return a dashboard's query as Prometheus understands it, Grafana's variables filled in."""
    for variable, value in VARIABLES.items():
        expr = expr.replace(variable, value)
    return expr


def metrics_of(expr: str) -> set[str]:
    """Return the names of the metrics a query asks for.

    Raises:
        ValueError: it is not PromQL.
    """
    return set(_names(promql_parser.parse(plain(expr))))


def _names(node: Any) -> Iterator[str]:
    if isinstance(node, promql_parser.VectorSelector):
        name = node.name or next(
            (m.value for m in node.matchers.matchers if m.name == "__name__"), ""
        )
        yield name
    for attribute in ("expr", "lhs", "rhs", "param", "vector_selector", "args"):
        child = getattr(node, attribute, None)
        children = child if isinstance(child, list | tuple) else [child]
        for each in children:
            if each is not None and not isinstance(each, str | int | float):
                yield from _names(each)


def legend_labels(legend: str) -> set[str]:
    """Return the labels a legend names."""
    return set(re.findall(r"{{\s*(\w+)\s*}}", legend))
