"""Reading Amazon's order report (GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL).  Pure.

Cells are found by the header's names; what is not on the allow-list is never kept.  A row that
cannot be read is a value (``RejectedRow``), a file that is not the report is one too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from domain.messages import ParsedLine, RejectedRow
from domain.order_report_rows import Header, NotTheReport, read_header, read_row

__all__ = [
    "Chunk",
    "Header",
    "NotTheReport",
    "OrderReport",
    "open_report",
    "read_header",
    "read_row",
]

HARD_LIMIT = 2
"""A chunk that waits for its last order to end is cut at this many times its size."""


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

    def __init__(self, header: Header, lines: Iterator[tuple[int, str]], chunk_rows: int) -> None:
        self.header = header
        self.rows = 0
        self.chunks = 0
        self._lines = lines
        self._chunk_rows = max(1, chunk_rows)

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the chunks; the same file and ``chunk_rows`` always give the same ones."""
        waiting: list[ParsedLine | RejectedRow] = []
        for number, line in self._lines:
            if not line.strip():
                continue
            row = read_row(self.header, number, line)
            if self._is_full(waiting, row.order_id):
                yield self._cut(waiting)
                waiting = []
            waiting.append(row)
        if waiting:
            yield self._cut(waiting)

    def _is_full(self, waiting: list[ParsedLine | RejectedRow], next_order_id: str) -> bool:
        if len(waiting) < self._chunk_rows:
            return False
        same_order = next_order_id != "" and waiting[-1].order_id == next_order_id
        return not same_order or len(waiting) >= self._chunk_rows * HARD_LIMIT

    def _cut(self, rows: list[ParsedLine | RejectedRow]) -> Chunk:
        self.rows += len(rows)
        self.chunks += 1
        return Chunk(
            number=self.chunks,
            first_row=rows[0].row,
            last_row=rows[-1].row,
            lines=tuple(row for row in rows if isinstance(row, ParsedLine)),
            rejected=tuple(row for row in rows if isinstance(row, RejectedRow)),
        )


def open_report(lines: Iterable[str], *, chunk_rows: int) -> OrderReport | NotTheReport:
    """Read the header and return the report, ready to be iterated; lines are not held in memory.

    ``lines`` come without line ends, the header first (blank lines before it count as lines).
    Chunks have at least ``chunk_rows`` rows (the last one fewer), end where the order id changes,
    and have at most twice as many.
    """
    numbered = iter(enumerate(lines, start=1))
    for _, line in numbered:
        if line.strip("\ufeff \t\r\n"):
            header = read_header(line)
            if isinstance(header, NotTheReport):
                return header
            return OrderReport(header, numbered, chunk_rows)
    return NotTheReport("the file is empty, it has not even a header row")
