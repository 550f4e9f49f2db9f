"""Which character set is it?  Pure.

Amazon's reports come in UTF-8, Cp1252, ISO-8859-1 or Windows-31J, by marketplace and report, and
what the Content-Type says is not always so.  A line is decoded strictly or not at all.

Source: reports of Content-Types ``text/plain; charset=UTF-8``, ``charset=Cp1252`` and Windows-31J
in the issues of Amazon's model repository and of client libraries (document download).
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable

UTF_8, CP1252, CP932, LATIN_1 = "utf-8", "cp1252", "cp932", "latin-1"
UTF_8_BOM = codecs.BOM_UTF8

ALIASES = {
    "ascii": UTF_8,
    "iso8859-1": CP1252,  # As browsers do: its control characters are never meant.
    "shift_jis": CP932,  # Windows-31J is what is meant, with the NEC and IBM characters.
}
NAMES = {"windows-31j": CP932, "ms932": CP932, "cswindows31j": CP932, "x-sjis": CP932}

JAPANESE_CHANNEL = b"Amazon.co.jp"
ENOUGH_KANA = 0.2
"""Share of hiragana and katakana among the characters beyond ASCII; Japanese titles have half."""


def known_charset(name: str | None) -> str | None:
    """Return Python's name of a character set whose line ends and tabs are plain bytes.

    None for no name, an unknown one, or one that cannot be cut into lines (UTF-16, ISO-2022-JP).
    """
    if not name:
        return None
    wanted = name.strip().strip("\"'").lower()
    wanted = NAMES.get(wanted, wanted)
    try:
        codec = codecs.lookup(wanted).name
        by_lines = "\n\t".encode(codec) == b"\n\t" and not codec.startswith(("iso2022", "hz"))
    except (LookupError, UnicodeError):
        return None
    return ALIASES.get(codec, codec) if by_lines and codec != "utf-7" else None


def decode(line: bytes, charset: str) -> str | None:
    """Decode a line strictly, or return None."""
    try:
        return line.decode(charset)
    except UnicodeDecodeError:
        return None


class Detector:
    """Looks at lines and says which character set all of them are in."""

    def __init__(self) -> None:
        self._possible = dict.fromkeys((UTF_8, CP932, CP1252), True)
        self._kana = 0
        self._beyond_ascii = 0
        self._japanese_channel = False

    def look(self, line: bytes) -> None:
        """Take a line into account."""
        self._japanese_channel = self._japanese_channel or JAPANESE_CHANNEL in line
        if line.isascii():
            return
        for charset, possible in self._possible.items():
            if possible:
                text = decode(line, charset)
                self._possible[charset] = text is not None
                if charset == CP932 and text is not None:
                    self._count(text)

    def charset(self) -> str:
        """Return UTF-8 if strict, Windows-31J if strict and Japanese, else Cp1252, else Latin-1.

        Cp1252 text is often strict Windows-31J by accident, with kanji and half-width kana in
        it, but hardly ever with full-width kana.
        """
        if self._possible[UTF_8]:
            return UTF_8
        if self._possible[CP932] and self._looks_japanese():
            return CP932
        return CP1252 if self._possible[CP1252] else LATIN_1

    def _looks_japanese(self) -> bool:
        return self._japanese_channel or self._kana >= ENOUGH_KANA * self._beyond_ascii > 0

    def _count(self, text: str) -> None:
        self._kana += sum("\u3041" <= character <= "\u30fe" for character in text)
        self._beyond_ascii += sum(character > "\x7f" for character in text)


def detect_charset(lines: Iterable[bytes]) -> str:
    """Return the character set these lines are in, from the lines alone."""
    detector = Detector()
    for line in lines:
        detector.look(line)
    return detector.charset()


class Decoder:
    """Decodes line by line: the first choice strictly, else what the line looks like.

    A second choice is remembered, so that a wrong Content-Type costs one look and not one a line.
    """

    def __init__(self, declared: str | None) -> None:
        self._first = known_charset(declared) or UTF_8
        self._second: str | None = None

    @property
    def charset(self) -> str:
        """What the lines were decoded with so far; ``a+b`` when the first choice did not do."""
        return f"{self._first}+{self._second}" if self._second else self._first

    def saw_bom(self) -> None:
        """A UTF-8 byte order mark outranks what was declared."""
        self._first = UTF_8

    def decode(self, line: bytes) -> str:
        """Decode a line; Latin-1 takes any byte, so there is always an answer."""
        text = decode(line, self._first)
        if text is None and self._second:
            text = decode(line, self._second)
        if text is None:
            self._second = detect_charset([line])
            text = line.decode(self._second)
        return text
