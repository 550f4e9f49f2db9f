"""Makes pika read headers it would otherwise die of.

pika 1.4 turns a header's timestamp into a ``datetime`` and its floats into integers while it reads
the frame.  A timestamp in milliseconds (a common slip of publishers in Node) or a NaN raises there,
which breaks the connection; the message comes again and breaks the next one.
"""

from __future__ import annotations

from typing import Any

import pika.data

_SIZES_BYTES = {b"T": 8, b"d": 8, b"f": 4}

_read_strictly = pika.data.decode_value


def tolerate_foreign_headers() -> None:
    """From now on such a header reads as None.  Again is harmless."""
    pika.data.decode_value = _read_tolerantly


def _read_tolerantly(encoded: bytes, offset: int) -> tuple[Any, int]:
    try:
        value: tuple[Any, int] = _read_strictly(encoded, offset)
    except (ValueError, OverflowError, OSError):
        size_bytes = _SIZES_BYTES.get(encoded[offset : offset + 1])
        if size_bytes is None:
            raise
        return None, offset + 1 + size_bytes
    return value
