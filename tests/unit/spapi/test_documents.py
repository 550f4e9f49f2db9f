from __future__ import annotations

import gzip
import io
import tracemalloc
from functools import cache
from unicodedata import category

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from domain.errors import Malformed
from spapi.documents import MAX_LINE_BYTES, open_lines, read_text
from tests.unit.spapi.bytes_and_text import cut

PLACES = st.lists(st.integers(0, 10_000))
"""Where the bytes are cut into pieces, before taking them modulo the length."""
PACKING = st.sampled_from(["gzip", "none"])

WRITTEN_OTHERWISE = {"cp932": set("\xa2\xa3\xac\u2016\u2212\u301c")}
"""Characters a character set can write but reads back as others."""


@cache
def characters(charset: str) -> str:
    """Return what the character set has of the first two planes, without control characters."""
    every = map(chr, range(0x20000))
    plain = "".join(each for each in every if category(each) not in {"Cc", "Cs"})
    written = plain.encode(charset, "ignore").decode(charset)
    return "".join(sorted(set(plain) & set(written) - WRITTEN_OTHERWISE.get(charset, set())))


def encodable(charset: str) -> st.SearchStrategy[list[str]]:
    """Lines of any characters the character set has."""
    known = characters(charset)
    character = st.integers(0, len(known) - 1).map(known.__getitem__) | st.just("\t")
    return st.lists(st.lists(character, max_size=40).map("".join), max_size=8)


@pytest.mark.parametrize(
    ("label", "charset"),
    [
        ("UTF-8", "utf-8"),
        ("Cp1252", "cp1252"),
        ("windows-31j", "cp932"),
        ("ISO-8859-15", "iso8859-15"),
    ],
)
@given(data=st.data(), places=PLACES, packing=PACKING)
def test_any_text_in_any_charset_in_any_pieces_gives_the_same_lines(
    label: str, charset: str, data: st.DataObject, places: list[int], packing: str
) -> None:
    lines = data.draw(encodable(charset))
    raw = "".join(f"{line}\n" for line in lines).encode(charset)
    assume(not raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")))
    sent = gzip.compress(raw) if packing == "gzip" else raw

    document = open_lines(cut(sent, places), charset=label, gzip=packing == "gzip")

    assert list(document) == lines
    assert document.charset == charset
    assert not document.truncated


@given(lines=encodable("utf-8"), places=PLACES, line_end=st.sampled_from(["\n", "\r\n"]))
def test_line_ends_of_both_kinds_and_a_missing_last_one_are_read(
    lines: list[str], places: list[int], line_end: str
) -> None:
    assume(not lines or lines[-1])
    # With fewer cells than the first line it would be taken for the line a file breaks off in.
    assume(not lines or lines[-1].count("\t") >= lines[0].count("\t"))
    assume(not lines or not lines[0].startswith("\ufeff"))
    raw = line_end.join(lines).encode()

    assert list(open_lines(cut(raw, places))) == lines


@given(keep=st.integers(0, 400), lines=st.lists(st.text("abcé\t", max_size=9), min_size=1))
def test_a_cut_off_packed_file_gives_its_complete_lines_and_says_so(
    keep: int, lines: list[str]
) -> None:
    raw = "".join(f"{line}\n" for line in lines).encode()
    packed = gzip.compress(raw, compresslevel=0)
    kept = packed[: min(keep, len(packed) - 1)]

    document = open_lines([kept], gzip=True)

    got = list(document)
    assert got == lines[: len(got)]
    assert document.truncated


def test_a_cut_last_line_is_not_a_row() -> None:
    packed = gzip.compress(b"header\nrow one\nrow two", compresslevel=0)

    # The last eight bytes are the checksum and the length.
    document = open_lines([packed[:-9]], gzip=True)

    assert list(document) == ["header", "row one"]
    assert document.truncated


def test_a_plain_file_that_breaks_off_within_a_row_is_truncated() -> None:
    # Half a number is another number, so the cell it was cut in is not given on.
    document = open_lines([b"a\tb\tc\n1\t2\t3\n4\t12"])

    assert list(document) == ["a\tb\tc", "1\t2\t3", "4"]
    assert document.truncated


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_plain_file_whose_last_row_is_whole_needs_no_last_line_end(end: str) -> None:
    document = open_lines([f"a\tb\n1\t2{end}".encode()])

    assert list(document) == ["a\tb", "1\t2"]
    assert not document.truncated


def test_a_short_last_row_with_its_line_end_is_not_a_cut() -> None:
    document = open_lines([b"a\tb\tc\n1\t2\n"])

    assert list(document) == ["a\tb\tc", "1\t2"]
    assert not document.truncated


@pytest.mark.parametrize("rows", [1, 30_000])
def test_lines_that_end_in_cr_alone_are_refused_and_not_taken_for_one_header(rows: int) -> None:
    with pytest.raises(Malformed, match="end in CR alone"):
        list(open_lines([b"a\tb\r" + b"1\t2\r" * rows]))


def test_a_damaged_packed_file_is_truncated() -> None:
    raw = bytes(range(33, 127)) * 9_000
    packed = bytearray(gzip.compress(b"header\n" + raw.replace(b"~", b"\n")))
    packed[-6] ^= 0xFF  # a byte of the checksum

    document = open_lines([bytes(packed)], gzip=True)

    assert 1 < len(list(document)) <= 9_001
    assert document.truncated


def test_a_file_said_to_be_packed_that_holds_no_byte_is_truncated() -> None:
    document = open_lines([], gzip=True)

    assert list(document) == []
    assert document.truncated


def test_an_empty_plain_file_has_no_lines_and_is_whole() -> None:
    document = open_lines([])

    assert list(document) == []
    assert not document.truncated


def test_an_empty_packed_file_is_whole() -> None:
    document = open_lines([gzip.compress(b"")], gzip=True)

    assert list(document) == []
    assert not document.truncated


def test_a_file_said_to_be_packed_that_somebody_unpacked_is_read_as_it_is() -> None:
    assert list(open_lines([b"header\nrow\n"], gzip=True)) == ["header", "row"]


def test_a_packed_file_nobody_announced_is_unpacked() -> None:
    assert list(open_lines([gzip.compress(b"header\nrow\n")])) == ["header", "row"]


def test_a_file_packed_twice_is_unpacked_twice() -> None:
    packed = gzip.compress(gzip.compress(b"header\nrow\n"))

    assert list(open_lines([packed], gzip=True)) == ["header", "row"]


def test_members_one_after_the_other_are_one_file() -> None:
    packed = gzip.compress(b"header\nro") + gzip.compress(b"w\n") + b"\0" * 64
    document = open_lines([packed[:30], packed[30:]], gzip=True)

    assert list(document) == ["header", "row"]
    assert not document.truncated


def test_rubbish_after_the_packed_file_means_it_is_not_whole() -> None:
    document = open_lines([gzip.compress(b"header\n") + b"rubbish"], gzip=True)

    assert list(document) == ["header"]
    assert document.truncated


def test_a_line_without_end_does_not_fill_the_memory() -> None:
    endless = gzip.compress(b"x" * (8 * MAX_LINE_BYTES))

    with pytest.raises(Malformed, match="longer than"):
        list(open_lines([endless]))


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
