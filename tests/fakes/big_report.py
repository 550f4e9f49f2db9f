"""An order report of any length, mixed as a real one is, and what must become of its rows."""

from __future__ import annotations

import gzip
import io
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

from domain.ledger import SkipReason
from tests.fakes.report_lines import HEADER, line

BLOCK = 20
"""Rows that come round again and again: two orders of ours, and what else a report holds."""
BROKEN_EVERY = 1000
"""One row of so many cannot be read."""
WORDS = ("Brake", "Pad", "Set", "Front", "Rear", "Filter", "Wiper", "Ceramic", "Kit", "12 mm")
PENDING, UNSHIPPED, FBA, SHIPPED, CANCELLED, ELSEWHERE = 2, 4, 6, 4, 2, 2
"""Rows of the one order of each kind in a block."""
BROKEN = (4, 0)
"""The row that cannot be read: the first one of the cancelled order."""


def rows(count: int, *, prefix: str = "111") -> Iterator[str]:
    """Yield ``count`` rows (a multiple of 1000) without their header, one after the other.

    Reports of different prefixes have no order in common.
    """
    assert count % BROKEN_EVERY == 0, "whole blocks only, so that what must come out is known"
    rng = random.Random(17)
    dated = _dates(datetime.now(UTC))
    for block in range(count // BLOCK):
        for order, cells in _block(block):
            number = block * BLOCK + order
            name = " ".join(rng.choices(WORDS, k=rng.randint(5, 25)))
            sku = f"SKU-{rng.randrange(10**6):06}"
            yield line(
                amazon_order_id=f"{prefix}-{number:07}-{block:07}",
                product_name=name,
                sku=sku,
                **{**dated, **cells},
            )


def expected_rows(count: int) -> dict[str, int]:
    """Return what becomes of the rows in a store that knows none of the orders."""
    blocks, rejected = count // BLOCK, count // BROKEN_EVERY
    return {
        "created": (PENDING + UNSHIPPED) * blocks,
        "updated": 0,
        "unchanged": 0,
        "skipped": (FBA + SHIPPED + CANCELLED + ELSEWHERE) * blocks - rejected,
        "rejected": rejected,
    }


def expected_skips(count: int) -> dict[str, int]:
    """Return how many rows are skipped for which reason."""
    blocks, rejected = count // BLOCK, count // BROKEN_EVERY
    return {
        SkipReason.FULFILLED_BY_AMAZON: FBA * blocks,
        SkipReason.FIRST_SEEN_SHIPPED: SHIPPED * blocks,
        SkipReason.FIRST_SEEN_CANCELLED: CANCELLED * blocks - rejected,
        SkipReason.NOT_AN_AMAZON_ORDER: ELSEWHERE * blocks,
    }


def expected_orders(count: int) -> int:
    """Return how many orders there are afterwards."""
    return 2 * count // BLOCK


def write(target: BinaryIO, count: int, *, prefix: str = "111") -> None:
    """Write the whole report as gzip; its rows are never all in memory."""
    with gzip.GzipFile(fileobj=target, mode="wb", compresslevel=1) as file:
        file.write(f"{HEADER}\n".encode())
        for row in rows(count, prefix=prefix):
            file.write(f"{row}\n".encode())


def packed(count: int, *, prefix: str = "111") -> bytes:
    """Return the whole report as gzip."""
    target = io.BytesIO()
    write(target, count, prefix=prefix)
    return target.getvalue()


def _dates(now: datetime) -> dict[str, str]:
    return {
        "purchase_date": (now - timedelta(days=1)).isoformat(timespec="seconds"),
        "last_updated_date": (now - timedelta(hours=23)).isoformat(timespec="seconds"),
    }


def _block(block: int) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (number of the order within the block, its cells) for each row of a block."""
    kinds = (
        (PENDING, {"order_status": "Pending"}),
        (UNSHIPPED, {"order_status": "Unshipped"}),
        (FBA, {"order_status": "Shipped", "fulfillment_channel": "Amazon"}),
        (SHIPPED, {"order_status": "Shipped"}),
        (CANCELLED, {"order_status": "Cancelled"}),
        (ELSEWHERE, {"sales_channel": "Non-Amazon US"}),
    )
    is_broken = block % (BROKEN_EVERY // BLOCK) == 0
    for order, (items, cells) in enumerate(kinds):
        for item in range(items):
            broken = is_broken and (order, item) == BROKEN
            yield order, {**cells, "quantity": "two" if broken else str(item + 1)}
