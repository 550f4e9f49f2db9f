"""What goes wrong, and when: faults on demand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

BEFORE = ("throttle", "error_500", "error_503_html", "drop_before_effect")
"""The request does not reach the operation."""
AFTER = ("hang", "drop_after_effect")
"""The operation has its effect; its answer comes late or never."""
REPORT = (
    "report_stuck",
    "report_cancelled",
    "report_fatal",
    "wrong_charset",
    "truncated_gzip",
    "changed_columns",
    "not_a_report",
    "broken_rows",
)
"""The report created next is like this."""
ACCOUNT = ("missing_role", "revoke_token")
"""The account is like this until the fault is taken away."""
FEED = (
    "feed_stuck",
    "feed_fatal",
    "feed_cancelled",
    "feed_ignored",
    "row_verdict",
    "result_missing",
    "result_empty",
    "result_truncated",
    "result_foreign",
)
"""The feed created next is like this; ``feeds`` tells the options of each."""
KINDS = BEFORE + AFTER + REPORT + ACCOUNT + FEED

_DEFAULT_OPERATION = {
    **dict.fromkeys(REPORT, "createReport"),
    **dict.fromkeys(FEED, "createFeed"),
}


@dataclass(slots=True, eq=False)
class Fault:
    """One fault.  ``times`` None = any number; ``operation`` and ``account`` ``*`` = any.

    ``skip`` calls it would have met are let through first.
    """

    kind: str
    operation: str = "*"
    account: str = "*"
    times: int | None = 1
    until: datetime | None = None
    skip: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    hits: int = 0

    def meets(self, operation: str, account: str, now: datetime) -> bool:
        """Tell whether it concerns such a call now."""
        return (
            self.operation in ("*", operation)
            and self.account in ("*", account)
            and (self.times is None or self.times > 0)
            and (self.until is None or now < self.until)
        )

    def hit(self) -> bool:
        """Count a call it meets; False while it still lets calls through."""
        if self.skip > 0:
            self.skip -= 1
            return False
        self.hits += 1
        if self.times is not None:
            self.times -= 1
        return True


class Faults:
    """The faults ordered so far."""

    def __init__(self) -> None:
        self.list: list[Fault] = []

    def add(self, spec: dict[str, Any], now: datetime) -> Fault:
        """Order a fault: ``{kind, operation?, account?, times | until_s?, skip?, …options}``.

        Without ``times`` and ``until_s`` it strikes once; a fault of the account stays.

        Raises:
            ValueError: there is no such kind.
        """
        options = dict(spec)
        kind = options.pop("kind", None)
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}")
        until_s = options.pop("until_s", None)
        lasting = until_s is not None or kind in ACCOUNT
        fault = Fault(
            kind=kind,
            operation=options.pop("operation", _DEFAULT_OPERATION.get(kind, "*")),
            account=options.pop("account", "*"),
            times=options.pop("times", None if lasting else 1),
            until=None if until_s is None else now + timedelta(seconds=until_s),
            skip=options.pop("skip", 0),
            options=options,
        )
        self.list.append(fault)
        return fault

    def take(
        self, kinds: tuple[str, ...], operation: str, account: str, now: datetime
    ) -> Fault | None:
        """Return the first fault of these kinds that strikes this call."""
        for fault in self.list:
            if fault.kind in kinds and fault.meets(operation, account, now) and fault.hit():
                return fault
        return None

    def take_each(
        self, kinds: tuple[str, ...], operation: str, account: str, now: datetime
    ) -> dict[str, Fault]:
        """Return one fault of every kind that strikes this call."""
        found = {kind: self.take((kind,), operation, account, now) for kind in kinds}
        return {kind: fault for kind, fault in found.items() if fault}

    def holds(self, kind: str, account: str, now: datetime) -> bool:
        """Tell whether the account is like this now."""
        return any(f.kind == kind and f.meets(f.operation, account, now) for f in self.list)

    def clear(self) -> list[Fault]:
        """Take every fault away and return them."""
        gone, self.list = self.list, []
        return gone
