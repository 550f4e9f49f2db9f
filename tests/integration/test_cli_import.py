from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from tests.fakes.cli_process import CommandLine
from tests.fakes.report_lines import HEADER, line, order_id

NOBODY = (
    "error: unknown account 'nobody': no such account is configured;"
    " `python -m cli check` lists the accounts"
)
NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
def cli(tmp_path: Path) -> Iterator[CommandLine]:
    """A command line over an empty store."""
    with CommandLine(tmp_path).store_kept_up() as command_line:
        yield command_line


@pytest.fixture(scope="module")
def shared_cli(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """A command line over a store that several tests use, each with orders of its own."""
    with CommandLine(tmp_path_factory.mktemp("shared")).store_kept_up() as command_line:
        yield command_line


def day(days_ago: float) -> str:
    return (NOW - timedelta(days=days_ago)).isoformat()


def row(number: int, **cells: str) -> str:
    dated = {"purchase_date": day(1), "last_updated_date": day(0.9)}
    return line(amazon_order_id=order_id(number), **(dated | cells))


def a_file(path: Path, rows: list[str], charset: str = "utf-8", *, packed: bool = False) -> Path:
    content = ("\n".join([HEADER, *rows]) + "\n").encode(charset)
    path.write_bytes(gzip.compress(content) if packed else content)
    return path


def every_kind(path: Path) -> Path:
    """Two pending, one recovered with two lines, one FBA, one cancelled, one unreadable row."""
    return a_file(
        path,
        [
            row(1),
            row(2),
            row(3, order_status="Unshipped", sku="A"),
            row(3, order_status="Unshipped", sku="B"),
            row(4, fulfillment_channel="Amazon"),
            row(5, order_status="Cancelled"),
            row(6, quantity="two"),
        ],
    )


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


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"Date range exceeded. Report can be requested only upto 30 days\n", "Date range"),
        (b"<!DOCTYPE html><html><body>Sorry</body></html>\n", "html"),
        (b"bestellnummer\tbestelldatum\n1\t2\n", "amazon-order-id"),
        ("amazon-order-id\n".encode("utf-16"), "UTF-16"),
    ],
    ids=["empty", "text", "html", "localized", "utf-16"],
)
def test_what_is_not_the_report_changes_nothing_and_says_why(
    shared_cli: CommandLine, tmp_path: Path, content: bytes, word: str
) -> None:
    file = tmp_path / "report.txt"
    file.write_bytes(content)
    before = shared_cli("orders", "list", "--json").json

    done = shared_cli("report", "import", file, "--json")

    assert done.code == 1
    assert word.lower() in done.error.lower()
    assert done.json["rows"] == 0
    assert done.json["complete"] is False
    assert shared_cli("orders", "list", "--json").json == before


def test_a_file_that_stops_being_text_in_the_middle_keeps_its_rows_and_is_incomplete(
    cli: CommandLine, tmp_path: Path
) -> None:
    file = a_file(tmp_path / "report.txt", [row(n) for n in range(1, 101)])
    with file.open("ab") as more:
        more.write(b"x" * (2 << 20))

    # Without --charset the file would be read to its end first, and refused as a whole.
    done = cli("report", "import", file, "--charset", "utf-8", "--json", **SMALL_CHUNKS)

    assert done.code == 1
    assert "incomplete" in done.error
    assert 0 < done.json["rows"] <= 100
    assert done.json["complete"] is False


def test_a_cut_off_packed_file_keeps_its_rows_and_is_never_complete(
    cli: CommandLine, tmp_path: Path
) -> None:
    rows = [row(n, product_name=f"Part {n * 7919 % 10007}") for n in range(1, 2001)]
    file = a_file(tmp_path / "report.gz", rows, packed=True)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])

    done = cli("report", "import", file, "--json")

    assert done.code == 1
    assert "incomplete" in done.error
    assert 0 < done.json["rows"] < 2000
    assert sum(done.json["row_outcomes"].values()) == done.json["rows"]
    assert done.json["complete"] is False


def test_a_plain_file_that_breaks_off_within_a_row_is_never_complete(
    cli: CommandLine, tmp_path: Path
) -> None:
    file = a_file(tmp_path / "report.txt", [row(1), row(2)])
    file.write_bytes(file.read_bytes()[:-40])

    done = cli("report", "import", file, "--json")

    assert (done.code, done.error) == (1, f"error: {file}: incomplete: the file is cut off")
    assert done.json["row_outcomes"]["created"] == 1
    assert done.json["row_outcomes"]["rejected"] == 1
    assert done.json["complete"] is False


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("missing.txt",), 1, "error: no such file: missing.txt"),
        ((".",), 1, "error: . is a folder; name the report file in it"),
        (
            ("/dev/null",),
            1,
            "error: /dev/null is a pipe or a device, and a report is read twice; save it as a file",
        ),
        (
            ("missing.txt", "--account", "nobody"),
            1,
            NOBODY,
        ),
    ],
    ids=["missing", "folder", "device", "account"],
)
def test_bad_arguments_get_one_line_that_says_what_to_do(
    shared_cli: CommandLine, arguments: tuple[str, ...], code: int, says: str
) -> None:
    done = shared_cli("report", "import", *arguments, "--json")

    assert (done.code, done.error, done.out) == (code, says, "")


def test_an_unknown_character_set_is_refused_before_anything_is_written(
    cli: CommandLine, tmp_path: Path
) -> None:
    file = every_kind(tmp_path / "report.txt")

    done = cli("report", "import", file, "--charset", "klingon")

    assert done.code == 1
    assert "'klingon' is no character set" in done.error
    assert cli("report", "list", "--json").json["reports"] == []


def test_wrong_usage_has_its_own_exit_code(shared_cli: CommandLine) -> None:
    assert shared_cli("report", "import").code == 2
    assert shared_cli("report", "import", "a", "b").code == 2
    assert shared_cli("nonsense").code == 2


def test_without_json_people_read_what_happened(cli: CommandLine, tmp_path: Path) -> None:
    done = cli("report", "import", every_kind(tmp_path / "report.txt"))

    assert done.code == 0
    assert "fulfilled_by_amazon" in done.out
    assert "Amazon packs and ships this order itself (FBA)." in done.out
    assert "quantity" in done.out
