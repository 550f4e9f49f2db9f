"""Amazon's usage plans: how often an operation may be called.  Pure arithmetic and the port.

A plan is a token bucket (rate, burst).  It is kept as one time per (account, operation), the
*theoretical arrival time* of the generic cell rate algorithm (GCRA): a call is allowed when
``tat - tolerance <= now`` and moves ``tat`` to ``max(tat, now) + 1 / rate``.  One time in one
document makes the bucket shareable by all workers.

Source of the model: SP-API usage plans (reference: rate and burst per seller and application).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Plan:
    """A usage plan: ``rate`` calls per second in the long run, ``burst`` at once."""

    rate: float
    burst: int

    @property
    def interval_s(self) -> float:
        """Seconds one call costs."""
        return 1.0 / self.rate

    @property
    def tolerance_s(self) -> float:
        """How far ahead of time the bucket may run."""
        return (self.burst - 1) * self.interval_s


class Quotas(Protocol):
    """One bucket per (account, operation), shared by all workers, and its state of health."""

    def take(self, account: str, operation: str, plan: Plan) -> None:
        """Spend one call.

        Raises:
            Throttled: the bucket is empty; ``retry_after_s`` is when a call will be free.
            Suspended: the account or the operation is suspended and it is not yet time to probe.
                When it is time, exactly one caller per 15 minutes is let through as the probe.
        """
        ...

    def push_back(self, account: str, operation: str, seconds: float) -> None:
        """Amazon answered 429 although we thought a call was free: nothing for ``seconds``."""
        ...

    def learn_rate(self, account: str, operation: str, rate: float) -> None:
        """Amazon told its rate in ``x-amzn-RateLimit-Limit``; used from now on."""
        ...

    def succeeded(self, account: str, operation: str) -> None:
        """A call worked: a suspended operation (and its account) works again."""
        ...

    def failed(self, account: str, operation: str, reason: str) -> float | None:
        """The operation answered 5xx or not at all; after a few in a row it is suspended.

        Returns the seconds until its next probe when it is suspended, else None.
        """
        ...

    def suspend_account(self, account: str, reason: str) -> None:
        """The account's credentials were refused; every operation waits for a probe."""
        ...
