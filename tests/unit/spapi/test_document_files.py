from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.errors import Malformed
from spapi.documents import open_file, open_lines
from tests.unit.spapi.bytes_and_text import GERMAN, JAPANESE, cut


@pytest.mark.parametrize(
    ("text", "charset"),
    [(GERMAN, "utf-8"), (GERMAN, "cp1252"), (JAPANESE, "cp932"), (JAPANESE, "utf-8")],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_file_from_disk_needs_no_label(
    tmp_path: Path, text: str, charset: str, pack: Callable[[bytes], bytes]
) -> None:
    raw = f"header\r\n{text}\r\n".encode(charset)
    path = tmp_path / "report.txt"
    path.write_bytes(pack(raw))

    with open_file(path) as document:
        assert list(document) == ["header", text]
        assert document.charset == charset
        assert not document.truncated


def test_a_file_from_disk_is_judged_by_all_of_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_bytes(b"header\n" * 20_000 + "東京都\n".encode("cp932") + JAPANESE.encode("cp932"))

    with open_file(path) as document:
        assert list(document)[-2:] == ["東京都", JAPANESE]
        assert document.charset == "cp932"


def test_a_given_charset_of_a_file_is_used(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_bytes("MÜNCHEN".encode("cp1252"))

    with open_file(path, charset="windows-31j") as document:
        assert list(document) == ["MﾜNCHEN"]


def test_an_unknown_charset_of_a_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_bytes(b"header\n")

    with (
        pytest.raises(Malformed, match="'klingon' is not a character set"),
        open_file(path, charset="klingon"),
    ):
        pass


@pytest.mark.parametrize(
    "raw",
    [
        "header\trow\n".encode("utf-16"),
        "header\trow\n".encode("utf-16-le"),
        "header\trow\n".encode("utf-16-be"),
        "header".encode("utf-16-be"),
        b"PK\x03\x04\x14\x00\x06\x00 a spreadsheet",
    ],
)
def test_what_is_not_text_in_lines_is_told_clearly(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "report.txt"
    path.write_bytes(raw)

    with pytest.raises(Malformed, match="UTF-16 or not text"), open_file(path):
        pass
    with pytest.raises(Malformed, match="UTF-16 or not text"):
        list(open_lines(cut(raw, list(range(40)))))
