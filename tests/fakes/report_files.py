"""Files of Amazon's order report as people import them, with made-up rows of yesterday."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.fakes.report_lines import HEADER, line, order_id

NOW = datetime.now(UTC).replace(microsecond=0)


def day(days_ago: float) -> str:
    """Return a moment so long ago as a report writes it."""
    return (NOW - timedelta(days=days_ago)).isoformat()


def row(number: int, **cells: str) -> str:
    """Return a row of order ``number``, placed yesterday."""
    dated = {"purchase_date": day(1), "last_updated_date": day(0.9)}
    return line(amazon_order_id=order_id(number), **(dated | cells))


def a_file(path: Path, rows: list[str], charset: str = "utf-8", *, packed: bool = False) -> Path:
    """Write a report of these rows, gzipped if ``packed``, and return where it is."""
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
