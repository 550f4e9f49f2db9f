"""An installation as operators run it: workers, scheduler, bridge, outbox as processes."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from domain.events import INBOUND_MODELS
from simulator.server import Simulator
from tests.fakes.cli_process import CommandLine
from tests.fakes.rabbitmq_management import Vhost

pytestmark = pytest.mark.rabbitmq


@pytest.fixture
def cli(tmp_path: Path, vhost: Vhost) -> Iterator[CommandLine]:
    """A command line whose broker is real and whose Amazon is a quick simulator."""
    with Simulator(orders=60, speed=600) as simulator:
        env = {
            "BROKER_URL": vhost.amqp_url,
            "AMAZON_ENDPOINT": simulator.url,
            "METRICS_PORT": "0",
        }
        with CommandLine(tmp_path, env).store_kept_up() as command_line:
            yield command_line


@contextmanager
def running(cli: CommandLine, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A process that is told to end by SIGTERM, and ends well."""
    process = cli.start("run", *arguments)
    try:
        yield process
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=60)
        assert process.returncode == 0, log
    finally:
        process.kill()
        process.communicate()


def until(what: Callable[[], Any], *, within_s: float = 90.0) -> Any:
    deadline = time.monotonic() + within_s
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)
    return found


def enriched(cli: CommandLine) -> list[str]:
    orders = cli("orders", "list", "--limit", "1000", "--json").json["orders"]
    return [each["order_id"] for each in orders if each["enrichment"] == "complete"]


def test_a_report_asked_for_by_hand_is_worked_off_by_the_workers(cli: CommandLine) -> None:
    with running(cli, "worker"):
        asked = cli("report", "request", "--marketplace", "US", "--days", "10", "--json")

        assert (asked.code, asked.err) == (0, "")
        assert [each["report"] for each in asked.json["reports"]] == [None]
        until(lambda: enriched(cli))
        (report,) = until(lambda: cli("report", "list", "--json").json["reports"])
        assert report["state"] == "complete"
        start, end = (datetime.fromisoformat(report[each]) for each in ("data_start", "data_end"))
        assert end - start == timedelta(days=10)


def test_the_scheduler_announces_its_slots_and_stops_when_told(cli: CommandLine) -> None:
    with running(cli, "scheduler"):
        jobs = until(
            lambda: [
                job for job in cli("schedule", "list", "--json").json["jobs"] if job["announced_at"]
            ]
        )

    assert {job["job"].partition("/")[0] for job in jobs} >= {"order_report"}


def write_the_example(file: Path) -> dict[str, Any]:
    """Write the schema's own example, entered now, into a file."""
    extra = INBOUND_MODELS["tracking.entered"].model_config["json_schema_extra"]
    assert isinstance(extra, dict)
    example: dict[str, Any] = extra["examples"][0]  # type: ignore[index,assignment]
    event = example | {"entered_at": datetime.now(UTC).isoformat()}
    file.write_text(json.dumps(event), encoding="utf-8")
    return event


def test_an_event_of_another_system_is_taken_in_and_a_wrong_one_is_kept_with_its_reason(
    cli: CommandLine, tmp_path: Path
) -> None:
    good = tmp_path / "good.json"
    event = write_the_example(good)
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"event_id": "e-1", "version": 1, "account": "demo"}', encoding="utf-8")

    with running(cli, "bridge"):
        sent = until(lambda: _sent(cli, good))
        assert "sent to ecommerce.amazon.events" in sent
        until(lambda: _taken_in(cli) == [event["event_id"]])
        refused = cli("events", "publish", "tracking.entered", wrong)
        assert refused.code == 1
        assert "would be rejected" in refused.error
        assert cli("events", "publish", "tracking.entered", wrong, "--unchecked").code == 0
        (kept,) = until(lambda: cli("events", "rejected", "--json").json["rejected"])

    assert (kept["event_id"], kept["type"]) == ("e-1", "tracking.entered")
    assert "order_id" in kept["reason"]
    assert "e-1" in cli("events", "rejected", kept["id"]).out


def test_an_event_that_is_sent_before_any_bridge_has_run_waits_for_the_first(
    cli: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "event.json"
    event = write_the_example(file)

    assert "sent to ecommerce.amazon.events" in _sent(cli, file)

    with running(cli, "bridge"):
        until(lambda: _taken_in(cli) == [event["event_id"]])


def _sent(cli: CommandLine, file: Path) -> str:
    done = cli("events", "publish", "tracking.entered", file)
    return done.out if done.code == 0 else ""


def _taken_in(cli: CommandLine) -> list[str]:
    with closing(MongoClient[dict[str, Any]](cli.store_url)) as client:
        entries = client["amazon_orders"]["tracking_entries"].find()
        return [each["source_event_id"] for each in entries]


def test_the_outbox_stops_when_told(cli: CommandLine) -> None:
    with running(cli, "outbox") as process:
        assert process.stderr is not None
        until(lambda: "outbox_started" in str(process.stderr and process.stderr.readline()))


def test_check_says_what_is_reached_and_hides_passwords(cli: CommandLine) -> None:
    done = cli("check", "--json")

    assert (done.code, done.err) == (0, "")
    assert {each["name"]: each["is_reached"] for each in done.json["reached"]} == {
        "store": True,
        "broker": True,
        "calls to Amazon": True,
        "Amazon for demo": True,
    }
    assert ":***@" in done.json["settings"]["BROKER_URL"]


def test_a_missing_broker_is_one_line_and_check_goes_on_to_the_others(cli: CommandLine) -> None:
    nowhere = {"BROKER_URL": "amqp://guest:guest@127.0.0.1:1/"}

    asked = cli("report", "request", "--marketplace", "US", **nowhere)
    checked = cli("check", "--json", **nowhere)

    assert asked.code == 1
    assert asked.error == (
        "error: the broker does not answer: see BROKER_URL and `python -m cli check`"
    )
    assert checked.code == 1
    assert {each["name"]: each["is_reached"] for each in checked.json["reached"]} == {
        "store": True,
        "broker": False,
        "calls to Amazon": True,
        "Amazon for demo": True,
    }


def test_a_missing_store_is_one_line(cli: CommandLine) -> None:
    nowhere = {
        "MONGODB_URL": "mongodb://127.0.0.1:1/",
        "ENCRYPTION__KEYS__K1": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    }

    done = cli("orders", "list", "--json", **nowhere)

    assert (done.code, done.out) == (1, "")
    assert "the store" in done.error
