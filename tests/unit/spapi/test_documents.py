from __future__ import annotations

import gzip
import io
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.errors import Malformed
from spapi.charsets import detect_charset, known_charset
from spapi.documents import MAX_LINE_BYTES, Lines, open_file, open_lines, read_text

PLACES = st.lists(st.integers(0, 10_000))
"""Where the bytes are cut into pieces, before taking them modulo the length."""
PACKING = st.sampled_from(["gzip", "none"])

JAPANESE = "ブレーキパッド 前後セット\t東京都"
GERMAN = "Bremsbeläge für Škoda \u2013 2 Stück\tMünchen"
FRENCH = "été, Crème brûlée, l\u2019éléphant\tOrléans"
WRITTEN_OTHERWISE = {"cp932": "\xa2\xa3\xac\u2016\u2212\u301c"}
"""Characters a character set can write but reads back as others."""


def read(lines: Lines) -> list[str]:
    return list(lines)


def encodable(charset: str) -> st.SearchStrategy[list[str]]:
    """Lines of any characters the character set has; control characters are in no title."""
    line = st.text(
        st.characters(
            codec=charset,
            exclude_categories=["Cc", "Cs"],
            exclude_characters=WRITTEN_OTHERWISE.get(charset, ""),
        )
        | st.just("\t"),
        max_size=40,
    )
    return st.lists(line, max_size=8)


