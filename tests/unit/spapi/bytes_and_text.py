"""Text as reports hold it, and bytes as they come over a wire."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

JAPANESE = "ブレーキパッド 前後セット\t東京都"
GERMAN = "Bremsbeläge für Škoda \u2013 2 Stück\tMünchen"
FRENCH = "été, Crème brûlée, l\u2019éléphant\tOrléans"


def cut(data: bytes, places: list[int]) -> Iterator[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return (data[start:end] for start, end in pairwise(edges))
