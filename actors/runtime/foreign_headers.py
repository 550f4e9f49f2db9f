"""Makes pika read headers it would otherwise die of.

pika 1.4 turns a header's timestamp into a ``datetime`` and its floats into integers while it reads
the frame, and follows tables within tables as deep as they go.  A timestamp in milliseconds (a
common slip of publishers in Node), a NaN or a nest of tables raises there, which breaks the
connection; the message comes again and breaks the next one.
"""

from __future__ import annotations

import struct
from typing import Any

import pika.data

_SIZES_BYTES = {b"T": 8, b"d": 8, b"f": 4}
_NESTING = (b"F", b"A")
"""A table and an array: their size in bytes is told in the four bytes after the kind."""

_read_strictly = pika.data.decode_value


def tolerate_foreign_headers() -> None:
    """From now on such a header reads as None.  Again is harmless."""
    pika.data.decode_value = _read_tolerantly


def _read_tolerantly(encoded: bytes, offset: int) -> tuple[Any, int]:
    try:
        value: tuple[Any, int] = _read_strictly(encoded, offset)
    except (ValueError, OverflowError, OSError, RecursionError):
        kind = encoded[offset : offset + 1]
        if kind in _NESTING:
            (size_bytes,) = struct.unpack_from(">I", encoded, offset + 1)
            return None, offset + 5 + size_bytes
        if kind not in _SIZES_BYTES:
            raise
        return None, offset + 1 + _SIZES_BYTES[kind]
    return value
