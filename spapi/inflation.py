"""Gunzip as a stream: bounded memory, and a file that is cut off is told apart from a whole one."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

GZIP_MAGIC = b"\x1f\x8b"
PIECE_BYTES = 1 << 18
"""Most that is inflated at once, however well the file is packed."""
LAYERS = 2
"""A document may be packed by Amazon and once more for the transport."""


class Inflated:
    """The bytes of a file that may be packed: iterate it once.

    ``truncated`` is known at the end: the packed file is cut off or damaged.  What could be
    unpacked until there was yielded.
    """

    def __init__(self, chunks: Iterable[bytes], *, said_to_be_packed: bool = False) -> None:
        self._chunks = chunks
        self._said_to_be_packed = said_to_be_packed
        self.truncated = False

    def __iter__(self) -> Iterator[bytes]:
        """Yield plain bytes, whether the file is packed or not."""
        head, chunks = _peek(iter(self._chunks))
        # Said to be packed but plain: somebody unpacked it on the way.  Fewer bytes than the
        # magic number has: it was cut off there.
        self.truncated = self._said_to_be_packed and head in (b"", GZIP_MAGIC[:1])
        for _ in range(LAYERS):
            if not head.startswith(GZIP_MAGIC):
                break
            head, chunks = _peek(self._inflate(chunks))
        yield from chunks

    def _inflate(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        member = _new_member()
        for chunk in chunks:
            packed = chunk
            while packed:
                if member.eof:
                    if not packed.strip(b"\0"):
                        break  # Padding after the last member is allowed.
                    member = _new_member()
                try:
                    yield member.decompress(packed, PIECE_BYTES)
                except zlib.error:
                    self.truncated = True
                    return
                packed = member.unconsumed_tail or member.unused_data
        yield from self._rest(member)

    def _rest(self, member: zlib._Decompress) -> Iterator[bytes]:
        """Yield what the last member still holds back."""
        while not member.eof:
            piece = member.decompress(member.unconsumed_tail, PIECE_BYTES)
            if not piece:
                self.truncated = True
                return
            yield piece


def _new_member() -> zlib._Decompress:
    return zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)


def _peek(chunks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the first two bytes (fewer if there are no more) and all chunks, those included."""
    held: list[bytes] = []
    for chunk in chunks:
        held.append(chunk)
        if sum(map(len, held)) >= len(GZIP_MAGIC):
            break
    head = b"".join(held)

    def again() -> Iterator[bytes]:
        if head:
            yield head
        yield from chunks

    return head[:2], again()
