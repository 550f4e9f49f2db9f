from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.cli_process import CommandLine


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    with CommandLine(tmp_path_factory.mktemp("demo")).store_kept_up() as command_line:
        yield command_line


def test_the_demo_brings_orders_in_counts_every_row_and_leaves_them_behind(
    cli: CommandLine,
) -> None:
    done = cli("demo", "--orders", "100", "--json")

    told = done.json
    assert (done.code, done.err) == (0, "")
    assert told["complete"] is True
    assert told["failed"] == 0
    assert told["reports"] == 10
    assert sum(told["row_outcomes"].values()) == told["rows"] > 100
    assert told["orders"]["created"] == told["orders_in_store"] > 60
    assert told["orders"]["recovered"] > 0
    assert told["orders"]["updated"] > 0
    assert told["moved_between_cycles"] > 0
    assert set(told["skipped"]) == {
        "fulfilled_by_amazon",
        "not_an_amazon_order",
        "first_seen_shipped",
        "first_seen_cancelled",
    }
    assert all(told["skipped"].values())
    assert told["rejected"] == 4
    assert set(told["statuses"]) == {"ORDER_NEW", "ORDER_FULFILLED", "ORDER_CANCELED"}
    assert told["enrichment"]["complete"] > 50
    shipping = told["shipping"]
    assert shipping["shipments"] == {"accepted": 9, "refused": 1}
    assert shipping["feeds"] == {"applied": 2}
    assert (shipping["corrected"], shipping["refused_then_corrected"]) == (1, 1)
    assert (shipping["accepted_with_warning"], shipping["waited_then_accepted"]) == (1, 1)
    assert shipping["shown_by_amazon"] == 9
    assert shipping["orders"] == {"ORDER_FULFILLED": 9}
    assert shipping["confirmation"] == {"confirmed": 9}
    listed = cli("orders", "list", "--limit", "1000", "--json").json["orders"]
    assert len(listed) == told["orders_in_store"]


def test_the_demo_again_leaves_what_is_there_alone_and_says_where_its_orders_are(
    cli: CommandLine,
) -> None:
    before = cli("orders", "list", "--limit", "1000", "--json").json

    done = cli("demo", "--orders", "30")

    assert (done.code, done.err) == (0, "")
    assert "VOLATILE" in done.out
    assert f"DATA_DIR={cli.data_dir / 'demo'} " in done.out
    assert "Where to look next" in done.out
    assert cli("orders", "list", "--limit", "1000", "--json").json == before
    own = cli("orders", "list", "--json", DATA_DIR=str(cli.data_dir / "demo")).json["orders"]
    assert len(own) > 15


def test_an_interrupted_demo_ends_with_one_line(cli: CommandLine, tmp_path: Path) -> None:
    running = cli.start("demo", DATA_DIR=str(tmp_path / "var"))
    assert running.stdout is not None
    first = running.stdout.readline()

    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)

    assert first.startswith("The whole job")
    assert running.returncode == 1
    assert err.strip() == (
        "error: interrupted; what was finished is kept, and doing it again is harmless"
    )
