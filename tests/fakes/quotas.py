"""Quotas that allow everything, keep a diary, and can be told to refuse."""

from __future__ import annotations

from dataclasses import dataclass, field

from domain.errors import Waiting
from domain.quota import Plan


@dataclass
class FakeQuotas:
    """``diary`` holds every call as (method, account, operation or reason, …)."""

    diary: list[tuple[object, ...]] = field(default_factory=list)
    refusals: dict[str, Waiting] = field(default_factory=dict)
    """What ``take`` raises, by operation."""
    pauses_s: dict[str, float] = field(default_factory=dict)
    """Operations that are suspended when they fail, and until when."""

    def take(self, account: str, operation: str, plan: Plan) -> None:
        self.diary.append(("take", account, operation))
        if operation in self.refusals:
            raise self.refusals[operation]

    def push_back(self, account: str, operation: str, seconds: float) -> None:
        self.diary.append(("push_back", account, operation, seconds))

    def learn_rate(self, account: str, operation: str, rate: float) -> None:
        self.diary.append(("learn_rate", account, operation, rate))

    def succeeded(self, account: str, operation: str) -> None:
        self.diary.append(("succeeded", account, operation))

    def failed(self, account: str, operation: str, reason: str) -> float | None:
        self.diary.append(("failed", account, operation, reason))
        return self.pauses_s.get(operation)

    def suspend_account(self, account: str, reason: str) -> None:
        self.diary.append(("suspend_account", account, reason))

    def of(self, method: str) -> list[tuple[object, ...]]:
        """Return the entries of one method, without its name."""
        return [entry[1:] for entry in self.diary if entry[0] == method]
