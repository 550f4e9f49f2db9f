from __future__ import annotations

import pytest

from spapi.charsets import detect_charset, known_charset
from spapi.documents import open_lines
from tests.unit.spapi.bytes_and_text import FRENCH, GERMAN, JAPANESE, cut


@pytest.mark.parametrize("label", ["UTF-8", "Cp1252", None])
def test_a_byte_order_mark_is_stripped_and_outranks_the_label(label: str | None) -> None:
    raw = b"\xef\xbb\xbf" + f"header\n{GERMAN}\n".encode()

    document = open_lines(cut(raw, [1, 2]), charset=label)

    assert list(document) == ["header", GERMAN]
    assert document.charset == "utf-8"


@pytest.mark.parametrize(
    ("text", "real"), [(GERMAN, "cp1252"), (FRENCH, "cp1252"), (JAPANESE, "cp932")]
)
def test_a_wrong_label_costs_nothing_but_is_told(text: str, real: str) -> None:
    raw = f"header\n{text}\nplain\n{text}\n".encode(real)

    document = open_lines([raw], charset="UTF-8")

    assert list(document) == ["header", text, "plain", text]
    assert document.charset == f"utf-8+{real}"


def test_a_single_line_in_another_charset_is_read_by_itself() -> None:
    raw = f"header\n{JAPANESE}\n".encode() + f"{GERMAN}\n".encode("cp1252") + JAPANESE.encode()

    assert list(open_lines([raw], charset="UTF-8")) == ["header", JAPANESE, GERMAN, JAPANESE]


def test_bytes_that_are_no_character_anywhere_are_still_list() -> None:
    document = open_lines([b"header\nM\x81\x8dx\n"], charset="Cp1252")

    assert list(document) == ["header", "M\x81\x8dx"]
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
