"""The quarantine in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class MemoryQuarantine:
    kept: list[dict[str, Any]] = field(default_factory=list)

    def keep(self, message: dict[str, Any], **known: Any) -> None:
        self.kept.append({"message": message, **known})
