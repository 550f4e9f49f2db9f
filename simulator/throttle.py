"""Usage plans: one token bucket per (application, seller, operation).

Source: usage plans and rate limits; the default plans are those of Amazon's models (plans.json).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Plan:
    """``rate`` calls per second in the long run, ``burst`` at once."""

    rate: float
    burst: int


def default_plans() -> dict[str, Plan]:
    """Return Amazon's default plan per operation."""
    raw = json.loads(Path(__file__).with_name("plans.json").read_text("utf-8"))
    return {operation: Plan(**plan) for operation, plan in raw.items()}


class Buckets:
    """How many calls everybody has left."""

    def __init__(self) -> None:
        self.plans = default_plans()
        self._levels: dict[tuple[str, str, str], tuple[float, datetime]] = {}

    def take(self, application: str, seller_id: str, operation: str, now: datetime) -> bool:
        """Spend one call if there is one; the bucket refills with simulated time."""
        plan = self.plans[operation]
        key = (application, seller_id, operation)
        level, since = self._levels.get(key, (float(plan.burst), now))
        level = min(plan.burst, level + max(0.0, (now - since).total_seconds()) * plan.rate)
        allowed = level >= 1.0 - 1e-9
        self._levels[key] = (level - 1.0 if allowed else level, now)
        return allowed

    def rate_header(self, operation: str) -> str:
        """Return the value of ``x-amzn-RateLimit-Limit``."""
        return f"{self.plans[operation].rate:g}"

    def refill(self) -> None:
        """Fill every bucket up."""
        self._levels.clear()
