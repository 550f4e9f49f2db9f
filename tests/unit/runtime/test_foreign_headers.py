from __future__ import annotations

import struct

import pika.data
import pika.exceptions
import pytest

from actors.runtime.foreign_headers import _read_strictly, tolerate_foreign_headers

MS_TIMESTAMP = b"T" + struct.pack(">Q", 1_700_000_000_000)


@pytest.fixture(autouse=True)
def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pika.data, "decode_value", _read_strictly)


def table(*fields: bytes) -> bytes:
    content = b"".join(b"\x01a" + field for field in fields)
    return struct.pack(">I", len(content)) + content


@pytest.mark.parametrize(
    "header",
    [
        MS_TIMESTAMP,
        b"T" + b"\xff" * 8,
        b"d" + struct.pack(">d", float("nan")),
        b"f" + struct.pack(">f", float("inf")),
    ],
)
def test_a_header_that_breaks_pika_reads_as_none_and_the_rest_is_read(header: bytes) -> None:
    with pytest.raises((ValueError, OverflowError)):
        _read_strictly(header, 0)
    tolerate_foreign_headers()

    read, end = pika.data.decode_table(table(header, b"t\x01"), 0)

    assert read == {"a": True}
    assert end == len(table(header, b"t\x01"))
    assert pika.data.decode_value(b"F" + table(header), 0)[0] == {"a": None}


@pytest.mark.parametrize("kind", [b"F", b"A"])
def test_a_nest_of_tables_is_read_as_deep_as_it_can_be_and_the_rest_is_read(kind: bytes) -> None:
    nest = b"t\x01"
    for _ in range(3_000):
        inner = b"\x01a" + nest if kind == b"F" else nest
        nest = kind + struct.pack(">I", len(inner)) + inner
    with pytest.raises(RecursionError):
        _read_strictly(nest, 0)
    tolerate_foreign_headers()

    read, end = pika.data.decode_table(table(nest, b"t\x01"), 0)

    assert read == {"a": True}
    assert end == len(table(nest, b"t\x01"))


def test_what_is_no_field_is_still_refused() -> None:
    tolerate_foreign_headers()

    with pytest.raises(pika.exceptions.InvalidFieldTypeException):
        pika.data.decode_value(b"?1234", 0)
