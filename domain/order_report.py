"""Reading Amazon's order report (GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL).  Pure.

Cells are found by the header's names; what is not on the allow-list is never kept.  A row that
cannot be read is a value (``RejectedRow``), a file that is not the report is one too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from domain.messages import ParsedLine, RejectedRow


@dataclass(frozen=True, slots=True)
class Header:
    """The header row: how many cells a row has, and where the columns we read are."""

    width: int
    position: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class NotTheReport:
    """The file is something else; ``reason`` is for staff, with at most 60 characters of it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows of the report, cut so that the rows of an order stay together.

    ``number`` starts at 1; ``first_row`` and ``last_row`` are line numbers, the header's is 1.
    """

    number: int
    first_row: int
    last_row: int
    lines: tuple[ParsedLine, ...]
    rejected: tuple[RejectedRow, ...]


class OrderReport:
    """An order report being read: iterate it once for its chunks.

    ``rows`` and ``chunks`` count what was read so far, so they are the totals after the end.
    """

    header: Header
    rows: int
    chunks: int

    def __init__(self, header: Header, lines: Iterable[tuple[int, str]], chunk_rows: int) -> None:
        self.header = header
        self._lines = lines
        self._chunk_rows = chunk_rows
        self.rows = 0
        self.chunks = 0

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the chunks; the same file and ``chunk_rows`` always give the same ones."""
        raise NotImplementedError


def open_report(lines: Iterable[str], *, chunk_rows: int) -> OrderReport | NotTheReport:
    """Read the header and return the report, ready to be iterated; lines are not held in memory.

    ``lines`` come without line ends, the header first.  Chunks have at least ``chunk_rows`` rows
    (the last one fewer), end where the order id changes, and have at most twice as many.
    """
    raise NotImplementedError


def read_header(line: str) -> Header | NotTheReport:
    """Read the header row by column names: trimmed, without BOM, in any case."""
    raise NotImplementedError


def read_row(header: Header, line_number: int, line: str) -> ParsedLine | RejectedRow:
    """Read one data row; never raises.  The header is line 1 of the file."""
    raise NotImplementedError
