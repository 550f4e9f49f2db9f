"""``report import`` of whole files: every row accounted for, nothing twice, names intact."""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.fakes.cli_process import CommandLine
from tests.fakes.report_files import a_file, every_kind, row
from tests.fakes.report_lines import order_id

EVERY_KIND = {
    "rows": 7,
    "row_outcomes": {"created": 4, "updated": 0, "unchanged": 0, "skipped": 2, "rejected": 1},
    "orders": {"created": 3, "recovered": 1, "updated": 0, "unchanged": 0},
    "skipped": {"fulfilled_by_amazon": 1, "first_seen_cancelled": 1},
    "rejected": 1,
    "complete": True,
}


def order_ids(cli: CommandLine) -> list[str]:
    return sorted(each["order_id"] for each in cli("orders", "list", "--json").json["orders"])


def test_every_row_of_a_file_is_accounted_for(cli: CommandLine, tmp_path: Path) -> None:
    done = cli("report", "import", every_kind(tmp_path / "report.txt"), "--json")

    assert (done.code, done.err) == (0, "")
    assert done.json == EVERY_KIND


def test_the_same_file_again_changes_nothing_and_says_so(cli: CommandLine, tmp_path: Path) -> None:
    file = every_kind(tmp_path / "report.txt")
    cli("report", "import", file)
    before = order_ids(cli)

    again = cli("report", "import", file, "--json")

    assert again.code == 0
    assert again.json["row_outcomes"] == {
        "created": 0,
        "updated": 0,
        "unchanged": 4,
        "skipped": 2,
        "rejected": 1,
    }
    assert again.json["complete"] is True
    assert order_ids(cli) == before == [order_id(1), order_id(2), order_id(3)]


NAMES = {
    "utf-8": "Bremsbeläge ブレーキ Żółw",
    "cp1252": "Bremsbeläge für Größe „M“ 5 €",
    "cp932": "ブレーキパッド 前後セット ①",
}


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("charset", list(NAMES))
def test_names_in_every_character_set_of_amazon_stay_intact(
    shared_cli: CommandLine, tmp_path: Path, charset: str, *, packed: bool
) -> None:
    number = 100 + 2 * list(NAMES).index(charset) + packed
    rows = [row(number, product_name=NAMES[charset])]
    file = a_file(tmp_path / "report", rows, charset, packed=packed)

    assert shared_cli("report", "import", file).code == 0

    shown = shared_cli("orders", "show", order_id(number), "--json").json
    assert [each["product_name"] for each in shown["lines"]] == [NAMES[charset]]


def test_a_named_character_set_is_taken_at_its_word(
    shared_cli: CommandLine, tmp_path: Path
) -> None:
    file = a_file(tmp_path / "report", [row(200, product_name="Größe")], "cp1252")

    assert shared_cli("report", "import", file, "--charset", "cp1252").code == 0

    shown = shared_cli("orders", "show", order_id(200), "--json").json
    assert shown["lines"][0]["product_name"] == "Größe"


def test_two_imports_of_the_same_file_at_once_make_no_duplicate(
    cli: CommandLine, tmp_path: Path
) -> None:
    file = a_file(tmp_path / "report.txt", [row(n) for n in range(1, 501)])
    both = [cli.start("report", "import", file, "--json", **SMALL_CHUNKS) for _ in range(2)]
    for each in both:
        out, err = each.communicate(timeout=120)
        assert (each.returncode, err) == (0, ""), out

    again = cli("report", "import", file, "--json").json
    assert again["orders"] == {"created": 0, "recovered": 0, "updated": 0, "unchanged": 500}
    assert len(cli("orders", "list", "--limit", "5000", "--json").json["orders"]) == 500


SMALL_CHUNKS = {"ORDER_IMPORT__CHUNK_ROWS": "20"}


@pytest.fixture
def half_imported(cli: CommandLine, tmp_path: Path) -> Path:
    """A file whose import was killed somewhere in the middle."""
    file = a_file(tmp_path / "report.txt", [row(n) for n in range(1, 2001)])
    running = cli.start("report", "import", file, "--json", **SMALL_CHUNKS)
    _wait_for_orders(cli, 200)
    running.kill()
    running.communicate()
    imported = len(cli("orders", "list", "--limit", "5000", "--json").json["orders"])
    assert 0 < imported < 2000
    return file


def _wait_for_orders(cli: CommandLine, count: int) -> None:
    """Look into the store itself: a command takes longer to start than the import to end."""
    deadline = time.monotonic() + 60
    with closing(MongoClient[dict[str, Any]](cli.store_url)) as client:
        orders = client["amazon_orders"]["orders"]
        while orders.count_documents({}) < count:
            assert time.monotonic() < deadline, "the import did not get that far"


def test_an_import_killed_in_the_middle_goes_on_and_counts_every_row_once(
    cli: CommandLine, half_imported: Path
) -> None:
    again = cli("report", "import", half_imported, "--json", **SMALL_CHUNKS)

    assert again.code == 0
    assert again.json["rows"] == 2000
    assert again.json["row_outcomes"]["created"] == 2000
    assert again.json["orders"]["created"] == 2000
    assert again.json["complete"] is True
    ids = order_ids_up_to(cli, 5000)
    assert len(ids) == len(set(ids)) == 2000


def order_ids_up_to(cli: CommandLine, limit: int) -> list[str]:
    listed: dict[str, Any] = cli("orders", "list", "--limit", str(limit), "--json").json
    return [each["order_id"] for each in listed["orders"]]


def test_without_json_people_read_what_happened(cli: CommandLine, tmp_path: Path) -> None:
    done = cli("report", "import", every_kind(tmp_path / "report.txt"))

    assert done.code == 0
    assert "fulfilled_by_amazon" in done.out
    assert "Amazon packs and ships this order itself (FBA)." in done.out
    assert "quantity" in done.out
