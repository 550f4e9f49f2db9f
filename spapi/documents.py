"""Documents as lines of text: unpacked, cut at line ends, decoded; never all of it in memory.

Line ends and tabs are the same bytes in every character set that comes into question, so a file
is cut into lines first and decoded line by line.  A cut-off packed file gives the complete lines
it still holds, and says that it is cut off.  A plain file that breaks off shows it only by its
last line: no line end, and fewer cells than the first.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO

from domain.errors import Malformed
from spapi.charsets import UTF_8_BOM, Decoder, detect_charset, known_charset
from spapi.inflation import Inflated

READ_BYTES = 1 << 16
MAX_LINE_BYTES = 1 << 20
"""No row of a report is that long; a file without line ends must not fill the memory."""

OTHER_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Lines:
    """The lines of a document, without line ends: iterate it once.

    ``charset`` and ``truncated`` tell the whole truth only after the last line.
    """

    def __init__(self, chunks: Iterable[bytes], *, charset: str | None, gzip: bool) -> None:
        self._bytes = Inflated(chunks, said_to_be_packed=gzip)
        self._decoder = Decoder(charset)
        self._tabs = 0
        self._breaks_off = False

    @property
    def charset(self) -> str:
        """The character set of the lines; ``a+b`` if some lines needed a second one."""
        return self._decoder.charset

    @property
    def truncated(self) -> bool:
        """Whether the file turned out to be cut off or damaged."""
        return self._bytes.truncated or self._breaks_off

    def __iter__(self) -> Iterator[str]:
        """Yield the lines; one that breaks off without its last cell, which may be half a number.

        Raises:
            Malformed: this is not text in lines (UTF-16, a spreadsheet, an endless line).
            Unavailable: the bytes stopped coming.
        """
        lines = cut_lines(self._bytes, open_end=self._up_to_the_cut)
        for first in lines:
            if first.startswith(UTF_8_BOM):
                self._decoder.saw_bom()
            self._tabs = first.count(b"\t")
            yield self._decoder.decode(first.removeprefix(UTF_8_BOM))
            break
        for line in lines:
            yield self._decoder.decode(line)

    def _up_to_the_cut(self, last: bytes) -> bytes:
        """Return what can be trusted of a last line that has no line end."""
        if last.count(b"\t") >= self._tabs:
            return last
        self._breaks_off = True
        return last.rpartition(b"\t")[0]


def open_lines(chunks: Iterable[bytes], *, charset: str | None = None, gzip: bool = False) -> Lines:
    """Read a document from its bytes as they come.

    ``charset`` is what the Content-Type says; without it a line is UTF-8, or what it looks like.
    The bytes themselves tell whether they are packed; ``gzip`` says that they should be.
    """
    return Lines(chunks, charset=charset, gzip=gzip)


@contextmanager
def open_file(path: Path, *, charset: str | None = None) -> Iterator[Lines]:
    """Open a document on disk, packed or plain.

    A file has no Content-Type: without ``charset`` it is read once to its end to find out.

    Raises:
        Malformed: no such character set, or the file is not text in lines.
        OSError: the file cannot be read.
    """
    if charset and known_charset(charset) is None:
        raise Malformed(f"{charset[:40]!r} is not a character set that reports come in")
    with path.open("rb") as file:
        if not charset:
            charset = detect_charset(cut_lines(Inflated(_pieces(file))))
            file.seek(0)
        yield open_lines(_pieces(file), charset=charset)


@dataclass(frozen=True, slots=True)
class WholeText:
    """A document read at once."""

    text: str = field(repr=False)
    charset: str
    truncated: bool


def read_text(
    chunks: Iterable[bytes], *, charset: str | None, gzip: bool, max_bytes: int
) -> WholeText:
    """Read a small document at once, a cut last line included.

    Raises:
        Malformed: it has more than ``max_bytes``, unpacked.
        Unavailable: the bytes stopped coming.
    """
    inflated = Inflated(chunks, said_to_be_packed=gzip)
    content = bytearray()
    for piece in inflated:
        content += piece
        if len(content) > max_bytes:
            raise Malformed(f"the document has more than {max_bytes} bytes")
    decoder = Decoder(charset)
    if content.startswith(UTF_8_BOM):
        decoder.saw_bom()
    lines = bytes(content).removeprefix(UTF_8_BOM).split(b"\n")
    text = "\n".join(decoder.decode(line) for line in lines)
    return WholeText(text, decoder.charset, inflated.truncated)


def cut_lines(inflated: Inflated, *, open_end: Callable[[bytes], bytes] = bytes) -> Iterator[bytes]:
    """Cut at line ends (LF or CRLF); what follows the last one is a line only of a whole file.

    ``open_end`` says what is yielded of such a line.

    Raises:
        Malformed: this is not text in lines.
    """
    rest = b""
    at_start = True
    for chunk in inflated:
        *lines, rest = (rest + chunk).split(b"\n")
        if at_start and (lines or len(rest) > READ_BYTES):
            _refuse_other_than_text(lines[0] if lines else rest)
            at_start = False
        if len(rest) > MAX_LINE_BYTES:
            raise Malformed(f"not a report: a line is longer than {MAX_LINE_BYTES} bytes")
        yield from (line.removesuffix(b"\r") for line in lines)
    if rest and not inflated.truncated:
        if at_start:
            _refuse_other_than_text(rest)
        yield open_end(rest.removesuffix(b"\r"))


def _refuse_other_than_text(first: bytes) -> None:
    if first.startswith(OTHER_BOMS) or b"\0" in first:
        raise Malformed("not a report: UTF-16 or not text at all; save it as UTF-8 text")
    if b"\r" in first.rstrip(b"\r"):
        raise Malformed("not a report: its lines end in CR alone; save it with LF or CRLF")


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    return iter(partial(file.read, READ_BYTES), b"")