def cut(data: bytes, places: list[int]) -> Iterator[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return (data[start:end] for start, end in pairwise(edges))


@pytest.mark.parametrize(
    ("label", "charset"),
    [
        ("UTF-8", "utf-8"),
        ("Cp1252", "cp1252"),
        ("windows-31j", "cp932"),
        ("ISO-8859-15", "iso8859-15"),
    ],
)
@settings(max_examples=50)
@given(data=st.data(), places=PLACES, packing=PACKING)
def test_any_text_in_any_charset_in_any_pieces_gives_the_same_lines(
    label: str, charset: str, data: st.DataObject, places: list[int], packing: str
) -> None:
    lines = data.draw(encodable(charset))
    raw = "".join(f"{line}\n" for line in lines).encode(charset)
    assume(not raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")))
    sent = gzip.compress(raw) if packing == "gzip" else raw

    document = open_lines(cut(sent, places), charset=label, gzip=packing == "gzip")

    assert read(document) == lines
    assert document.charset == charset
    assert not document.truncated


@settings(max_examples=50)
@given(lines=encodable("utf-8"), places=PLACES, line_end=st.sampled_from(["\n", "\r\n"]))
def test_line_ends_of_both_kinds_and_a_missing_last_one_are_read(
    lines: list[str], places: list[int], line_end: str
) -> None:
    assume(not lines or lines[-1])
    assume(not lines or not lines[0].startswith("\ufeff"))
    raw = line_end.join(lines).encode()

    assert read(open_lines(cut(raw, places))) == lines


@settings(max_examples=50)
@given(keep=st.integers(0, 400), lines=st.lists(st.text("abcé\t", max_size=9), min_size=1))
def test_a_cut_off_packed_file_gives_its_complete_lines_and_says_so(
    keep: int, lines: list[str]
) -> None:
    raw = "".join(f"{line}\n" for line in lines).encode()
    packed = gzip.compress(raw, compresslevel=0)
    kept = packed[: min(keep, len(packed) - 1)]

    document = open_lines([kept], gzip=True)

    got = read(document)
    assert got == lines[: len(got)]
    assert document.truncated


def test_a_cut_last_line_is_not_a_row() -> None:
    packed = gzip.compress(b"header\nrow one\nrow two", compresslevel=0)

    # The last eight bytes are the checksum and the length.
    document = open_lines([packed[:-9]], gzip=True)

    assert read(document) == ["header", "row one"]
    assert document.truncated


def test_a_damaged_packed_file_is_truncated() -> None:
    raw = bytes(range(33, 127)) * 9_000
    packed = bytearray(gzip.compress(b"header\n" + raw.replace(b"~", b"\n")))
    packed[-6] ^= 0xFF  # a byte of the checksum

    document = open_lines([bytes(packed)], gzip=True)

    assert 1 < len(read(document)) <= 9_001
    assert document.truncated


def test_a_file_said_to_be_packed_that_holds_no_byte_is_truncated() -> None:
    document = open_lines([], gzip=True)

    assert read(document) == []
    assert document.truncated


def test_an_empty_plain_file_has_no_lines_and_is_whole() -> None:
    document = open_lines([])

    assert read(document) == []
    assert not document.truncated


def test_an_empty_packed_file_is_whole() -> None:
    document = open_lines([gzip.compress(b"")], gzip=True)

    assert read(document) == []
    assert not document.truncated


def test_a_file_said_to_be_packed_that_somebody_unpacked_is_read_as_it_is() -> None:
    assert read(open_lines([b"header\nrow\n"], gzip=True)) == ["header", "row"]


def test_a_packed_file_nobody_announced_is_unpacked() -> None:
    assert read(open_lines([gzip.compress(b"header\nrow\n")])) == ["header", "row"]


def test_a_file_packed_twice_is_unpacked_twice() -> None:
    packed = gzip.compress(gzip.compress(b"header\nrow\n"))

    assert read(open_lines([packed], gzip=True)) == ["header", "row"]


def test_members_one_after_the_other_are_one_file() -> None:
    packed = gzip.compress(b"header\nro") + gzip.compress(b"w\n") + b"\0" * 64
    document = open_lines([packed[:30], packed[30:]], gzip=True)

    assert read(document) == ["header", "row"]
    assert not document.truncated


def test_rubbish_after_the_packed_file_means_it_is_not_whole() -> None:
    document = open_lines([gzip.compress(b"header\n") + b"rubbish"], gzip=True)

    assert read(document) == ["header"]
    assert document.truncated


@pytest.mark.parametrize("label", ["UTF-8", "Cp1252", None])
def test_a_byte_order_mark_is_stripped_and_outranks_the_label(label: str | None) -> None:
    raw = b"\xef\xbb\xbf" + f"header\n{GERMAN}\n".encode()

    document = open_lines(cut(raw, [1, 2]), charset=label)

    assert read(document) == ["header", GERMAN]
    assert document.charset == "utf-8"


@pytest.mark.parametrize(
    ("text", "real"), [(GERMAN, "cp1252"), (FRENCH, "cp1252"), (JAPANESE, "cp932")]
)
def test_a_wrong_label_costs_nothing_but_is_told(text: str, real: str) -> None:
    raw = f"header\n{text}\nplain\n{text}\n".encode(real)

    document = open_lines([raw], charset="UTF-8")

    assert read(document) == ["header", text, "plain", text]
    assert document.charset == f"utf-8+{real}"


def test_a_single_line_in_another_charset_is_read_by_itself() -> None:
    raw = f"header\n{JAPANESE}\n".encode() + f"{GERMAN}\n".encode("cp1252") + JAPANESE.encode()

    assert read(open_lines([raw], charset="UTF-8")) == ["header", JAPANESE, GERMAN, JAPANESE]


def test_bytes_that_are_no_character_anywhere_are_still_read() -> None:
    document = open_lines([b"header\nM\x81\x8dx\n"], charset="Cp1252")

    assert read(document) == ["header", "M\x81\x8dx"]
    assert document.charset == "cp1252+latin-1"


@pytest.mark.parametrize(
    ("label", "known"),
    [
        ("UTF-8", "utf-8"),
        ('"utf8"', "utf-8"),
        ("US-ASCII", "utf-8"),
        ("Cp1252", "cp1252"),
        ("windows-1252", "cp1252"),
        ("ISO-8859-1", "cp1252"),
        ("latin1", "cp1252"),
        ("Windows-31J", "cp932"),
        ("MS932", "cp932"),
        ("Shift_JIS", "cp932"),
        ("sjis", "cp932"),
        ("EUC-JP", "euc_jp"),
        ("UTF-16", None),
        ("utf-16le", None),
        ("UTF-7", None),
        ("ISO-2022-JP", None),
        ("hz", None),
        ("hex", None),
        ("undefined", None),
        ("no-such-charset", None),
        ("", None),
        (None, None),
    ],
)
def test_labels_of_charsets_that_can_be_cut_into_lines_are_known(
    label: str | None, known: str | None
) -> None:
    assert known_charset(label) == known


@pytest.mark.parametrize(
    ("_case", "line", "charset"),
    [
        ("plain text is UTF-8", b"Brake Pad Set", "utf-8"),
        ("German in UTF-8", GERMAN.encode(), "utf-8"),
        ("Japanese in UTF-8", JAPANESE.encode(), "utf-8"),
        ("German in Cp1252", GERMAN.encode("cp1252"), "cp1252"),
        ("French in Cp1252", FRENCH.encode("cp1252"), "cp1252"),
        ("capitals that are strict Windows-31J", "MÜNCHEN ÄÖÜß".encode("cp1252"), "cp1252"),
        ("Japanese in Windows-31J", JAPANESE.encode("cp932"), "cp932"),
        ("kanji with the channel", "東京都\tAmazon.co.jp".encode("cp932"), "cp932"),
        ("half-width kana with the channel", "ﾌﾞﾚｰｷ\tAmazon.co.jp".encode("cp932"), "cp932"),
        ("neither", b"\x81\x8d \xe9", "latin-1"),
    ],
)
def test_a_charset_is_told_from_the_lines_alone(_case: str, line: bytes, charset: str) -> None:
    assert detect_charset([b"header", line, b"more"]) == charset


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
        assert read(document) == ["header", text]
        assert document.charset == charset
        assert not document.truncated


def test_a_file_from_disk_is_judged_by_all_of_its_lines(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_bytes(b"header\n" * 20_000 + "東京都\n".encode("cp932") + JAPANESE.encode("cp932"))

    with open_file(path) as document:
        assert read(document)[-2:] == ["東京都", JAPANESE]
        assert document.charset == "cp932"


def test_a_given_charset_of_a_file_is_used(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    path.write_bytes("MÜNCHEN".encode("cp1252"))

    with open_file(path, charset="windows-31j") as document:
        assert read(document) == ["MﾜNCHEN"]


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
        read(open_lines(cut(raw, list(range(40)))))


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    endless = gzip.compress(b"x" * (8 * MAX_LINE_BYTES))

    with pytest.raises(Malformed, match="longer than"):
        read(open_lines([endless]))


def test_a_document_read_at_once_has_a_limit() -> None:
    packed = [gzip.compress(b"x" * 100_000)]

    with pytest.raises(Malformed, match="more than 1000 bytes"):
        read_text(packed, charset=None, gzip=True, max_bytes=1000)


def test_memory_does_not_grow_with_the_file() -> None:
    plain = io.BytesIO()
    with gzip.open(plain, "wb") as packed:
        for number in range(20_000):
            packed.write(f"302-{number:07}-0000001\tPending\t{'Brake Pad ' * 20}\n".encode())
    sent = plain.getvalue()
    pieces = (sent[start : start + 4096] for start in range(0, len(sent), 4096))
    tracemalloc.start()
    try:
        count = sum(1 for _ in open_lines(pieces, gzip=True))
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert count == 20_000
    assert peak_bytes < 2_000_000  # the file is 4.6 MB
