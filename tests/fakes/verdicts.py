"""The table that ``make faults`` prints: fault, messages in, lost, doubled in effect, recovery."""

from __future__ import annotations

from tests.fakes.tally import Verdict

HEAD = ("fault", "messages in", "lost", "duplicated in effect", "recovered after")


class Verdicts:
    """What every fault of this run cost."""

    def __init__(self) -> None:
        self.all: list[Verdict] = []

    def note(self, verdict: Verdict) -> Verdict:
        """Keep a verdict for the table."""
        self.all.append(verdict)
        return verdict

    def table(self) -> list[str]:
        """Return the lines of the table."""
        rows = [HEAD] + [
            (v.fault, str(v.messages_in), str(v.lost), str(v.duplicated), f"{v.recovery_s:.1f} s")
            for v in self.all
        ]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
        return [
            "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)) for row in rows
        ]
