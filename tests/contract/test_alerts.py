"""Every alert fires when it should, not before, and no threshold can change unnoticed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from actors.runtime.exchange import INLETS
from actors.runtime.sweeps import SWEEPS
from tests.conftest import missing_service
from tests.fakes.alert_cases import CASES, Case, Series
from tests.fakes.prometheus import PrometheusMissing, find
from tests.fakes.promql import RULES, known_metrics, metrics_of, rule_groups

ROOT = Path(__file__).parents[2]
RULE_FILE = RULES / "alerts.yml"
ALERTS = {rule["alert"]: rule for group in rule_groups() for rule in group["rules"]}
LONGEST_MINUTES = 600
NUMBER = re.compile(r'(?<![\w.":\[])\d+(?:\.\d+)?(?![\w.":\]])')
LASTING = re.compile(r"(?<=\[)\d+(?=m:)")
"""For how many minutes something has to be so; the window of a rate is no such thing."""


@pytest.fixture(scope="session")
def promtool() -> str:
    return found("promtool")


@pytest.fixture(scope="session")
def amtool() -> str:
    return found("amtool")


def found(program: str) -> str:
    try:
        return find(program)
    except PrometheusMissing as missing:
        missing_service(str(missing))
        raise


def scenario(series: Series, alert: str, counts: dict[int, int]) -> dict[str, Any]:
    """Return a test of promtool's: how many of this alert are firing at which minute."""
    firing = f'count(ALERTS{{alertname="{alert}",alertstate="firing"}}) or vector(0)'
    return {
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": firing,
                "eval_time": f"{minute}m",
                "exp_samples": [{"labels": "{}", "value": count}],
            }
            for minute, count in counts.items()
        ],
    }


def scenarios(case: Case) -> Iterator[dict[str, Any]]:
    expected = {case.quiet: 0, case.fires: 1} if case.quiet >= 0 else {case.fires: 1}
    yield scenario(case.seen, case.alert, expected)
    if case.harmless:
        minutes = range(0, case.fires + 60, 10)
        yield scenario(case.harmless, case.alert, dict.fromkeys(minutes, 0))


def run(promtool: str, folder: Path, rules: dict[str, Any], cases: list[Case]) -> str:
    """Run cases against rules; return what failed, nothing if all is well."""
    (folder / "rules.yml").write_text(yaml.safe_dump(rules))
    tests = [each for case in cases for each in scenarios(case)]
    (folder / "test.yml").write_text(
        yaml.safe_dump({"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": tests})
    )
    done = subprocess.run(
        [promtool, "test", "rules", "test.yml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def rules_of(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"groups": [{"name": "tested", "rules": list(rules)}]}


def test_the_rules_are_valid(promtool: str) -> None:
    done = subprocess.run(
        [promtool, "check", "rules", str(RULE_FILE)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_accepts_the_configuration(promtool: str) -> None:
    file = ROOT / "grafana/prometheus/prometheus.yml"
    done = subprocess.run(
        [promtool, "check", "config", str(file)], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("severity", "receiver"), [("page", "pager"), ("ticket", "tickets"), ("none", "watchdog")]
)
def test_an_alert_goes_where_its_severity_says(amtool: str, severity: str, receiver: str) -> None:
    file = f"--config.file={ROOT / 'grafana/prometheus/alertmanager.yml'}"
    done = subprocess.run(
        [amtool, "config", "routes", "test", file, f"severity={severity}"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout.split()) == (0, [receiver]), done.stderr


@pytest.mark.parametrize("case", CASES, ids=[f"{n}-{each.alert}" for n, each in enumerate(CASES)])
def test_an_alert_fires_when_it_should_and_not_before(
    promtool: str, tmp_path: Path, case: Case
) -> None:
    assert run(promtool, tmp_path, rules_of(ALERTS[case.alert]), [case]) == ""


def mutants(rule: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Return the rule with each number of its expression, and its patience, a little different."""
    for found in NUMBER.finditer(rule["expr"]):
        number = float(found.group())
        for other in (number * 1.5, number * 0.5) if number else (1.0,):
            yield _with(rule, found, f"{other:g}")
    for found in LASTING.finditer(rule["expr"]):
        minutes = int(found.group())
        yield _with(rule, found, str(minutes + 1))
        yield _with(rule, found, str(minutes - 1))
    if "for" in rule:
        minutes = _minutes(rule["for"])
        yield rule | {"for": f"{minutes + 1}m"}
        yield rule | {"for": f"{minutes - 1}m"}


def _with(rule: dict[str, Any], found: re.Match[str], text: str) -> dict[str, Any]:
    changed = rule["expr"][: found.start()] + text + rule["expr"][found.end() :]
    return rule | {"expr": changed}


def _minutes(text: str) -> int:
    return int(text[:-1]) * {"m": 1, "h": 60}[text[-1]]


@pytest.mark.parametrize("alert", [name for name in ALERTS if name != "Watchdog"])
def test_a_changed_threshold_is_noticed(promtool: str, tmp_path: Path, alert: str) -> None:
    cases = [case for case in CASES if case.alert == alert]
    changed = list(mutants(ALERTS[alert]))

    assert changed
    for mutant in changed:
        said = f"{mutant['expr']} for {mutant.get('for')}"
        assert run(promtool, tmp_path, rules_of(mutant), cases), f"nobody noticed {said}"


def test_every_alert_has_a_firing_test() -> None:
    assert {case.alert for case in CASES} == set(ALERTS)


def test_every_alert_says_how_bad_it_is_and_where_its_runbook_is() -> None:
    book = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    sections = set(re.findall(r"^### (\w+)$", book, flags=re.MULTILINE))

    for name, rule in ALERTS.items():
        assert rule["labels"]["severity"] in {"page", "ticket", "none"}, name
        assert rule["annotations"]["summary"], name
        assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{name.lower()}"
    assert sections == set(ALERTS)


def test_every_alert_asks_for_metrics_that_exist() -> None:
    unknown = {
        name: metrics_of(rule["expr"]) - known_metrics() - {"rabbitmq_alarms_.+"}
        for name, rule in ALERTS.items()
    }

    assert {name: metrics for name, metrics in unknown.items() if metrics} == {}


def test_every_alarm_of_the_sweepers_is_an_alert() -> None:
    assert {sweep.alarm for sweep in SWEEPS} <= set(ALERTS)


def test_the_loss_of_every_inlet_is_an_alert() -> None:
    watched = re.findall(r'queue="([^"]+)"', ALERTS["InletMissing"]["expr"])

    assert watched == [inlet.queue for inlet in INLETS]
