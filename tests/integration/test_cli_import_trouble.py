"""``report import`` of what is no report or not a whole one, and of arguments that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.cli_process import CommandLine
from tests.fakes.report_files import a_file, every_kind, row

NOBODY = (
    "error: unknown account 'nobody': no such account is configured;"
    " `python -m cli check` lists the accounts"
)
SMALL_CHUNKS = {"ORDER_IMPORT__CHUNK_ROWS": "20"}


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
    shared_cli("report", "import", a_file(tmp_path / "one.txt", [row(1)]))
    file = tmp_path / "report.txt"
    file.write_bytes(content)
    before = shared_cli("orders", "list", "--json").json
    assert len(before["orders"]) == 1

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
